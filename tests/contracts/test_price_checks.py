"""What a price history must satisfy: one row per step at every frequency, and notes on data that are rarely meant."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.frequency import Frequency, infer_frequency
from contracts.price_checks import CheckedPrices, Widest, check_prices
from contracts.prices import PriceRow, PriceRows

FREQUENCIES = ["1min", "30min", "1H", "12H", "1D", "5D", "1W", "2W", "1M", "3M"]
MONDAY = datetime(2024, 1, 1)


def steps(frequency: Frequency, count: int) -> list[datetime]:
    """The first moments of consecutive steps."""
    first = frequency.unit_number(MONDAY)
    return [frequency.unit_start(first + number * frequency.multiple) for number in range(count)]


def rows(times: list[datetime], prices: list[float] | None = None) -> PriceRows:
    prices = prices or [10.0] * len(times)
    return PriceRows([PriceRow(time, price, number) for number, (time, price) in enumerate(zip(times, prices, strict=True), 2)])


def check(times: list[datetime], frequency: str, prices: list[float] | None = None, **tolerance: object) -> CheckedPrices | str:
    problems, checked = check_prices("A.csv", rows(times, prices), Frequency.parse(frequency), Widest(**tolerance))  # type: ignore[arg-type]
    assert (checked is None) == bool(problems)
    return checked or str(problems[0])


@given(st.sampled_from(FREQUENCIES), st.integers(5, 40), st.data())
def test_a_live_last_row_counts_as_a_duplicate_at_every_frequency(text: str, count: int, data: st.DataObject) -> None:
    """The last step has a second row at any later moment of the same step."""
    frequency = Frequency.parse(text)
    times = steps(frequency, count)
    length = steps(frequency, count + 1)[-1] - times[-1]
    live = times[-1] + timedelta(seconds=data.draw(st.integers(0, int(length.total_seconds()) - 1)))
    prices = [10.0] * count + [11.0]
    assert str(infer_frequency(times)) == text or frequency.unit == "D", "the file looks like its frequency"
    for policy, price in (("last", 11.0), ("first", 10.0)):
        checked = check([*times, live], text, prices, duplicates=policy)
        assert isinstance(checked, CheckedPrices)
        assert [row.price for row in checked.rows] == [10.0] * (count - 1) + [price]
        assert checked.repeated == 1
        assert f"A.csv: rows {count + 1} and {count + 2} (" in checked.notes[0]
    refused = check([*times, live], text, prices, duplicates="error")
    assert f"A.csv rows {count + 1} and {count + 2} is " in str(refused)
    assert f"both are in one step of {text}; delete one, or set data.duplicates to 'first' or 'last'" in str(refused)


@pytest.mark.parametrize(
    ("text", "finer"), [("1D", "1H"), ("1H", "1min"), ("1W", "1D"), ("1M", "1D"), ("1M", "1W"), ("5D", "1D")]
)
def test_data_that_are_finer_are_not_thinned_out(text: str, finer: str) -> None:
    answer = check(steps(Frequency.parse(finer), 200), text, duplicates="last")
    assert f"the data look like {finer}: set frequency to {finer}" in str(answer)


def test_several_rows_of_one_step_are_one_row() -> None:
    times = [*steps(Frequency.parse("1D"), 30), datetime(2024, 1, 30, 9), datetime(2024, 1, 30, 16)]
    checked = check(times, "1D", [10.0] * 30 + [11.0, 12.0])
    assert isinstance(checked, CheckedPrices)
    assert (checked.rows[-1].price, len(checked.rows), checked.repeated) == (12.0, 30, 2)
    assert "and 1 more pair are in one step of 1D; the last one counts" in checked.notes[0]


DAYS = steps(Frequency.parse("1D"), 300)


def notes(prices: list[float], times: list[datetime] = DAYS) -> list[str]:
    checked = check(times[: len(prices)], "1D", prices)
    assert isinstance(checked, CheckedPrices)
    return checked.notes


@pytest.mark.parametrize("factor", [0.5, 2.0, 0.1, 10.0])
def test_a_price_that_halves_or_doubles_may_be_a_split(factor: float) -> None:
    (note,) = notes([100.0] * 150 + [100.0 * factor] * 150)
    assert note.startswith(
        f"A.csv rows 151 and 152: the price goes from 100 to {100 * factor:g} in one step; if that is a split"
    )


def test_a_series_that_doubles_all_the_time_is_not_called_split() -> None:
    assert notes([100.0, 210.0] * 150) == []


def test_prices_at_or_below_zero_are_noted_and_have_no_ratio() -> None:
    checked = check(DAYS[:5], "1D", [3.0, -1.0, 0.0, 5000.0, 1.0])
    assert isinstance(checked, CheckedPrices)
    assert checked.largest_step == 1.0
    assert "2 prices are zero or negative; only templates with targetTransform level" in checked.notes[0]


def test_sessions_dated_the_evening_before_are_noted() -> None:
    early = [day for day in DAYS if day.weekday() in (6, 0, 1, 2, 3)]
    (note,) = notes([10.0] * 60, early)
    assert "dates include Sundays but no Fridays, so sessions seem to be dated the evening before" in note
    assert notes([10.0] * 60, [day for day in DAYS if day.weekday() < 5]) == []
    assert notes([10.0] * 60, DAYS) == []


def test_a_step_beyond_the_tolerance_names_both_rows_and_the_factor() -> None:
    answer = check(DAYS[:4], "1D", [10.0, 10.0, 250.0, 250.0], max_step=10)
    assert str(answer).startswith("A.csv rows 3 and 4 is '10, then 250'; a factor of 25; allowed: at most 10.")


@given(st.sampled_from(FREQUENCIES), st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31)))
def test_a_unit_begins_at_its_start(text: str, moment: datetime) -> None:
    frequency = Frequency.parse(text)
    number = frequency.unit_number(moment)
    assert frequency.unit_start(number) <= moment < frequency.unit_start(number + 1)
    assert frequency.unit_number(frequency.unit_start(number)) == number
