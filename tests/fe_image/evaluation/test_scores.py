"""Scores against utilsforecast's, coverage on a process with known quantiles, and properties of skill and intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import utilsforecast.losses as reference
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from contracts.metrics import LOWEST_SKILL
from fe_image.evaluation.bootstrap import ratio_interval
from fe_image.evaluation.calibration import apply_offsets, fit_calibration
from fe_image.evaluation.losses import scale
from fe_image.evaluation.scores import Scored, all_levels
from fe_image.evaluation.skill import best_baseline, skill
from tests.examples import examples
from tests.fe_image.evaluation.backtest import LEVELS

ALL = all_levels(LEVELS)
SEASON = 4


def made(seed: int = 1, assets: int = 3, windows: int = 5, steps: int = 6) -> tuple[Scored, np.ndarray]:
    """Return random forecasts and the training ranges, shape (assets, cells)."""
    random = np.random.default_rng(seed)
    train = random.normal(50, 5, (assets, 80))
    actual = random.normal(50, 5, (assets, windows, steps))
    quantiles = np.sort(random.normal(50, 5, (assets, windows, len(ALL), steps)), axis=2)
    scales = np.array([scale(row, SEASON) for row in train])
    return Scored(ALL, LEVELS, quantiles, actual, scales, 1), train


def test_scores_are_those_of_utilsforecast():
    scored, train = made()
    assets, windows, steps = scored.actual.shape
    names = [str(asset) for asset in range(assets)]
    frame = pd.DataFrame({"unique_id": np.repeat(names, windows * steps), "y": scored.actual.ravel()})
    frame["ds"] = np.tile(np.arange(80, 80 + windows * steps), assets)
    for place, level in enumerate(ALL):
        frame[f"q{level}"] = scored.quantiles[:, :, place].ravel()
    frame["m"] = frame["q0.5"]
    for band, (low, high) in {50: (0.25, 0.75), 80: (0.1, 0.9), 95: (0.025, 0.975)}.items():
        frame[f"m-lo-{band}"], frame[f"m-hi-{band}"] = frame[f"q{low}"], frame[f"q{high}"]
    past = pd.DataFrame({"unique_id": np.repeat(names, 80), "ds": np.tile(np.arange(80), assets), "y": train.ravel()})
    columns, levels = {"m": [f"q{level}" for level in LEVELS]}, np.array(LEVELS)
    found = scored.all()
    assert found["MAE"] == pytest.approx(reference.mae(frame, ["m"])["m"].mean())
    assert found["RMSE"] ** 2 == pytest.approx((reference.rmse(frame, ["m"])["m"] ** 2).mean())
    assert found["MAPE"] == pytest.approx(reference.mape(frame, ["m"])["m"].mean())
    assert found["MASE"] == pytest.approx(reference.mase(frame, ["m"], SEASON, past)["m"].mean())
    scaled = reference.scaled_mqloss(frame, columns, levels, SEASON, past)["m"].mean()
    assert found["scaledQuantileLoss"] == pytest.approx(2 * scaled)  # SQL counts twice the pinball loss
    pinball = reference.mqloss(frame, columns, levels)["m"].mean()
    assert found["mean_wQuantileLoss"] == pytest.approx(2 * pinball / np.abs(scored.actual).mean())
    for band, level in ((50, "0.5"), (80, "0.8"), (95, "0.95")):
        assert found["coverage"][level]["share"] == pytest.approx(reference.coverage(frame, ["m"], band)["m"].mean())


@pytest.mark.parametrize("period", [24, 7, 52, 12], ids=["hours", "days", "weeks", "months"])
def test_coverage_of_a_process_with_known_quantiles_is_nominal(period: int):
    """A season with noise whose spread changes; forecasts are 200 samples of the process itself, as from a transform."""
    random = np.random.default_rng(period)
    windows, steps = 100, 24  # 2,400 held-out values
    cells = np.arange(windows * steps).reshape(1, windows, steps)
    mean, spread = 10 * np.sin(2 * np.pi * cells / period), 1 + (cells % period) / period
    actual = mean + spread * random.standard_t(6, cells.shape)
    samples = mean[:, :, None] + spread[:, :, None] * random.standard_t(6, (1, windows, 200, steps))
    quantiles = np.moveaxis(np.quantile(samples, ALL, axis=2), 0, 2)
    found = Scored(ALL, LEVELS, quantiles, actual, np.ones(1), 1).coverage()
    for band in (0.5, 0.8, 0.95):
        assert abs(found[str(band)]["share"] - band) < 0.05
        low, high = found[str(band)]["interval"]
        assert low <= found[str(band)]["share"] <= high


LOSSES = arrays(np.float64, 8, elements=st.floats(0.01, 100))


@given(losses=LOSSES, others=LOSSES, factor=st.floats(0.01, 100))
@examples(40)
def test_skill_and_its_interval(losses: np.ndarray, others: np.ndarray, factor: float):
    found = skill("b", losses, others, 1)
    assert found.skill == pytest.approx(max(1 - losses.sum() / others.sum(), LOWEST_SKILL))
    assert found == skill("b", losses, others, 1), "the same seed gives the same interval"
    assert found.interval is not None and found.interval[0] <= found.interval[1] <= 1
    assert found.interval[0] - 1e-9 <= 1 - (losses / others).min() and found.interval[1] + 1e-9 >= 1 - (losses / others).max()
    assert found.win_rate + skill("b", others, losses, 1).win_rate == pytest.approx(1)
    scaled = skill("b", losses * factor, others * factor, 1)
    assert scaled.skill == pytest.approx(found.skill) and scaled.win_rate == found.win_rate


def test_the_ends_of_skill():
    none, some = np.zeros(3), np.ones(3)
    assert skill("b", none, some, 1).skill == 1
    assert skill("b", some, some, 1).skill == 0
    assert skill("b", some, none, 1).skill == LOWEST_SKILL
    assert skill("b", none, none, 1).skill == 0
    assert ratio_interval(some[:1], some[:1], 1) is None


def test_the_best_baseline_is_that_with_the_lowest_loss():
    assert best_baseline({"a": 2.0, "b": 1.0, "c": 1.0}, "a") == "b"
    assert best_baseline({"b": 0.0, "a": 0.0}, "a") == "a", "no calibration window has a price"


def test_calibration_widens_bands_that_are_too_narrow_and_leaves_good_ones():
    random = np.random.default_rng(1)
    actual = random.normal(100, 2, (4, 40, 10))
    right = np.broadcast_to(np.quantile(random.normal(100, 2, 20000), ALL)[:, None], (4, 40, len(ALL), 10))
    narrow = 100 + (right - 100) / 3
    found = fit_calibration(actual, narrow, ALL)
    assert found.applied and found.loss_after < found.loss_before
    corrected = Scored(
        ALL, LEVELS, apply_offsets(narrow, ALL, found.offsets), random.normal(100, 2, (4, 40, 10)), np.ones(4), 1
    )
    assert abs(corrected.coverage()["0.8"]["share"] - 0.8) < 0.05
    assert (np.diff(corrected.quantiles, axis=2) >= 0).all()
    few = fit_calibration(actual[:1, :1], narrow[:1, :1], ALL)
    assert not few.applied and "fewer than" in few.reason
    np.testing.assert_array_equal(apply_offsets(narrow, ALL, {}), narrow)
