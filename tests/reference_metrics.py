"""An independent implementation of the quantile loss, with numpy, to compare :mod:`contracts.metrics` with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]


def weighted_quantile_loss(actual: Doubles, forecast: Doubles, level: float) -> float:
    """Return 2 Σ Q / Σ |y| for the forecasts of one quantile. Both arrays have the same shape; NaN actuals are skipped.

    Q = (1 − τ)·|q − y| if the forecast q is above y, otherwise τ·|q − y|.
    """
    observed = ~np.isnan(actual)
    y, error = actual[observed], forecast[observed] - actual[observed]
    return float(2 * np.where(error > 0, (1 - level) * error, -level * error).sum() / np.abs(y).sum())
