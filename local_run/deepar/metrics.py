"""The algorithm's test metrics, over all forecast steps of all series. Steps without an actual value are skipped.

Source: Amazon SageMaker developer guide, "Tune a DeepAR model": test:RMSE and test:mean_wQuantileLoss.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from contracts.metrics import level_name, loss_name, weighted_quantile_losses

Doubles = NDArray[np.float64]


def quantiles_of(samples: Doubles, levels: Sequence[float]) -> Doubles:
    """Return the empirical quantiles of sample paths: (windows, samples, steps) → (windows, levels, steps)."""
    return np.quantile(samples, levels, axis=1).swapaxes(0, 1)


def score(actual: Doubles, samples: Doubles, levels: Sequence[float]) -> dict[str, float]:
    """Return all test metrics by their names in the log.

    ``actual`` has shape (windows, steps), ``samples`` (windows, samples, steps). The losses are NaN if there is no actual value
    or all are 0.
    """
    quantiles, names = quantiles_of(samples, levels), [level_name(level) for level in levels]
    by_name = {name: quantiles[:, index].ravel().tolist() for index, name in enumerate(names)}
    losses = dict.fromkeys(names, math.nan) | weighted_quantile_losses(actual.ravel().tolist(), by_name)
    seen = ~np.isnan(actual)
    mean_loss = float(np.mean(list(losses.values())))
    error = samples.mean(axis=1)[seen] - actual[seen]
    scores = {
        "RMSE": float(np.sqrt(np.mean(error**2))) if len(error) else math.nan,
        "mean_absolute_QuantileLoss": mean_loss * float(np.sum(np.abs(actual[seen]))),
        "mean_wQuantileLoss": mean_loss,
    }
    return scores | {loss_name(name): loss for name, loss in losses.items()}
