"""The quantile loss, compared with values computed by hand and with an independent implementation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.metrics import level_name, mean_weighted_quantile_loss, weighted_quantile_losses
from tests.reference_metrics import weighted_quantile_loss


def test_the_losses_by_hand() -> None:
    """y = 10, −2 and 4, q = 8, 1 and 4: an error of 2 below, one of 3 above, one of 0, over Σ |y| = 16."""
    quantiles = {"0.9": [8.0, 1.0, 99.0, 4.0], "0.5": [8.0, 1.0, 99.0, 4.0]}
    for missing in (None, math.nan):
        losses = weighted_quantile_losses([10.0, -2.0, missing, 4.0], quantiles)
        assert losses == {"0.9": pytest.approx(2 * (0.9 * 2 + 0.1 * 3) / 16), "0.5": pytest.approx((2 + 3) / 16)}
    assert mean_weighted_quantile_loss([10.0, -2.0, None, 4.0], quantiles) == pytest.approx((2 * 2.1 / 16 + 5 / 16) / 2)


@pytest.mark.parametrize("actual", [[], [None, math.nan], [0.0, 0.0, None]])
def test_without_an_actual_other_than_0_there_is_no_loss(actual: list[float | None]) -> None:
    quantiles = {"0.5": [1.0] * len(actual)}
    assert weighted_quantile_losses(actual, quantiles) == {}
    assert mean_weighted_quantile_loss(actual, quantiles) is None


@given(st.integers(0, 10_000), st.floats(0.01, 0.99))
def test_the_loss_equals_an_independent_implementation(seed: int, level: float) -> None:
    random = np.random.default_rng(seed)
    actual, forecast = random.normal(size=30), random.normal(size=30)
    actual[1:][random.random(29) < 0.3] = np.nan
    losses = weighted_quantile_losses(actual.tolist(), {level_name(level): forecast.tolist()})
    assert losses == {level_name(level): pytest.approx(weighted_quantile_loss(actual, forecast, level), rel=1e-12)}
