"""The last value and the drift, each with the quantiles of its own errors throughout the training range.

Errors are counted by trading steps ahead: from a Friday, the next Monday is one step. A point forecast would be too
easy to beat.
Source: R. Hyndman and G. Athanasopoulos, "Forecasting: Principles and Practice", 3rd edition, 5.2 and 5.5.
"""

from __future__ import annotations

import numpy as np

from fe_image.data.arrays import Floats
from fe_image.data.frequency import Cells
from fe_image.evaluation.baselines.base import Forecaster, Method, Setting, observed


def _last_value(train: Floats, setting: Setting) -> Forecaster:
    return _fitted(train, setting, drift=False)


def _drift(train: Floats, setting: Setting) -> Forecaster:
    return _fitted(train, setting, drift=True)


LAST_VALUE = Method("last value", "the last value, with the quantiles of its errors in the training range", _last_value)
DRIFT = Method("drift", "the last value and the mean change so far, with the quantiles of its errors", _drift)


def _fitted(train: Floats, setting: Setting, drift: bool) -> Forecaster:
    values = observed(train)
    if setting.returns:
        return _fitted_to_returns(values, setting, drift)
    errors: dict[int, Floats] = {}

    def forecast(known: Floats) -> Floats:
        last = int(np.flatnonzero(np.isfinite(known))[-1])
        ahead = trading_steps(setting.shares[last + 1 : known.size + setting.steps], setting.steps)
        slope = _slope(observed(known)) if drift else 0.0
        for step in set(ahead.tolist()) - set(errors):
            errors[step] = _error_quantiles(values, step, setting.levels, drift)
        quantiles: Floats = known[last] + slope * ahead + np.stack([errors[step] for step in ahead.tolist()], axis=1)
        return quantiles

    return forecast


def _fitted_to_returns(values: Floats, setting: Setting, drift: bool) -> Forecaster:
    """For returns, the last price is a return of 0, and the drift their mean. Errors are the same for all steps."""
    quantiles = np.quantile(values, setting.levels)

    def forecast(known: Floats) -> Floats:
        shift = float(np.nanmean(known) - values.mean()) if drift else 0.0
        return np.repeat((quantiles + shift)[:, None], setting.steps, axis=1)

    return forecast


def _error_quantiles(values: Floats, step: int, levels: tuple[float, ...], drift: bool) -> Floats:
    """Return quantiles of the errors ``step`` values ahead; of the largest possible step if there are fewer values."""
    step = min(step, values.size - 1)
    if step == 0:
        return np.zeros(len(levels))
    changes = values[step:] - values[:-step]
    return np.quantile(changes - (step * _slope(values) if drift else 0.0), levels)


def _slope(values: Floats) -> float:
    """Return the mean change from value to value."""
    return float(values[-1] - values[0]) / max(values.size - 1, 1)


def trading_steps(shares: Floats, length: int) -> Cells:
    """Return the expected number of trading steps up to each of the last ``length`` cells, counted from the first cell."""
    return np.rint(np.cumsum(shares))[-length:].astype(np.int64)
