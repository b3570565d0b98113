"""Frequencies: their text, the numbers of their steps, and which one prices seem to have."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fe_image.data.frequency
from contracts.frequency import Frequency, frequency_of, infer_frequency

UNITS = ["M", "W", "D", "H", "min"]
DAY = 86_400.0


@given(st.integers(1, 99), st.sampled_from(UNITS))
def test_the_text_of_a_frequency_is_read_as_the_same_frequency(multiple: int, unit: str) -> None:
    assert Frequency.parse(f"{multiple}{unit}") == Frequency(multiple, unit)
    assert str(Frequency(multiple, unit)) == f"{multiple}{unit}"


def test_a_frequency_without_a_number_is_one_unit() -> None:
    assert Frequency.parse("H") == Frequency(1, "H")


@pytest.mark.parametrize("text", ["", "0D", "D1", "1B", "1D ", " 1D", "1.5D", "-1D", "1d", "1D\n"])
def test_another_text_is_refused_and_quoted(text: str) -> None:
    with pytest.raises(ValueError, match="is not a frequency; allowed: M, W, D, H or min") as caught:
        Frequency.parse(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize(("unit", "seconds"), [("min", 60), ("H", 3600), ("D", DAY), ("W", 7 * DAY)])
def test_a_step_lasts_a_multiple_of_its_unit(unit: str, seconds: float) -> None:
    assert (Frequency(1, unit).seconds, Frequency(3, unit).seconds) == (seconds, 3 * seconds)


def test_a_month_has_its_mean_length() -> None:
    assert Frequency(12, "M").seconds == pytest.approx(365.25 * DAY, rel=0.001)


@given(st.sampled_from(UNITS), st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31)))
def test_a_moment_is_in_the_unit_that_begins_before_it(unit: str, moment: datetime) -> None:
    frequency = Frequency(1, unit)
    number = frequency.unit_number(moment)
    assert frequency.unit_start(number) <= moment < frequency.unit_start(number + 1)
    assert frequency.unit_number(frequency.unit_start(number)) == number


def test_weeks_begin_on_mondays_and_months_on_their_first_day() -> None:
    moment = datetime(2024, 7, 25, 13, 30)  # a Thursday
    starts = {unit: Frequency(1, unit).unit_start(Frequency(1, unit).unit_number(moment)) for unit in UNITS}
    assert starts == {
        "M": datetime(2024, 7, 1),
        "W": datetime(2024, 7, 22),
        "D": datetime(2024, 7, 25),
        "H": datetime(2024, 7, 25, 13),
        "min": moment,
    }


def test_steps_are_numbered_from_the_first_moments_unit() -> None:
    days = [datetime(2024, 1, 3, 18), *(datetime(2024, 1, day) for day in (4, 5, 6, 9))]
    assert Frequency(1, "D").step_numbers(days) == [0, 1, 2, 3, 6]
    assert Frequency(2, "D").step_numbers(days) == [0, 0, 1, 1, 3]
    assert Frequency(1, "M").step_numbers([datetime(2023, 12, 31), datetime(2024, 1, 1)]) == [0, 1]
    assert Frequency(1, "D").step_numbers([]) == []


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1min"), (29, "1min"), (90, "2min"), (1800, "30min"), (3600, "1H"), (7200, "2H"), (5400, "90min"),
        (DAY - 1, "1440min"), (DAY, "1D"), (5 * DAY, "5D"), (6 * DAY, "6D"), (7 * DAY, "1W"), (14 * DAY, "2W"), (8 * DAY, "8D"),
        (27 * DAY - 1, "27D"), (27 * DAY, "1M"), (31 * DAY, "1M"), (91 * DAY, "3M"), (365 * DAY, "12M"),
    ],
)  # fmt: skip
def test_the_frequency_of_a_step_is_the_nearest(seconds: float, text: str) -> None:
    assert str(frequency_of(seconds)) == text


def test_weekends_and_single_gaps_do_not_change_the_frequency() -> None:
    start = datetime(2024, 1, 1)
    weekdays = [start + timedelta(days=day) for day in (0, 1, 2, 3, 4, 7, 8, 9, 10, 21)]
    assert str(infer_frequency(weekdays)) == "1D"


def test_two_moments_have_a_frequency_and_fewer_have_none() -> None:
    assert str(infer_frequency([datetime(2024, 1, 1), datetime(2024, 1, 8)])) == "1W"
    assert infer_frequency([datetime(2024, 1, 1)]) is None
    assert infer_frequency([]) is None


@pytest.mark.parametrize(
    ("text", "start", "steps", "expected"),
    [
        ("1D", "2024-02-27", 3, "2024-03-01"), ("1H", "2024-02-29 22:00", 3, "2024-03-01 01:00"),
        ("30min", "2024-02-29 22:30", 4, "2024-03-01 00:30"), ("1W", "2024-02-25", 2, "2024-03-10"),
        ("2W", "2024-02-25", 1, "2024-03-10"), ("1M", "2024-01-31", 1, "2024-02-29"), ("3M", "2023-11-30", 1, "2024-02-29"),
    ],
)  # fmt: skip
def test_a_later_step_has_the_time_that_it_has_in_the_models_data(text: str, start: str, steps: int, expected: str) -> None:
    assert Frequency.parse(text).later(datetime.fromisoformat(start), steps) == datetime.fromisoformat(expected)


@given(st.integers(1, 40), st.sampled_from(UNITS), st.integers(0, 1000), st.integers(0, 400))
def test_later_steps_are_those_of_the_grid(multiple: int, unit: str, cell: int, steps: int) -> None:
    grid = fe_image.data.frequency.Frequency(multiple, unit)
    start, expected = grid.times(np.array([cell, cell + steps])).tolist()
    assert Frequency(multiple, unit).later(start, steps) == expected
