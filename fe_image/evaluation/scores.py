"""Scores of a quantile forecast over any part of assets, windows and steps.

Point scores are those of the median. Sources: DeepAR's mean_wQuantileLoss (:mod:`contracts.metrics`); the scaled quantile loss
of autogluon/fev (SQL); MASE by R. Hyndman and A. Koehler, 2006.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from contracts.metrics import level_name
from fe_image.data.arrays import Floats
from fe_image.evaluation.bootstrap import ratio_interval
from fe_image.evaluation.losses import pinball

#: Central bands whose coverage is reported, with their lower and upper level.
BANDS: dict[float, tuple[float, float]] = {0.5: (0.25, 0.75), 0.8: (0.1, 0.9), 0.95: (0.025, 0.975)}
MEDIAN = 0.5
Scores: TypeAlias = dict[str, Any]


def all_levels(scored: Sequence[float]) -> tuple[float, ...]:
    """Return the levels that are forecast: the scored ones, the median and the edges of the bands, ascending."""
    return tuple(sorted({*scored, MEDIAN, *(level for band in BANDS.values() for level in band)}))


@dataclass(frozen=True)
class Scored:
    """Quantiles, shape (assets, windows, levels, steps), with actual values (assets, windows, steps) and scales (assets,).

    ``scored`` are the levels over which quantile losses are averaged.
    """

    levels: tuple[float, ...]
    scored: tuple[float, ...]
    quantiles: Floats
    actual: Floats
    scales: Floats
    seed: int

    def part(self, assets: Any = slice(None), windows: Any = slice(None), steps: Any = slice(None)) -> Scored:
        """Return the part of some assets, windows and steps, each a slice."""
        quantiles, actual = self.quantiles[assets, windows, :, steps], self.actual[assets, windows, steps]
        return Scored(self.levels, self.scored, quantiles, actual, self.scales[assets], self.seed)

    def losses(self) -> Floats:
        """Return the quantile losses at the scored levels, shape (assets, windows, levels, steps)."""
        places = [self.levels.index(level) for level in self.scored]
        return pinball(self.actual, self.quantiles[:, :, places], self.scored)

    def window_losses(self) -> Floats:
        """Return the sum of quantile losses by window, shape (windows,)."""
        sums: Floats = np.nansum(self.losses(), axis=(0, 2, 3))
        return sums

    def scaled_window_losses(self) -> Floats:
        """Return the sum over assets of the mean scaled loss, shape (windows,). Assets without a scale are left out."""
        losses = self.losses() / self.scales[:, None, None, None]
        values = np.isfinite(losses).sum(axis=(2, 3))
        means = np.nansum(losses, axis=(2, 3)) / np.maximum(values, 1)
        sums: Floats = means.sum(axis=0)
        return sums

    def means(self) -> Scores:
        """Return all scores but coverage; null where nothing can be scored."""
        losses, median = self.losses(), self.quantiles[:, :, self.levels.index(MEDIAN)]
        error, size = np.abs(median - self.actual), np.abs(self.actual)
        known = np.isfinite(error)
        total = float(size[known].sum())
        by_level = np.nansum(losses, axis=(0, 1, 3)) / total if total > 0 else np.full(len(self.scored), np.nan)
        scales = self.scales[:, None, None]
        relative = known & (size > 0)
        return {
            "mean_wQuantileLoss": _number(by_level.mean()),
            "wQuantileLoss": {level_name(level): _number(loss) for level, loss in zip(self.scored, by_level, strict=True)},
            "scaledQuantileLoss": _number(_mean_of_means(losses / scales[..., None])),
            "MASE": _number(_mean_of_means(error / scales)),
            "RMSE": _number(np.sqrt(_mean(error[known] ** 2))),
            "MAE": _number(_mean(error[known])),
            "MAPE": _number(_mean(error[relative] / size[relative])),
            "values": int(known.sum()),
        }

    def coverage(self, interval: bool = True) -> Scores:
        """Return, for each band, the share of actual values in it, with a bootstrap interval by window."""
        out: Scores = {}
        for band, (low, high) in BANDS.items():
            lower, upper = (self.quantiles[:, :, self.levels.index(level)] for level in (low, high))
            known = np.isfinite(self.actual) & np.isfinite(lower)
            hits = (known & (self.actual >= lower) & (self.actual <= upper)).sum(axis=(0, 2)).astype(np.float64)
            values = known.sum(axis=(0, 2)).astype(np.float64)
            share = hits.sum() / values.sum() if values.sum() else np.nan
            out[level_name(band)] = {"share": _number(share)}
            if interval:
                out[level_name(band)]["interval"] = ratio_interval(hits, values, self.seed)
        return out

    def all(self, interval: bool = True) -> Scores:
        """Return all scores."""
        return {**self.means(), "coverage": self.coverage(interval)}


def _mean_of_means(values: Floats) -> float:
    """Return the mean over assets of each asset's mean; the first axis is the asset's."""
    flat = values.reshape(len(values), -1)
    counts = np.isfinite(flat).sum(axis=1)
    return _mean((np.nansum(flat, axis=1) / np.maximum(counts, 1))[counts > 0])


def _mean(values: Floats) -> float:
    return float(values.mean()) if values.size else float("nan")


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
