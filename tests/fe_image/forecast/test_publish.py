"""The published forecast: paths as prices, recalibration, baseline, horizon, and the scores of earlier rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.problems import ProblemsError
from fe_image.data.arrays import Panel
from fe_image.data.frequency import Frequency
from fe_image.engineer import engineer
from fe_image.evaluation.calibration import Calibration
from fe_image.evaluation.data import values_before_forecast
from fe_image.evaluation.scores import all_levels
from fe_image.forecast.fitted import FittedModel
from fe_image.forecast.publish import ComingForecast, coming_forecast
from fe_image.forecast.rows import known_values, mean_loss, prediction_item, score
from tests.examples import examples
from tests.fe_image.evaluation.backtest import small
from tests.fe_image.forecast.fitted import fitted_model
from tests.fe_image.support import histories, walk

SCORED = (0.1, 0.5, 0.9)
LEVELS = all_levels(SCORED)
PANEL = walk(1, rows=340)  # weekdays; the last one is a Friday


def model_of(folder: Path, panel: Panel = PANEL, offsets: dict[float, float] | None = None, **changes: Any) -> Any:
    made = small(panel, 300, **changes)
    model = fitted_model(folder, engineer(histories(panel), made), Calibration(offsets or {}, ""))
    return made, model, values_before_forecast(histories(panel), made, model.trading_profile)


def forecast_of(
    made: Any, model: FittedModel, actual: Any, paths: Any, baseline: str = "last value", horizon: int = 7
) -> ComingForecast:
    responses = [({"asset": asset, "window": 0}, paths) for asset in made.base_assets]
    return coming_forecast(actual, responses, model, baseline, SCORED, horizon)


def test_returns_are_added_up_over_trading_days_and_other_days_are_left_out(tmp_path: Path):
    assert PANEL.times[-1] == np.datetime64("2002-04-19")
    made, model, actual = model_of(tmp_path)
    paths = np.tile([[5.0, 5.0, 0.01, 0.02, 0.03, 0.04, 0.05]], (20, 1))  # Saturday and Sunday count for nothing
    forecast = forecast_of(made, model, actual, paths, horizon=4)
    assert forecast.times == ("2002-04-22 00:00:00", "2002-04-23 00:00:00")
    assert forecast.cutoff == "2002-04-19 00:00:00"
    expected = PANEL.close[:, -1:] * np.exp([0.01, 0.03])
    np.testing.assert_allclose(forecast.mean, expected)
    np.testing.assert_allclose(forecast.quantiles, np.repeat(expected[:, None], len(LEVELS), axis=1))
    rows = forecast.rows()
    assert [row["asset"] for row in rows] == ["A0", "A0", "A1", "A1", "A2", "A2"]
    assert list(rows[0]["quantiles"]) == [repr(level) for level in LEVELS]
    assert rows[0]["baseline_quantiles"]["0.5"] == pytest.approx(PANEL.close[0, -1], rel=0.01)


def test_a_horizon_without_trading_is_an_error(tmp_path: Path):
    made, model, actual = model_of(tmp_path)
    with pytest.raises(ProblemsError, match=r"Horizon is 2; allowed: a horizon with trading"):
        forecast_of(made, model, actual, np.zeros((5, 7)), horizon=2)


def test_the_stored_offsets_move_the_quantiles(tmp_path: Path):
    offsets = {level: level - 0.5 for level in LEVELS}
    paths = np.random.default_rng(1).normal(0, 0.01, (400, 7))
    plain = forecast_of(*model_of(tmp_path / "plain"), paths)
    moved = forecast_of(*model_of(tmp_path / "moved", offsets=offsets), paths)
    low, high = LEVELS.index(0.1), LEVELS.index(0.9)
    width = plain.quantiles[:, high] - plain.quantiles[:, low]
    for level, offset in offsets.items():
        place = LEVELS.index(level)
        np.testing.assert_allclose(moved.quantiles[:, place], plain.quantiles[:, place] + offset * width)
    np.testing.assert_array_equal(moved.mean, plain.mean)


@pytest.mark.parametrize("transform", ["log1p", "level"])
def test_counts_are_never_negative_after_recalibration(tmp_path: Path, transform: str):
    """With level, the negative-binomial likelihood samples counts."""
    offsets = dict.fromkeys(LEVELS, -50.0)
    made, model, actual = model_of(tmp_path, targetTransform=transform, offsets=offsets)
    forecast = forecast_of(made, model, actual, np.random.default_rng(1).normal(1, 1, (100, 7)))
    assert forecast.quantiles.min() == 0.0


def test_levels_that_the_calibration_lacks_and_an_unknown_baseline_are_errors(tmp_path: Path):
    made, model, actual = model_of(tmp_path, offsets=dict.fromkeys(LEVELS[1:], 0.1))
    with pytest.raises(ProblemsError, match=r"test_quantiles is \[0.025\]; allowed: levels that the model's calibration has"):
        forecast_of(made, model, actual, np.zeros((5, 7)))
    with pytest.raises(ProblemsError, match=r"Model.BestBaseline is 'guess'; allowed: last value, drift"):
        forecast_of(made, model_of(tmp_path)[1], actual, np.zeros((5, 7)), baseline="guess")


def test_a_baseline_of_the_predicted_asset_only_leaves_the_others_empty(tmp_path: Path):
    forecast = forecast_of(*model_of(tmp_path), np.zeros((5, 7)), baseline="ETS")
    found = {row["asset"] for row in forecast.rows() if row["baseline_quantiles"]}
    assert found == {"A2"}
    published: Any = {"template": "t", "execution_id": "run-1", "unit": "", "model_package": "arn", "trained_until": "x"}
    items = [prediction_item(row, {**published, "baseline": "ETS"}) for row in forecast.rows()]
    assert [("Baseline" in item, "BaselineQuantiles" in item) for item in (items[0], items[-1])] == [
        (False, False),
        (True, True),
    ]
    assert score(items[0], 5.0).baseline_loss is None


@given(
    values=st.lists(st.floats(-100, 100), min_size=3, max_size=3).map(sorted),
    actual=st.floats(-100, 100),
)
@examples(20)
def test_the_loss_is_the_mean_of_the_quantile_losses(values: list[float], actual: float):
    quantiles = dict(zip(("0.1", "0.5", "0.9"), values, strict=True))
    by_hand = [
        2 * (level * (actual - value) if actual > value else (1 - level) * (value - actual))
        for level, value in zip(SCORED, values, strict=True)
    ]
    assert mean_loss(quantiles, actual) == pytest.approx(sum(by_hand) / 3)


def test_values_are_known_by_the_time_of_their_step(tmp_path: Path):
    weeks = np.arange("1995-01-06", "2002-06-01", 7, dtype="datetime64[D]").astype("datetime64[s]")[:340]
    panel = walk(1, rows=340, times=weeks)
    made, model, actual = model_of(tmp_path, panel, frequency="1W")
    known = known_values(histories(panel)["A0"], Frequency.parse("1W"), actual.grid)
    assert next(iter(known)) == "1995-01-08 00:00:00", "the Sunday that DeepAR's weeks end with"
    forecast = forecast_of(made, model, actual, np.zeros((5, 7)))
    assert max(known) == forecast.cutoff < forecast.times[0]
