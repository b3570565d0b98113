"""The learning rate's schedule and the validation split that decides it.

Source of the schedule: A. Alexandrov et al., "GluonTS: Probabilistic and Neural Time Series Modeling in Python", 2020, whose
trainer halves the rate on a plateau, down to 5e-5, and goes on from the best parameters so far.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from local_run.deepar.data import Series

#: The rate is multiplied by FACTOR after PATIENCE epochs without a lower loss, down to MINIMUM_RATE.
FACTOR = 0.5
PATIENCE = 10
MINIMUM_RATE = 5e-5

#: A series is long if it has this many prediction ranges. The end of a long series is held out: at most this share of it, and
#: this many windows, but more if all series together would give fewer than ENOUGH_WINDOWS.
LONG_RANGES = 20
LONG_SHARE = 0.05
LONG_WINDOWS = 8
#: Of short series, only every tenth gives its last prediction range, because the others need theirs for training. It is one of
#: fewer series, down to every one, if that would give fewer than FEW_WINDOWS.
SHORT_STRIDE = 10
SHORT_RANGES = 3
FEW_WINDOWS = 16
ENOUGH_WINDOWS = 32
#: Fewer windows say too little about the loss.
FEWEST_WINDOWS = 8
#: More windows cost time and change little.
MOST_WINDOWS = 512


@dataclass
class Plateau:
    """Follows the loss of the epochs: the current learning rate, and the best epoch."""

    rate: float
    patience: int = PATIENCE
    best_loss: float = math.inf
    best_epoch: int = -1
    _changed: int = field(default=-1)

    def improved(self, epoch: int, loss: float) -> bool:
        """Record an epoch's loss. Returns True if it is the lowest so far. Reduces the rate on a plateau."""
        if loss < self.best_loss:
            self.best_loss, self.best_epoch = loss, epoch
            return True
        return False

    def reduced(self, epoch: int) -> bool:
        """Reduce the rate if the last ``patience`` epochs, since the last reduction, brought no lower loss."""
        if epoch - max(self.best_epoch, self._changed) < self.patience or self.rate <= MINIMUM_RATE:
            return False
        self.rate, self._changed = max(MINIMUM_RATE, self.rate * FACTOR), epoch
        return True


@dataclass(frozen=True)
class Split:
    """Series for the updates, and the windows of the whole series that are held out, as (series, first forecast step)."""

    train: Sequence[Series]
    windows: Sequence[tuple[int, int]]


def split(series: Sequence[Series], prediction_length: int) -> Split:
    """Hold out the ends of some series for validation; none if that gives too few windows.

    The windows' prediction ranges do not overlap, and the returned training series end before them.
    """
    counts = _held_out([len(item.target) // prediction_length for item in series])
    windows = [
        (index, len(series[index].target) - number * prediction_length)
        for index, count in enumerate(counts)
        for number in range(count, 0, -1)
    ]
    if len(windows) < FEWEST_WINDOWS:
        return Split(series, ())
    train = [_without_end(item, count * prediction_length) for item, count in zip(series, counts, strict=True)]
    stride = -(-len(windows) // MOST_WINDOWS)
    return Split(train, windows[::stride])


def _held_out(ranges: Sequence[int]) -> list[int]:
    """Return the number of prediction ranges that each series gives, from the number that it has."""
    most = max(LONG_WINDOWS, ENOUGH_WINDOWS // len(ranges))
    short = [index for index, count in enumerate(ranges) if SHORT_RANGES <= count < LONG_RANGES]
    chosen = set(short[:: min(SHORT_STRIDE, max(1, len(short) // FEW_WINDOWS))])
    return [
        max(1, min(most, int(count * LONG_SHARE))) if count >= LONG_RANGES else int(index in chosen)
        for index, count in enumerate(ranges)
    ]


def _without_end(series: Series, steps: int) -> Series:
    return replace(series, target=series.target[: len(series.target) - steps])
