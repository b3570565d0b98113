"""Baselines: they are right on data that they suit, look at nothing later, and the best one depends on no test window."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fe_image.data.arrays import Panel
from fe_image.data.frequency import Frequency
from fe_image.evaluation.baselines.ets import relative_variance
from fe_image.evaluation.baselines.forecasts import baseline_forecasts
from fe_image.evaluation.baselines.seasonal import seasons
from fe_image.evaluation.evaluate import Evaluation, evaluate
from tests.examples import examples
from tests.fe_image.evaluation.backtest import LEVELS, actual_of, returns_like_training, small
from tests.fe_image.support import walk

HOURS = np.arange("2020-01-06T00", "2020-02-20T00", dtype="datetime64[h]").astype("datetime64[s]")


def hourly(seed: int = 1) -> Panel:
    """Two assets with a strong day and little noise."""
    random = np.random.default_rng(seed)
    day = 20 + 5 * np.sin(2 * np.pi * np.arange(HOURS.size) / 24)
    return Panel(("A0", "A1"), HOURS, day + random.normal(0, 0.3, (2, HOURS.size)))


def evaluated(panel: Panel, **changes: object) -> Evaluation:
    made = small(panel, 900, frequency="1H", predictionLength=24, targetTransform="level", **changes)
    actual = actual_of(panel, made)
    return evaluate(actual, returns_like_training(actual, 50), LEVELS)


def test_on_seasonal_data_a_seasonal_baseline_is_best_and_covers():
    found = evaluated(hourly(), testWindows=4)
    assert found.skill.baseline in ("seasonal naive (hour of day)", "ETS")
    assert found.skill.skill < -1, "paths without a season are much worse"
    naive = next(made for made in found.baselines if made.name == "seasonal naive (hour of day)")
    assert abs(found.scored_price(naive).coverage()["0.8"]["share"] - 0.8) < 0.1
    losses = found.calibration_losses
    assert losses["seasonal naive (hour of day)"] < losses["last value"] / 2


def test_the_choice_and_the_calibration_depend_on_no_test_window():
    panel = hourly()
    other = panel.close.copy()
    other[:, 924:] = 20 + np.random.default_rng(5).normal(0, 3, other[:, 924:].shape)  # after the calibration window
    one, two = evaluated(panel), evaluated(Panel(panel.assets, panel.times, other))
    assert one.calibration_losses == two.calibration_losses
    assert one.skill.baseline == two.skill.baseline
    assert one.skill.skill != two.skill.skill


@given(seed=st.integers(0, 1000), transform=st.sampled_from(["level", "log", "log_return"]), window=st.integers(1, 2))
@examples(4)
def test_baselines_do_not_look_ahead(seed: int, transform: str, window: int):
    """Prices from a window on are others: forecasts of this window and of earlier ones stay the same."""
    panel = walk(seed, assets=2, rows=340)
    made = small(panel, 300, targetTransform=transform)
    actual = actual_of(panel, made)
    row = int(np.searchsorted(actual.grid.row_cell, actual.grid.window_start(window)))
    close = panel.close.copy()
    close[:, row:] *= 1.7
    changed = actual_of(Panel(panel.assets, panel.times, close), made)
    for one, two in zip(baseline_forecasts(actual, LEVELS), baseline_forecasts(changed, LEVELS), strict=True):
        np.testing.assert_array_equal(one.price[:, : window + 1], two.price[:, : window + 1], one.name)
        np.testing.assert_array_equal(one.target[:, : window + 1], two.target[:, : window + 1], one.name)


def test_a_weekend_adds_no_step():
    panel = walk(1, rows=340)
    actual = actual_of(panel, small(panel, 300, targetTransform="log"))
    last = baseline_forecasts(actual, LEVELS)[0]
    weekdays = (actual.grid.times.astype("datetime64[D]").astype(int) + 3) % 7
    for window, start in enumerate(actual.starts()):
        for step in np.flatnonzero(weekdays[start : start + 7] >= 5):
            if step > 0:
                np.testing.assert_array_equal(last.price[0, window, :, step], last.price[0, window, :, step - 1])


@pytest.mark.parametrize(
    ("frequency", "expected"),
    [
        ("1H", {"hour of day": 24, "hour of week": 168}),
        ("1D", {"weekday": 7}),
        ("2D", {}),
        ("1W", {"week of year": 52}),
        ("3M", {"month": 4}),
    ],
)
def test_seasons(frequency: str, expected: dict[str, int]):
    assert seasons(Frequency.parse(frequency)) == expected


def test_variance_is_that_of_statsmodels():
    """``get_prediction`` needs pandas, and gives the same variances."""
    import pandas as pd
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    values = pd.Series(20 + np.random.default_rng(1).normal(0, 1, 120).cumsum() + np.tile(np.arange(6.0), 20))
    parts = {"error": "add", "trend": "add", "damped_trend": True, "seasonal": "add", "seasonal_periods": 6}
    result = ETSModel(values, **parts, initialization_method="heuristic").fit(disp=False)
    expected = result.get_prediction(start=120, end=139).forecast_variance
    level, trend, season = result.smoothing_level, result.smoothing_trend, result.smoothing_seasonal
    found = result.mse * relative_variance(level, trend, result.damping_trend, season, 6, 20)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
