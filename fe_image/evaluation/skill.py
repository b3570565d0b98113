"""The choice of the best baseline, and the model's skill against it.

The best baseline has the lowest loss on the calibration windows. The test windows have no part in that choice: the luckiest of
several baselines on the test windows would be a stricter and noisier opponent, and the margin would mean something else
each time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from contracts.metrics import LOWEST_SKILL, bounded_skill
from fe_image.data.arrays import Floats
from fe_image.evaluation.bootstrap import ratio_interval


@dataclass(frozen=True)
class Skill:
    """1 − loss / loss of the baseline over windows, with a 95 % interval, and the share of windows that the model wins."""

    baseline: str
    skill: float
    interval: tuple[float, float] | None
    win_rate: float
    loss: float
    baseline_loss: float
    windows: int

    def data(self) -> dict[str, Any]:
        """Return the JSON object."""
        found = asdict(self)
        found["winRate"], found["baselineLoss"] = found.pop("win_rate"), found.pop("baseline_loss")
        return found


def best_baseline(calibration_losses: Mapping[str, float], fallback: str) -> str:
    """Return the baseline with the lowest loss on the calibration windows; the first of equals.

    ``fallback`` is returned if no calibration window has a value, so that all losses are 0.
    """
    if not any(loss > 0 for loss in calibration_losses.values()):
        return fallback
    return min(calibration_losses, key=lambda name: calibration_losses[name])


def skill(baseline: str, losses: Floats, baseline_losses: Floats, seed: int) -> Skill:
    """Return the skill over windows; both arrays are sums of losses by window, shape (windows,)."""
    loss, other = float(losses.sum()), float(baseline_losses.sum())
    scored = (losses > 0) | (baseline_losses > 0)
    wins = np.where(losses < baseline_losses, 1.0, np.where(losses == baseline_losses, 0.5, 0.0))[scored]
    ratios = ratio_interval(losses, baseline_losses, seed)
    return Skill(
        baseline,
        bounded_skill(loss, other),
        None if ratios is None else (max(1 - ratios[1], LOWEST_SKILL), max(1 - ratios[0], LOWEST_SKILL)),
        float(wins.mean()) if wins.size else 0.5,
        loss,
        other,
        int(scored.sum()),
    )
