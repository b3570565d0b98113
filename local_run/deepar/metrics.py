"""The test metrics, as the algorithm computes them: over all forecast steps of all series, missing actuals left out.

Source: Amazon SageMaker developer guide, "Tune a DeepAR model": test:RMSE and test:mean_wQuantileLoss.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from contracts.metrics import level_name, loss_name

Doubles = NDArray[np.float64]


def quantiles_of(samples: Doubles, levels: Sequence[float]) -> Doubles:
    """Empirical quantiles of sample paths: (windows, samples, steps) → (windows, levels, steps)."""
    return np.quantile(samples, levels, axis=1).swapaxes(0, 1)


def weighted_quantile_loss(actual: Doubles, forecast: Doubles, level: float) -> float:
    """2 Σ quantile loss / Σ |actual| for forecasts of one quantile; shapes alike, NaN actuals left out."""
    seen = ~np.isnan(actual)
    error = actual[seen] - forecast[seen]
    total = 2 * np.sum(np.maximum(level * error, (level - 1) * error))
    return float(total / np.sum(np.abs(actual[seen])))


def score(actual: Doubles, samples: Doubles, levels: Sequence[float]) -> dict[str, float]:
    """Every test metric by its name in the log.

    ``actual`` has shape (windows, steps), ``samples`` (windows, samples, steps). Without a single observed actual, or where
    all of them are 0, the metrics are NaN.
    """
    quantiles = quantiles_of(samples, levels)
    seen = ~np.isnan(actual)
    with np.errstate(divide="ignore", invalid="ignore"):
        losses = {level: weighted_quantile_loss(actual, quantiles[:, index], level) for index, level in enumerate(levels)}
    scale = float(np.sum(np.abs(actual[seen])))
    mean_loss = float(np.mean(list(losses.values())))
    error = samples.mean(axis=1)[seen] - actual[seen]
    scores = {
        "RMSE": float(np.sqrt(np.mean(error**2))) if len(error) else float("nan"),
        "mean_absolute_QuantileLoss": mean_loss * scale,
        "mean_wQuantileLoss": mean_loss,
    }
    return scores | {loss_name(level_name(level)): loss for level, loss in losses.items()}
