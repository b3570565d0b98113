"""The naive forecast with its residuals' quantiles, and the loss that the gate compares."""

from __future__ import annotations

import json
from datetime import datetime

import numpy as np
import pytest

from fe_image.data.grid import Grid
from fe_image.engineer import engineer
from fe_image.model.baseline import naive_baseline
from fe_image.outputs import output_files
from tests.fe_image.support import demo_template, histories, sample_histories, template, walk
from tests.reference_metrics import weighted_quantile_loss

LEVELS = (0.1, 0.5, 0.9)
FRIDAY, SATURDAY = 4, 5


@pytest.mark.parametrize("transform", ["level", "log", "log_return"])
def test_quantiles_are_those_of_residuals_made_in_the_training_range(transform: str):
    panel = walk(1, rows=400)
    data = engineer(
        histories(panel), template(panel, 300, targetTransform=transform, predictionLength=7), test_quantiles=LEVELS
    )
    window = data.baseline.windows[0]
    series = data.target[data.predicted, : data.grid.train_cells]
    if transform == "log_return":
        expected = np.nanquantile(series, LEVELS)
        np.testing.assert_allclose(window.quantiles, np.repeat(expected[:, None], 7, axis=1))
        return
    # The training ends on a Friday: Saturday and Sunday have no trading, Monday is one step of it ahead.
    observed = series[np.isfinite(series)]
    assert data.grid.times[data.grid.train_cells - 1].astype(datetime).weekday() == FRIDAY
    for cell, steps in ((0, 0), (1, 0), (2, 1), (4, 3), (6, 5)):
        changes = observed[steps:] - observed[: observed.size - steps]
        np.testing.assert_allclose(window.quantiles[:, cell], observed[-1] + np.quantile(changes, LEVELS))


def test_price_quantiles_widen_with_the_horizon_and_cover_as_they_say():
    data = engineer(sample_histories(), demo_template())
    covered, steps = 0, 0
    for window in data.baseline.windows:
        width = window.price_quantiles[-1] - window.price_quantiles[0]
        assert width[-1] > 2 * width[0]
        seen = np.isfinite(window.price_actual)
        inside = (window.price_actual > window.price_quantiles[0]) & (window.price_actual < window.price_quantiles[-1])
        covered, steps = covered + int(inside[seen].sum()), steps + int(seen.sum())
    assert covered / steps > 0.8  # the nominal 80 %, in years calmer than the training range


def test_the_gate_file_is_baseline_and_margin():
    data = engineer(sample_histories(), demo_template())
    out = {name: b"".join(pieces) for name, pieces in output_files(data)}
    gate, baselines = json.loads(out["evaluation/gate.json"]), json.loads(out["evaluation/baselines.json"])
    assert gate["margin"] == demo_template().gate_margin
    assert gate["threshold"] == pytest.approx(gate["baseline"] * (1 + gate["margin"]))
    assert (
        gate["baseline"] == baselines["mean_wQuantileLoss"] == pytest.approx(np.mean(list(baselines["wQuantileLoss"].values())))
    )
    # Recomputed only from the test channel.
    lines = [json.loads(line) for line in out["test/test.json"].splitlines()]
    length = demo_template().prediction_length
    actual = np.array([[np.nan if v is None else v for v in line["target"][-length:]] for line in lines])
    forecast = [[window["target_quantiles"][level] for window in baselines["windows"]] for level in baselines["wQuantileLoss"]]
    levels = [float(level) for level in baselines["wQuantileLoss"]]
    losses = [weighted_quantile_loss(actual, np.array(row), level) for row, level in zip(forecast, levels, strict=True)]
    assert np.mean(losses) == pytest.approx(gate["baseline"], rel=1e-12)


def test_the_price_stays_while_there_is_no_trading():
    """All windows of the demo, which start on different weekdays."""
    data = engineer(sample_histories(), demo_template())
    lasts = set()
    for window in data.baseline.windows:
        weekdays = data.grid.times[window.start - 7 : window.start + 7].astype("datetime64[D]").astype(datetime)
        days_off = next(cell for cell in range(7) if weekdays[7 + cell].weekday() < SATURDAY)
        lasts.add(days_off)
        np.testing.assert_allclose(window.price_quantiles[:, :days_off], window.last_price)
        assert (np.diff(window.price_quantiles[:, days_off]) > 0).all()
    assert len(lasts) > 1


def test_intraday_windows_count_the_hours_of_trading():
    """Six hours a day: the night adds nothing."""
    price = np.full(24 * 40, np.nan)
    for day in range(40):
        price[24 * day + 10 : 24 * day + 16] = 100.0 + np.arange(6) + day
    shares = np.isfinite(price).astype(float)
    hours = np.arange(price.size).astype("datetime64[h]").astype("datetime64[s]")
    grid = Grid(hours, np.flatnonzero(shares), 180, 24 * 29 + 16, 48, 2)
    made = naive_baseline(price, price, shares, grid, "level", LEVELS).windows[0].quantiles
    np.testing.assert_array_equal(made[:, :18], price[24 * 29 + 15])
    np.testing.assert_array_equal(made[:, 23:42], made[:, 23:24] + np.zeros(19))


def test_more_steps_than_the_training_range_has_take_its_most():
    price = np.append(walk(3, rows=6).close[0], np.full(8, np.nan))
    grid = Grid(np.arange(14).astype("datetime64[s]"), np.arange(6), 6, 6, 8, 1)
    window = naive_baseline(price, price, np.ones(14), grid, "level", LEVELS).windows[0].quantiles
    np.testing.assert_array_equal(window[:, 5:], np.repeat(window[:, 4:5], 3, axis=1))
