"""Applies and undoes the target transform.

Prices on the calendar grid are NaN without trading. ``level`` is the price, and ``log`` its natural logarithm. ``log_return``
is the logarithm of a price divided by the previous observed price; after a weekend it spans three days. The model forecasts a
return for each cell. Undoing the transform therefore adds up only the cells that are expected to have trading. ``log1p`` is
the logarithm of 1 + the value, for counts and amounts that may be 0; undone, it never gives a value below 0.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from fe_image.data.arrays import Floats, Times
from fe_image.data.frequency import Frequency

Transform = Literal["level", "log", "log1p", "log_return"]
Mask = npt.NDArray[np.bool_]

#: A slot of the week counts as trading time if this share of its training cells had trading.
_TRADING_SHARE = 0.5
_HOUR, _DAY = 60, 24 * 60  # minutes
_WEEK = 7 * _DAY


def transformed(price: Floats, transform: Transform) -> Floats:
    """Transform prices by row: (…, rows) → (…, rows). The first log return of a series is NaN."""
    if transform == "level":
        return price.astype(np.float64)
    if transform == "log1p":
        return np.log1p(price)
    logarithm = np.log(price)
    if transform == "log":
        return logarithm
    out = np.full(price.shape, np.nan)
    out[..., 1:] = np.diff(logarithm, axis=-1)
    return out


def undo_paths(transform: Transform, paths: Floats, last_price: float, trading: Mask) -> Floats:
    """Convert sampled target paths to price paths, both of shape (samples, steps).

    ``last_price`` is the last observed price before the first step. ``trading``, shape (steps,), marks the steps that are
    expected to have trading; the price does not change in the others. Compute quantiles from the price paths, because a
    quantile of sums is not the sum of quantiles.
    """
    if transform == "level":
        return paths.astype(np.float64)
    if transform == "log":
        return np.exp(paths)
    if transform == "log1p":
        values: Floats = np.maximum(np.expm1(paths), 0.0)
        return values
    prices: Floats = last_price * np.exp(np.cumsum(np.where(trading, paths, 0.0), axis=-1))
    return prices


def trading_profile(times: Times, observed: Mask, frequency: Frequency) -> list[float]:
    """Return the share of cells with trading for each slot of the week, from Monday 0:00; [1.0] if a cell is a day or more.

    ``times`` and ``observed`` are those of the training range.
    """
    slots, count = _slots(times, frequency)
    seen = np.bincount(slots, minlength=count).astype(np.float64)
    traded = np.bincount(slots, weights=observed.astype(np.float64), minlength=count)
    return [float(share) for share in np.divide(traded, seen, out=np.ones(count), where=seen > 0)]


def expected_trading(times: Times, profile: list[float], frequency: Frequency) -> Mask:
    """Return which cells are expected to have trading. The weekly profile does not know holidays."""
    return trading_shares(times, profile, frequency) >= min(_TRADING_SHARE, max(profile))


def trading_shares(times: Times, profile: list[float], frequency: Frequency) -> Floats:
    """Return the expected fraction of trading in each cell, shape (cells,)."""
    slots, _ = _slots(times, frequency)
    return np.asarray(profile)[slots]


def _slots(times: Times, frequency: Frequency) -> tuple[npt.NDArray[np.int64], int]:
    """Return the slot of the week in which each cell starts, and the number of slots."""
    if frequency.unit not in ("min", "H") and str(frequency) != "1D":
        return np.zeros(times.size, dtype=np.int64), 1
    minutes = times.astype("datetime64[m]").astype(np.int64) + 3 * _DAY  # the epoch was a Thursday
    width = _slot_width(frequency)
    return minutes % _WEEK // width, -(-_WEEK // width)


def _slot_width(frequency: Frequency) -> int:
    """Return the width of a slot, in minutes: that of a cell, so that a session's edge never falls inside a slot.

    If the step does not divide the week, its cells start at different minutes each week. Slots are then at most one hour wide:
    wider ones would blur the edges of a session, and narrower ones might have no training data.
    """
    step = frequency.multiple * {"min": 1, "H": _HOUR, "D": _DAY}[frequency.unit]
    return step if _WEEK % step == 0 else min(step, _HOUR)
