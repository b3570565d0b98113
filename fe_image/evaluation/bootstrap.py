"""Confidence intervals of ratios by a block bootstrap: a block is a window, so errors that go together stay together.

Source: B. Efron and R. Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 8 (blocks) and 13 (percentile intervals).
"""

from __future__ import annotations

import numpy as np

from fe_image.data.arrays import Floats

DRAWS = 2000
#: Confidence of every interval.
CONFIDENCE = 0.95
_TAILS = ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)


def ratio_interval(numerators: Floats, denominators: Floats, seed: int) -> tuple[float, float] | None:
    """Return the interval of Σ numerators / Σ denominators, both of shape (windows,).

    None if fewer than two windows have a denominator above 0, because one block shows no spread.
    """
    usable = denominators > 0
    windows = int(usable.sum())
    if windows < 2:
        return None
    random = np.random.default_rng(seed)
    drawn = random.multinomial(windows, np.full(windows, 1 / windows), size=DRAWS)
    ratios = (drawn @ numerators[usable]) / (drawn @ denominators[usable])
    low, high = np.quantile(ratios, _TAILS)
    return float(low), float(high)
