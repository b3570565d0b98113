"""DeepAR's ``mean_wQuantileLoss``, by which the gate, the report and the prediction table compare forecasts.

In plain Python, because reports and handlers have no numpy. Other modules flatten their arrays to lists.
Source: Amazon SageMaker developer guide, "How the DeepAR algorithm works": 2 Σ Q / Σ |y| for each quantile τ over all series
and steps with an actual value y, where Q = (1 − τ)·|q − y| if the forecast q is above y and τ·|q − y| otherwise. The metric is
the mean over the quantiles.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

#: The lowest skill that is reported; a baseline without any error would otherwise make it infinite.
LOWEST_SKILL = -1000.0


def bounded_skill(loss: float, baseline_loss: float) -> float:
    """Return 1 − loss / baseline_loss, at least ``LOWEST_SKILL``; 0 if both are 0."""
    if baseline_loss == 0:
        return 0.0 if loss == 0 else LOWEST_SKILL
    return max(1 - loss / baseline_loss, LOWEST_SKILL)


def level_name(level: float) -> str:
    """Return a quantile's level as every file and log writes it: with all digits, so that two levels never become one."""
    return repr(float(level))


def loss_name(level: str) -> str:
    """Return the name of a level's loss in the algorithm's log; ``level`` as written by ``level_name``."""
    return f"wQuantileLoss[{level}]"


def weighted_quantile_losses(actual: Sequence[float | None], quantiles: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Return the loss of each quantile ("0.1"). None and NaN actuals are skipped; empty if there is no actual or all are 0."""
    seen = {step: value for step, value in enumerate(actual) if value is not None and not math.isnan(value)}
    scale = sum(abs(value) for value in seen.values())
    if scale == 0:
        return {}
    losses = {}
    for name, forecast in quantiles.items():
        level = float(name)
        errors = [value - forecast[step] for step, value in seen.items()]
        losses[name] = 2 * sum(max(level * error, (level - 1) * error) for error in errors) / scale
    return losses


def mean_weighted_quantile_loss(actual: Sequence[float | None], quantiles: Mapping[str, Sequence[float]]) -> float | None:
    """Return the mean loss over the quantiles; None if there is nothing to compare."""
    losses = weighted_quantile_losses(actual, quantiles)
    return sum(losses.values()) / len(losses) if losses else None
