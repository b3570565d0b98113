"""DeepAR's ``mean_wQuantileLoss``, which the gate, the report and the prediction table compare by.

In plain Python: reports and handlers have no numpy.
Source: Amazon SageMaker developer guide, "How the DeepAR algorithm works": 2 Σ Q / Σ |y| for each quantile τ over all series
and steps with an actual value y, Q = (1 − τ)·|q − y| where the forecast q is above y, else τ·|q − y|; then the mean over the
quantiles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def level_name(level: float) -> str:
    """How every file and log spells a quantile's level: with all its digits, or two levels would be one."""
    return repr(float(level))


def loss_name(level: str) -> str:
    """How the algorithm's log names the loss of a level, which is given as ``level_name`` spells it."""
    return f"wQuantileLoss[{level}]"


def weighted_quantile_losses(actual: Sequence[float | None], quantiles: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """The loss of each quantile ("0.1"); a null actual is left out. Empty where no actual is seen, or all of them are 0."""
    seen = [step for step, value in enumerate(actual) if value is not None]
    scale = sum(abs(actual[step] or 0.0) for step in seen)
    if scale == 0:
        return {}
    losses = {}
    for name, forecast in quantiles.items():
        level = float(name)
        errors = [(actual[step] or 0.0) - forecast[step] for step in seen]
        losses[name] = 2 * sum(max(level * error, (level - 1) * error) for error in errors) / scale
    return losses


def mean_weighted_quantile_loss(actual: Sequence[float | None], quantiles: Mapping[str, Sequence[float]]) -> float | None:
    """The mean over the quantiles; None where there is nothing to compare."""
    losses = weighted_quantile_losses(actual, quantiles)
    return sum(losses.values()) / len(losses) if losses else None
