"""Lags and the history that a forecast needs, by frequency."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.frequency import Frequency
from contracts.lags import lags_of, needed_history


@given(st.integers(1, 400), st.sampled_from(["M", "W", "D", "H", "min"]), st.integers(1, 2000))
def test_the_history_holds_context_and_every_lag(multiple: int, unit: str, context: int) -> None:
    frequency = Frequency(multiple, unit)
    lags = lags_of(frequency)
    assert lags == tuple(sorted(set(lags)))
    assert lags[0] == 1
    assert needed_history(frequency, context) == context + lags[-1]


@pytest.mark.parametrize(("text", "steps"), [("D", 404), ("H", 712), ("W", 92), ("M", 76), ("3M", 52), ("30min", 376)])
def test_a_context_of_forty_needs(text: str, steps: int) -> None:
    assert needed_history(Frequency.parse(text), 40) == steps
