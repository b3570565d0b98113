"""The test metrics, compared with values computed by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from local_run.deepar.metrics import quantiles_of, score


def test_score_averages_over_quantiles_and_leaves_missing_actuals_out() -> None:
    samples = np.arange(11.0).reshape(1, 11, 1).repeat(2, axis=2)
    actual = np.array([[7.0, np.nan]])
    found = score(actual, samples, (0.1, 0.5))
    assert found["wQuantileLoss[0.1]"] == pytest.approx(2 * 0.1 * (7 - 1) / 7)
    assert found["wQuantileLoss[0.5]"] == pytest.approx(2 * 0.5 * (7 - 5) / 7)
    assert found["mean_wQuantileLoss"] == pytest.approx((0.6 + 1.0) / 7)
    assert found["mean_absolute_QuantileLoss"] == pytest.approx((2 * 0.6 + 2 * 1.0) / 2)
    assert found["RMSE"] == pytest.approx(2.0)


def test_nothing_observed_gives_no_number() -> None:
    found = score(np.full((1, 2), np.nan), np.zeros((1, 3, 2)), (0.5,))
    assert math.isnan(found["mean_wQuantileLoss"])
    assert math.isnan(found["RMSE"])


def test_quantiles_have_one_row_a_level() -> None:
    samples = np.random.default_rng(0).normal(size=(3, 50, 4))
    assert quantiles_of(samples, (0.1, 0.9)).shape == (3, 2, 4)
    np.testing.assert_allclose(quantiles_of(samples, (0.5,))[:, 0], np.median(samples, axis=1), rtol=1e-12)
