"""The target transform and its undoing, and the expected trading calendar."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fe_image.data.arrays import Panel
from fe_image.data.frequency import Frequency
from fe_image.engineer import engineer
from fe_image.model.target import expected_trading, trading_profile, transformed, undo_paths
from tests.fe_image.support import histories, template, walk

prices = st.lists(st.floats(0.01, 1e5), min_size=2, max_size=60)


@given(prices, st.sampled_from(["level", "log", "log1p", "log_return"]), st.integers(1, 59))
def test_undoing_gives_the_prices_back(values: list[float], transform, cut: int):
    price = np.array(values)
    cut = min(cut, len(price) - 1)
    target = transformed(price, transform)
    undone = undo_paths(transform, target[None, cut:], float(price[cut - 1]), np.ones(len(price) - cut, dtype=bool))
    np.testing.assert_allclose(undone[0], price[cut:], rtol=1e-9)


@given(prices, st.lists(st.booleans(), min_size=60, max_size=60))
def test_returns_of_days_without_trading_do_not_count(values: list[float], mask: list[bool]):
    """On the grid: the price of the next trading day does not depend on a forecast for a Sunday."""
    trading = np.array(mask)
    price = np.array(values)
    steps = int(trading.sum())
    if steps == 0:
        return
    returns = transformed(np.resize(price, steps + 1), "log_return")[1:]
    paths = np.full(60, 99.0)
    paths[trading] = returns
    undone = undo_paths("log_return", paths[None], float(price[0]), trading)[0]
    np.testing.assert_allclose(undone[trading], np.resize(price, steps + 1)[1:], rtol=1e-9)


@given(st.lists(st.floats(-20, 20), min_size=1, max_size=20))
def test_log1p_takes_zero_and_never_gives_less(path: list[float]):
    assert transformed(np.array([0.0, 3.0]), "log1p").tolist() == [0.0, np.log(4.0)]
    assert (undo_paths("log1p", np.array([path]), 0.0, np.ones(len(path), dtype=bool)) >= 0).all()


def test_a_weekend_return_spans_it():
    target = transformed(np.array([100.0, 110.0, 121.0]), "log_return")
    assert np.isnan(target[0])
    np.testing.assert_allclose(target[1:], np.log(1.1))


def test_weekdays_are_learned_from_the_training_range():
    times = np.arange("2020-01-06", "2020-12-28", dtype="datetime64[D]").astype("datetime64[s]")
    observed = np.is_busday(times.astype("datetime64[D]"))
    observed[np.isin(times, np.array(["2020-07-03", "2020-12-25"], dtype="datetime64[s]"))] = False
    daily = Frequency.parse("1D")
    profile = trading_profile(times, observed, daily)
    assert profile[5:] == [0.0, 0.0]
    assert all(0.9 < share <= 1 for share in profile[:5])
    week = np.arange("2021-01-04", "2021-01-11", dtype="datetime64[D]").astype("datetime64[s]")
    assert expected_trading(week, profile, daily).tolist() == [True] * 5 + [False] * 2


def test_days_that_trade_after_the_training_end_do_not_count():
    """A market that opens on Saturdays and Sundays once the training is over."""
    panel = walk(1, rows=400)
    later = np.arange(panel.times[299], panel.times[299] + np.timedelta64(101, "D"), np.timedelta64(1, "D"))[1:]
    opened = Panel(panel.assets, np.concatenate([panel.times[:300], later]), panel.close)
    profiles = [engineer(histories(some), template(some, 300)).trading_profile for some in (panel, opened)]
    assert profiles[0] == profiles[1] == [1.0] * 5 + [0.0] * 2


def test_hours_are_learned_by_hour_of_the_week():
    times = np.arange("2020-01-06T00", "2020-03-02T00", dtype="datetime64[h]").astype("datetime64[s]")
    hours = times.astype("datetime64[h]").astype(int) % 24
    observed = np.is_busday(times.astype("datetime64[D]")) & (hours >= 9) & (hours < 17)
    hourly = Frequency.parse("1H")
    profile = trading_profile(times, observed, hourly)
    assert len(profile) == 168
    np.testing.assert_array_equal(expected_trading(times, profile, hourly), observed)


@pytest.mark.parametrize("holiday", [None, "2020-02-17"])
@pytest.mark.parametrize("minutes", [5, 30, 60])
def test_minutes_are_learned_by_the_grids_own_step(minutes: int, holiday: str | None):
    """A market opens at half past nine: an hour's slot would be half open, and a holiday would decide about both halves."""
    frequency = Frequency.parse(f"{minutes}min")
    times = np.arange("2020-01-06T09:30", "2020-03-30T09:30", minutes, dtype="datetime64[m]").astype("datetime64[s]")
    of_day = times.astype("datetime64[m]").astype(int) % 1440
    open_hours = np.is_busday(times.astype("datetime64[D]")) & (of_day >= 9 * 60 + 30) & (of_day < 16 * 60)
    days = times.astype("datetime64[D]")
    observed = open_hours if holiday is None else open_hours & (days != np.datetime64(holiday))
    profile = trading_profile(times, observed, frequency)
    np.testing.assert_array_equal(expected_trading(times, profile, frequency), open_hours)


@pytest.mark.parametrize("text", ["11min", "50min", "5H"])
def test_a_step_that_does_not_divide_the_week_errs_at_the_edges_of_a_session_only(text: str):
    """Such cells start at different minutes each week, so they share slots."""
    frequency = Frequency.parse(text)
    times = frequency.times(frequency.cells(np.array(["2020-01-06", "2020-12-28"], dtype="datetime64[s]")))
    times = frequency.times(np.arange(*frequency.cells(times)))
    step = times[1] - times[0]
    day = times.astype("datetime64[D]").astype("datetime64[s]")
    nine, seventeen = day + np.timedelta64(9, "h"), day + np.timedelta64(17, "h")
    observed = np.is_busday(times.astype("datetime64[D]")) & (times + step > nine) & (times < seventeen)
    profile = trading_profile(times, observed, frequency)
    wrong = times[expected_trading(times, profile, frequency) != observed]
    edges = np.minimum(abs(wrong + step - wrong.astype("datetime64[D]") - np.timedelta64(9, "h")),
                       abs(wrong - wrong.astype("datetime64[D]") - np.timedelta64(17, "h")))  # fmt: skip
    assert (edges < min(step, np.timedelta64(1, "h"))).all()


@pytest.mark.parametrize("frequency", ["1W", "1M", "2D"])
def test_coarser_cells_all_count(frequency: str):
    made = Frequency.parse(frequency)
    times = made.times(np.arange(40))
    profile = trading_profile(times, np.ones(40, dtype=bool), made)
    assert profile == [1.0]
    assert expected_trading(times, profile, made).all()


def test_a_market_that_is_rarely_open_still_has_its_best_slot():
    """It trades every third week: no slot reaches half, and the most frequent one counts."""
    times = np.arange("2020-01-06", "2020-12-28", dtype="datetime64[D]").astype("datetime64[s]")
    observed = np.zeros(times.size, dtype=bool)
    observed[2::21] = True
    daily = Frequency.parse("1D")
    profile = trading_profile(times, observed, daily)
    assert expected_trading(times[:7], profile, daily).tolist() == [False, False, True, False, False, False, False]


def test_a_slot_that_was_seen_once_counts_as_it_was():
    times = np.arange("2020-01-06", "2020-01-13", dtype="datetime64[D]").astype("datetime64[s]")
    observed = np.array([True, True, True, True, True, False, False])
    assert trading_profile(times, observed, Frequency.parse("1D")) == [1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0]


def test_what_log1p_cannot_be_becomes_zero():
    assert undo_paths("log1p", np.array([[-2.0, np.log(3.0)]]), 0.0, np.ones(2, dtype=bool))[0].tolist() == [0.0, 2.0]
