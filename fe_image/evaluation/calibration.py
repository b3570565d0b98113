"""Recalibration of the model's quantiles by their errors on the calibration windows (split conformal, one level at a time).

A level's offset is the level's own quantile of (y − q) / width over all assets, windows and steps, where width is that of the
model's 80 % band at the step: the unit in which assets and horizons are comparable. The corrected quantile is
q + offset · width, so that a share of about the level of the calibration values lies below it.
Source: Y. Romano, E. Patterson and E. Candès, "Conformalized Quantile Regression", 2019.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from contracts.metrics import level_name
from fe_image.data.arrays import Floats
from fe_image.evaluation.losses import pinball

METHOD = "conformal"
WIDTH_LEVELS = (0.1, 0.9)
#: Fewer calibration values would not give the outer quantiles.
_MIN_VALUES = 40


@dataclass(frozen=True)
class Calibration:
    """``offsets`` by level, in widths of the 80 % band; none if nothing is corrected, and ``reason`` says why."""

    offsets: Mapping[float, float]
    reason: str
    loss_before: float | None = None
    loss_after: float | None = None

    @property
    def applied(self) -> bool:
        return bool(self.offsets)

    def data(self) -> dict[str, Any]:
        """Return ``calibration.json``."""
        return {
            "version": 1,
            "method": METHOD if self.applied else "none",
            "applied": self.applied,
            "reason": self.reason,
            "unit": "width of the model's 80 % band at the step",
            "offsets": {level_name(level): offset for level, offset in self.offsets.items()},
            "laterHalf": {"lossBefore": self.loss_before, "lossAfter": self.loss_after},
        }


def fit_calibration(actual: Floats, quantiles: Floats, levels: Sequence[float]) -> Calibration:
    """Fit on the calibration windows: actual (assets, windows, steps), quantiles (assets, windows, levels, steps).

    Offsets of the earlier half are tried on the later half. If they lower its loss, offsets of all windows are returned.
    """
    half = actual.shape[1] // 2
    if half == 0 or np.isfinite(actual[:, :half]).sum() < _MIN_VALUES:
        return Calibration({}, f"the earlier half of the calibration windows has fewer than {_MIN_VALUES} values")
    later_actual, later = actual[:, half:], quantiles[:, half:]
    corrected = apply_offsets(later, levels, _offsets(actual[:, :half], quantiles[:, :half], levels))
    before, after = (_loss(later_actual, tried, levels) for tried in (later, corrected))
    if not after < before:
        return Calibration({}, "it does not improve the later half of the calibration windows", before, after)
    offsets = _offsets(actual, quantiles, levels)
    return Calibration(offsets, "it improves the later half of the calibration windows", before, after)


def apply_offsets(quantiles: Floats, levels: Sequence[float], offsets: Mapping[float, float]) -> Floats:
    """Return corrected quantiles, ascending by level again; unchanged without offsets. Shape (…, levels, steps)."""
    if not offsets:
        return quantiles
    shift = np.array([offsets[level] for level in levels])[:, None]
    corrected: Floats = np.sort(quantiles + shift * _width(quantiles, levels)[..., None, :], axis=-2)
    return corrected


def _offsets(actual: Floats, quantiles: Floats, levels: Sequence[float]) -> dict[float, float]:
    errors = (actual[..., None, :] - quantiles) / _width(quantiles, levels)[..., None, :]
    by_level = np.moveaxis(errors, -2, 0).reshape(len(levels), -1)
    return {level: float(np.nanquantile(row, level)) for level, row in zip(levels, by_level, strict=True)}


def _width(quantiles: Floats, levels: Sequence[float]) -> Floats:
    low, high = (list(levels).index(level) for level in WIDTH_LEVELS)
    width = quantiles[..., high, :] - quantiles[..., low, :]
    tiny = 1e-12 * np.maximum(np.abs(quantiles).max(axis=-2), 1e-300)
    widths: Floats = np.maximum(width, tiny)
    return widths


def _loss(actual: Floats, quantiles: Floats, levels: Sequence[float]) -> float:
    """Return the mean quantile loss, in units of each asset's mean size, so that no asset dominates."""
    losses = pinball(actual, quantiles, levels)
    size = np.nanmean(np.abs(actual), axis=(1, 2))
    return float(np.nanmean(losses / np.where(size > 0, size, 1.0)[:, None, None, None]))
