"""The target's transform, done and undone.

Prices lie on the calendar grid: NaN where there was no trading. ``level`` is the price, ``log`` its natural logarithm,
``log_return`` the logarithm of a price over the last observed price before it, which after a weekend spans three days. A
model learns one value per cell and never sees the NaN, so undoing counts the cells that are expected to have trading, and only
those: a forecast return for a Sunday never happens.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from fe_image.data.arrays import Floats, Times
from fe_image.data.frequency import Frequency

Transform = Literal["level", "log", "log_return"]
Mask = npt.NDArray[np.bool_]

#: A slot of the week counts as trading time where this share of its training cells had trading.
_TRADING_SHARE = 0.5
_HOUR, _DAY = 60, 24 * 60  # minutes
_WEEK = 7 * _DAY


def transformed(price: Floats, transform: Transform) -> Floats:
    """Prices by row (…, rows) → target by row. The first log return of a series is NaN: nothing came before it."""
    if transform == "level":
        return price.astype(np.float64)
    logarithm = np.log(price)
    if transform == "log":
        return logarithm
    out = np.full(price.shape, np.nan)
    out[..., 1:] = np.diff(logarithm, axis=-1)
    return out


def undo_paths(transform: Transform, paths: Floats, last_price: float, trading: Mask) -> Floats:
    """Sampled target paths → price paths.

    ``paths``: (samples, steps). ``last_price``: the last observed price before the first step. ``trading``: (steps,), whether a
    step is expected to have trading; returns of the others are not counted, so the price stays as it was.
    Quantiles must be taken of what comes back: a quantile of sums is not the sum of quantiles.
    """
    if transform == "level":
        return paths.astype(np.float64)
    if transform == "log":
        return np.exp(paths)
    prices: Floats = last_price * np.exp(np.cumsum(np.where(trading, paths, 0.0), axis=-1))
    return prices


def trading_profile(times: Times, observed: Mask, frequency: Frequency) -> list[float]:
    """Share of cells with trading by slot of the week, from Monday 0 h on; [1.0] where each cell has some.

    ``times`` and ``observed`` are those of the training range.
    """
    slots, count = _slots(times, frequency)
    seen = np.bincount(slots, minlength=count).astype(np.float64)
    traded = np.bincount(slots, weights=observed.astype(np.float64), minlength=count)
    return [float(share) for share in np.divide(traded, seen, out=np.ones(count), where=seen > 0)]


def expected_trading(times: Times, profile: list[float], frequency: Frequency) -> Mask:
    """Which cells are expected to have trading. Known ahead, but for holidays, which a weekly profile does not know."""
    return trading_shares(times, profile, frequency) >= min(_TRADING_SHARE, max(profile))


def trading_shares(times: Times, profile: list[float], frequency: Frequency) -> Floats:
    """The profile's share of each cell."""
    slots, _ = _slots(times, frequency)
    return np.asarray(profile)[slots]


def _slots(times: Times, frequency: Frequency) -> tuple[npt.NDArray[np.int64], int]:
    """The slot of the week that each cell begins in, and how many slots there are."""
    if frequency.unit not in ("min", "H") and str(frequency) != "1D":
        return np.zeros(times.size, dtype=np.int64), 1
    minutes = times.astype("datetime64[m]").astype(np.int64) + 3 * _DAY  # the epoch was a Thursday
    width = _slot_width(frequency)
    return minutes % _WEEK // width, -(-_WEEK // width)


def _slot_width(frequency: Frequency) -> int:
    """Minutes. As wide as a cell, so that a market that opens at half past is in no slot half of the time.

    Cells of a step that does not divide the week begin at other minutes each week. Slots as wide as they would then blur the
    edges of a session, narrow ones would not all be seen in training.
    """
    step = frequency.multiple * {"min": 1, "H": _HOUR, "D": _DAY}[frequency.unit]
    return step if _WEEK % step == 0 else min(step, _HOUR)
