"""The naive forecast with the quantiles of its training residuals, and the loss that the quality gate compares.

A point forecast would be too easy to beat. For ``level`` and ``log`` the naive forecast of a step is the last observed value,
and its residuals are those of that same forecast made everywhere in the training range, by number of steps ahead. For
``log_return`` it is zero (the price stays), and its residuals are the training returns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fe_image.features.base import Floats
from fe_image.grid import Grid
from fe_image.target import Transform


@dataclass(frozen=True)
class WindowBaseline:
    """One test window: quantiles have shape (quantiles, prediction_length)."""

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
        """mean_wQuantileLoss."""
        return float(np.mean(list(self.losses.values())))


def weighted_quantile_losses(actual: Floats, quantiles: Floats, levels: Sequence[float]) -> dict[float, float]:
    """DeepAR's ``wQuantileLoss`` by quantile level τ: 2 Σ Q / Σ |y|, over all series and steps with an actual value y.

    Q = (1 − τ)·|q − y| where the forecast quantile q is above y, else τ·|q − y|. ``actual``: (…), ``quantiles``:
    (levels, …); NaN in ``actual`` is not counted. Source: Amazon SageMaker developer guide, "How the DeepAR Algorithm Works".
    """
    observed = np.isfinite(actual)
    y, total = actual[observed], np.abs(actual[observed]).sum()
    if total == 0:
        return dict.fromkeys(levels, float("nan"))
    losses = {}
    for level, forecast in zip(levels, quantiles, strict=True):
        error = forecast[observed] - y
        losses[level] = float(2 * np.where(error > 0, (1 - level) * error, -level * error).sum() / total)
    return losses


def naive_baseline(price: Floats, target: Floats, grid: Grid, transform: Transform, levels: Sequence[float]) -> Baseline:
    """The naive forecast for each test window of one asset. ``price`` and ``target`` are by cell, NaN without trading."""
    train = slice(0, grid.train_cells)
    log_residuals = _residual_quantiles(np.log(price[train]), grid.prediction_length, levels)
    if transform == "log_return":
        pooled = np.nanquantile(target[train], levels)
        residuals = np.repeat(pooled[:, None], grid.prediction_length, axis=1)
    else:
        residuals = _residual_quantiles(target[train], grid.prediction_length, levels)
    windows = []
    for window in range(grid.windows):
        start = grid.window_start(window)
        ahead = slice(start, start + grid.prediction_length)
        last_price, last_target = _last_observed(price[:start]), _last_observed(target[:start])
        quantiles = residuals + (0.0 if transform == "log_return" else last_target)
        prices = quantiles if transform == "level" else last_price * np.exp(log_residuals)
        windows.append(WindowBaseline(start, target[ahead], quantiles, price[ahead], prices, last_price))
    return _scored(tuple(windows), tuple(levels))


def _scored(windows: tuple[WindowBaseline, ...], levels: tuple[float, ...]) -> Baseline:
    if not windows:
        return Baseline(levels, windows, {}, float("nan"))
    actual = np.concatenate([window.actual for window in windows])
    quantiles = np.concatenate([window.quantiles for window in windows], axis=1)
    median = quantiles[int(np.argmin(np.abs(np.array(levels) - 0.5)))]
    error = (median - actual)[np.isfinite(actual)]
    rmse = float(np.sqrt(np.mean(error**2))) if error.size else float("nan")
    return Baseline(levels, windows, weighted_quantile_losses(actual, quantiles, levels), rmse)


def _residual_quantiles(series: Floats, steps: int, levels: Sequence[float]) -> Floats:
    """Quantiles of y_{t+h} − (last value observed by t), h = 1 … steps, made at every observed t; shape (levels, steps).

    Steps that were never observed that far from a row (a Sunday, two days after a Friday) take the nearest earlier one's.
    """
    observed = np.flatnonzero(np.isfinite(series))
    out = np.zeros((len(levels), steps))
    for step in range(1, steps + 1):
        origins = observed[observed + step < series.size]
        residuals = series[origins + step] - series[origins]
        residuals = residuals[np.isfinite(residuals)]
        out[:, step - 1] = np.quantile(residuals, levels) if residuals.size else out[:, max(step - 2, 0)]
    return out


def _last_observed(series: Floats) -> float:
    return float(series[np.flatnonzero(np.isfinite(series))[-1]])
