"""Whether a difference between two forecasts, window by window, is more than chance."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from itertools import product
from operator import mul

#: What is called chance above this.
LEVEL = 0.05
#: The smallest p-value of n windows is ``2 / 2^n``: with fewer than these no difference whatever reaches ``LEVEL``.
LEAST_WINDOWS = math.ceil(math.log2(2 / LEVEL))
#: Up to so many windows every assignment of signs is counted; beyond, that many random ones with a fixed seed.
EXACT_WINDOWS = 12
DRAWS = 10_000


def sign_flip_p_value(differences: Sequence[float]) -> float:
    """Two-sided p-value of the paired sign-flip (randomisation) test of a mean difference of zero.

    Where neither forecast is better, a window's difference is as likely to have the other sign; the p-value is the share of
    sign assignments whose mean lies at least as far from zero (see :func:`smallest_p_value`).
    Source: R. A. Fisher, The Design of Experiments (1935), section 21.

    >>> sign_flip_p_value([1.0, 1.0, 1.0])
    0.25
    """
    if not differences:
        return 1.0
    # The tolerance counts the observed assignment among those as extreme, whatever the order of the sum rounds to.
    observed = abs(sum(differences)) * (1 - 1e-12)
    extreme = [abs(sum(map(mul, signs, differences))) >= observed for signs in _signs(len(differences))]
    return extreme.count(True) / len(extreme)


def smallest_p_value(windows: int) -> float:
    """What the test gives where one forecast is better in every window, by as much.

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
