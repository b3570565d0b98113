"""Exponential smoothing (ETS) by statsmodels: additive errors, damped trend or none, additive season or none, chosen by AICc.

Parameters are fitted on the end of the training range; up to a window's start, only the states move on. Quantiles are those of
the normal forecast distribution.
Source: R. Hyndman et al., "Forecasting with Exponential Smoothing", 2008, chapters 5 and 6.
"""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass
from functools import partial
from statistics import NormalDist
from typing import Any

import numpy as np

from fe_image.data.arrays import Floats
from fe_image.data.frequency import Frequency
from fe_image.evaluation.baselines.base import Forecaster, Method, Setting
from fe_image.evaluation.baselines.seasonal import seasons
from fe_image.model.target import Mask

log = logging.getLogger(__name__)

#: Cells at the end of the known range that are smoothed. More do not change the states, and cost time.
_CELLS = 500
#: Longest season, in trading cells: each of its places is a state.
_LONGEST_SEASON = 60
#: Fits take time, so ETS forecasts this many assets, the predicted one first.
_MOST_ASSETS = 1
_MIN_CELLS = 30


@dataclass(frozen=True)
class _Shape:
    """Which components a model has; ``season`` in trading cells, 0 for none."""

    trend: bool
    season: int

    def model(self, values: Floats) -> Any:
        from statsmodels.tsa.exponential_smoothing.ets import ETSModel  # slow to import

        return ETSModel(
            values,
            error="add",
            trend="add" if self.trend else None,
            damped_trend=self.trend,
            seasonal="add" if self.season else None,
            seasonal_periods=self.season or None,
            initialization_method="heuristic",
        )


def ets_method(frequency: Frequency) -> Method:
    """Return the method for a frequency."""
    description = "exponential smoothing with the components that AICc chooses, and its normal prediction intervals"
    return Method("ETS", description, partial(_fit, list(seasons(frequency).values())), _MOST_ASSETS)


def _fit(periods: list[int], train: Floats, setting: Setting) -> Forecaster | None:
    values = regular(train, setting.trading)
    if values is None or np.ptp(values) == 0:
        return None
    trends = (False,) if setting.returns else (False, True)  # returns have no trend
    seasons_tried = _seasons(periods, setting.trading, values.size)
    shapes = [_Shape(trend, season) for season in seasons_tried for trend in trends]
    fitted = [(shape, _fitted(shape, values)) for shape in shapes]
    shape, result = min(fitted, key=lambda item: item[1].aicc if np.isfinite(item[1].aicc) else np.inf)
    normal = np.array([NormalDist().inv_cdf(level) for level in setting.levels])

    def forecast(known: Floats) -> Floats:
        current = regular(known, setting.trading)
        if current is None:
            current = values
        ahead = setting.trading[known.size : known.size + setting.steps]
        mean, deviation = _moments(shape, current, result.params, int(ahead.sum()))
        # A cell without expected trading has the distribution of the next one with trading.
        place = np.minimum(np.cumsum(ahead) - ahead, mean.size - 1)
        return mean[place] + normal[:, None] * deviation[place]

    return forecast


def _seasons(periods: list[int], trading: Mask, cells: int) -> list[int]:
    """Return 0 and the shortest season that fits, in trading cells."""
    fitting = [int(trading[:period].sum()) for period in periods if period <= trading.size]
    usable = [season for season in fitting if 1 < season <= min(_LONGEST_SEASON, cells // 3)]
    return [0, *usable[:1]]


def _fitted(shape: _Shape, values: Floats) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fit that does not converge loses by its AICc
        return shape.model(values).fit(disp=False, maxiter=100)


def _moments(shape: _Shape, values: Floats, params: Any, steps: int) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of the next ``steps`` trading cells, at least one."""
    steps = max(steps, 1)
    result = shape.model(values).smooth(params)
    relative = relative_variance(
        result.smoothing_level,
        result.smoothing_trend if shape.trend else 0.0,
        result.damping_trend if shape.trend else 1.0,
        result.smoothing_seasonal if shape.season else 0.0,
        shape.season,
        steps,
    )
    return np.asarray(result.forecast(steps)), np.sqrt(result.mse * relative)


def relative_variance(alpha: float, beta: float, phi: float, gamma: float, season: int, steps: int) -> Floats:
    """Return the variance 1 … ``steps`` steps ahead in units of the one-step variance.

    It is 1 + Σ c(j)² for j below the step, where c(j) = α + β · (φ + … + φ^j), and + γ if j is a whole number of seasons.
    Source: Hyndman et al., 2008, table 6.1.
    """
    ahead = np.arange(1, steps)
    weights = alpha + beta * np.cumsum(phi**ahead)
    if season:
        weights = weights + gamma * (ahead % season == 0)
    relative: Floats = 1 + np.concatenate([[0.0], np.cumsum(weights**2)])
    return relative


def regular(series: Floats, trading: Mask) -> Floats | None:
    """Return the last cells with expected trading, gaps carried forward; None if there are too few values."""
    cells = series[trading[: series.size]][-_CELLS:]
    seen = np.flatnonzero(np.isfinite(cells))
    if seen.size < _MIN_CELLS:
        return None
    cells = cells[seen[0] :]
    latest = np.maximum.accumulate(np.where(np.isfinite(cells), np.arange(cells.size), 0))
    filled: Floats = cells[latest]
    return filled
