"""What every baseline is: fitted on the training range, then asked with the values up to a window's start.

A baseline gets no later value in either call, so it cannot look ahead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from fe_image.data.arrays import Floats
from fe_image.model.target import Mask

#: Values up to a window's start, shape (cells,) → quantiles, shape (levels, steps).
Forecaster: TypeAlias = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Setting:
    """What is known in advance. ``shares`` and ``trading``, shape (cells,): expected trading of every cell of the grid.

    ``returns``: the series is one of returns, so the last value of the underlying series is a return of 0.
    """

    levels: tuple[float, ...]
    steps: int
    shares: Floats
    trading: Mask
    returns: bool


@dataclass(frozen=True)
class Method:
    """A kind of baseline. ``fit`` returns None if the training range is too short for it."""

    name: str
    description: str
    fit: Callable[[Floats, Setting], Forecaster | None]
    most_assets: int | None = None


def observed(series: Floats) -> Floats:
    """Return the values of a series without gaps."""
    return series[np.isfinite(series)]
