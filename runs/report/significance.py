"""Test whether a difference between two forecasts, window by window, is more than chance."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from itertools import product
from operator import mul

#: Differences with a larger p-value are reported as possible chance.
LEVEL = 0.05
#: The smallest p-value of n windows is ``2 / 2^n``; with fewer windows no difference can reach ``LEVEL``.
LEAST_WINDOWS = math.ceil(math.log2(2 / LEVEL))
#: Up to ``EXACT_WINDOWS`` windows every assignment of signs is counted; above, ``DRAWS`` random ones with a fixed seed.
EXACT_WINDOWS = 12
DRAWS = 10_000


def sign_flip_p_value(differences: Sequence[float]) -> float:
    """Return the two-sided p-value of the paired sign-flip (randomisation) test of a mean difference of zero.

    If both forecasts are equally good, each window's difference could as well have the other sign. The p-value is the share of
    sign assignments whose mean is at least as far from zero (see :func:`smallest_p_value`).
    Source: R. A. Fisher, The Design of Experiments (1935), section 21.

    >>> sign_flip_p_value([1.0, 1.0, 1.0])
    0.25
    """
    if not differences:
        return 1.0
    # The tolerance counts the observed assignment as extreme, although another order of the sum may round differently.
    observed = abs(sum(differences)) * (1 - 1e-12)
    extreme = [abs(sum(map(mul, signs, differences))) >= observed for signs in _signs(len(differences))]
    return extreme.count(True) / len(extreme)


def smallest_p_value(windows: int) -> float:
    """Return the p-value if one forecast is better by the same amount in every window.

    >>> smallest_p_value(5)
    0.0625
    """
    return 2.0 ** (1 - windows)


def _signs(count: int) -> Iterator[tuple[int, ...]]:
    if count <= EXACT_WINDOWS:
        yield from product((1, -1), repeat=count)
        return
    dice = random.Random(0)  # noqa: S311 - a test's draws, the same each time
    yield (1,) * count
    for _ in range(DRAWS):
        yield tuple(dice.choices((1, -1), k=count))
