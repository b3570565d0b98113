"""Foreign text steers neither a terminal nor a browser, and can always be stored."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from contracts.display import printable, printable_line, storable
from contracts.problems import Problem, ProblemsError

ANY_TEXT = st.text(st.characters())  # surrogates included
STEERING = ("Cc", "Cs")


def steers(text: str) -> list[str]:
    marks = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    return [mark for mark in text if (unicodedata.category(mark) in STEERING and mark not in "\n\t") or mark in marks]


@given(ANY_TEXT)
def test_no_control_character_is_left(text: str) -> None:
    assert steers(printable(text)) == []
    assert "\n" not in printable_line(text)
    assert steers(str(ProblemsError(text, [Problem(text, text, text)]))) == []


@given(ANY_TEXT)
def test_stored_text_can_be_encoded_and_keeps_everything_else(text: str) -> None:
    storable(text).encode()
    if not any(unicodedata.category(mark) == "Cs" for mark in text):
        assert storable(text) == text


def test_what_is_escaped_can_be_recognised() -> None:
    assert printable("\x1b[31mred\x00\x07 text") == r"\x1b[31mred\x00\x07 text"
    assert printable("a\nb\tc é €") == "a\nb\tc é €"
    assert printable_line("a\nb") == r"a\nb"
    assert (printable("\ud800"), storable("a\ud800")) == (r"\ud800", r"a\ud800")
