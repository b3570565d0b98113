"""The naive forecast with the quantiles of its training residuals, and the loss that the quality gate compares.

A point forecast would be too easy to beat. For ``level`` and ``log``, the naive forecast is the last observed value. Its
residuals are those of the same forecast throughout the training range, by number of trading steps ahead; from a Friday, the
next Monday is one step ahead. For ``log_return`` it is zero, and its residuals are the training returns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from contracts.metrics import level_name, weighted_quantile_losses
from fe_image.data.arrays import Floats
from fe_image.data.frequency import Cells
from fe_image.data.grid import Grid
from fe_image.model.target import Transform


@dataclass(frozen=True)
class WindowBaseline:
    """One test window. Quantiles have shape (quantiles, prediction_length)."""

    start: int  # cell
    actual: Floats
    quantiles: Floats
    price_actual: Floats
    price_quantiles: Floats
    last_price: float


@dataclass(frozen=True)
class Baseline:
    """The naive forecast of all test windows and its losses."""

    levels: tuple[float, ...]
    windows: tuple[WindowBaseline, ...]
    losses: dict[float, float]
    rmse: float

    @property
    def mean_loss(self) -> float:
        """DeepAR's mean_wQuantileLoss."""
        return float(np.mean(list(self.losses.values())))


def naive_baseline(
    price: Floats, target: Floats, shares: Floats, grid: Grid, transform: Transform, levels: Sequence[float]
) -> Baseline:
    """Return the naive forecast of each test window of one asset.

    Arrays are indexed by cell, shape (cells,). ``price`` and ``target`` are NaN without trading. ``shares`` is the expected
    fraction of trading in the cell, which is known in advance.
    """
    train, length = slice(0, grid.train_cells), grid.prediction_length
    starts = [grid.window_start(window) for window in range(grid.windows)]
    lasts = [_last_observed(price[:start]) for start in starts]
    steps = [_trading_steps(shares[last + 1 : start + length], length) for start, last in zip(starts, lasts, strict=True)]
    most = max((int(counted[-1]) for counted in steps), default=0)
    log_residuals = _residual_quantiles(np.log(price[train]), most, levels) if transform != "level" else None
    residuals = _residual_quantiles(target[train], most, levels)
    returns = np.repeat(np.nanquantile(target[train], levels)[:, None], length, axis=1)
    windows = []
    for start, last, ahead in zip(starts, lasts, steps, strict=True):
        cells = slice(start, start + length)
        quantiles = returns if transform == "log_return" else target[last] + residuals[:, ahead]
        prices = quantiles if log_residuals is None else price[last] * np.exp(log_residuals[:, ahead])
        windows.append(WindowBaseline(start, target[cells], quantiles, price[cells], prices, float(price[last])))
    return _scored(tuple(windows), tuple(levels))


def _scored(windows: tuple[WindowBaseline, ...], levels: tuple[float, ...]) -> Baseline:
    if not windows:
        return Baseline(levels, windows, {}, float("nan"))
    actual = np.concatenate([window.actual for window in windows])
    quantiles = np.concatenate([window.quantiles for window in windows], axis=1)
    median = quantiles[int(np.argmin(np.abs(np.array(levels) - 0.5)))]
    error = (median - actual)[np.isfinite(actual)]
    rmse = float(np.sqrt(np.mean(error**2))) if error.size else float("nan")
    by_name = {level_name(level): row.tolist() for level, row in zip(levels, quantiles, strict=True)}
    losses = weighted_quantile_losses(actual.tolist(), by_name)
    return Baseline(levels, windows, {level: losses.get(level_name(level), float("nan")) for level in levels}, rmse)


def _residual_quantiles(series: Floats, steps: int, levels: Sequence[float]) -> Floats:
    """Return quantiles of the change over h observed values, h = 0 … steps; shape (levels, steps + 1).

    If the series is shorter than h, the quantiles of the largest possible h are used.
    """
    observed = series[np.isfinite(series)]
    out = np.zeros((len(levels), steps + 1))
    for step in range(1, steps + 1):
        changes = observed[step:] - observed[:-step]
        out[:, step] = np.quantile(changes, levels) if changes.size else out[:, step - 1]
    return out


def _trading_steps(shares: Floats, length: int) -> Cells:
    """Return the expected number of trading steps up to each of the last ``length`` cells, counted from the first cell."""
    return np.rint(np.cumsum(shares))[-length:].astype(np.int64)


def _last_observed(series: Floats) -> int:
    """Return the index of the last finite value."""
    return int(np.flatnonzero(np.isfinite(series))[-1])
