from __future__ import annotations

import pytest

from runs.formatting import format_duration, shorten_repeated


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "< 1 s"),  # two clocks
        (0, "< 1 s"),
        (0.4, "< 1 s"),
        (33.2, "33 s"),
        (59.7, "1 min 0 s"),
        (90, "1 min 30 s"),
        (3599.8, "1 h 0 min"),
        (7325, "2 h 2 min"),
    ],
)
def test_a_duration_claims_no_more_than_seconds(seconds: float, words: str) -> None:
    assert format_duration(seconds) == words


def test_a_reason_that_was_said_in_full_is_shorten_repeated_to_its_first_line() -> None:
    assert shorten_repeated("two problems\n- this\n- that", "Step: two problems\n- this\n- that") == "two problems …"
    assert shorten_repeated("one line", "Step: one line") == "one line"
    assert shorten_repeated("two problems\n- this", "One or multiple steps failed") == "two problems\n- this"
    assert shorten_repeated("", "") == ""
