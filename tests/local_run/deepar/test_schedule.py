"""The plateau and the validation split."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from local_run.deepar.data import Series
from local_run.deepar.schedule import FEWEST_WINDOWS, MINIMUM_RATE, MOST_WINDOWS, Plateau, split


def flat(*lengths: int) -> list[Series]:
    return [Series(datetime(2020, 1, 1), np.arange(float(length))) for length in lengths]


def test_the_rate_halves_after_a_plateau_and_not_again_at_once() -> None:
    plateau = Plateau(0.001, patience=3)
    rates = []
    for epoch, loss in enumerate([5.0, 4, 4, 4, 4, 4, 4, 4, 4]):
        plateau.improved(epoch, loss)
        plateau.reduced(epoch)
        rates.append(plateau.rate)
    assert rates == [0.001] * 4 + [0.0005] * 3 + [0.00025] * 2
    assert (plateau.best_epoch, plateau.best_loss) == (1, 4)


def test_the_rate_has_a_minimum() -> None:
    plateau = Plateau(0.001, patience=1)
    for epoch in range(40):
        plateau.improved(epoch, 1.0)
        plateau.reduced(epoch)
    assert plateau.rate == MINIMUM_RATE


def test_a_rate_below_the_minimum_stays() -> None:
    plateau = Plateau(MINIMUM_RATE / 2, patience=1)
    plateau.improved(0, 1.0)
    assert not plateau.reduced(5)
    assert plateau.rate == MINIMUM_RATE / 2


@given(st.lists(st.integers(1, 900), min_size=1, max_size=80), st.integers(1, 20))
def test_held_out_windows_lie_after_the_training_series_and_within_the_whole(lengths: list[int], steps: int) -> None:
    series = flat(*lengths)
    found = split(series, steps)
    assert len(found.windows) == 0 or FEWEST_WINDOWS // 2 <= len(found.windows) <= MOST_WINDOWS
    if not found.windows:
        assert [len(item.target) for item in found.train] == lengths
    for index, start in found.windows:
        assert len(found.train[index].target) <= start <= lengths[index] - steps
    assert all(len(item.target) >= 1 for item in found.train)


def test_long_series_give_several_windows_and_short_ones_only_every_tenth() -> None:
    long = split(flat(3000, 3000), 20)
    assert [len(item.target) for item in long.train] == [3000 - 7 * 20] * 2
    assert len(long.windows) == 14
    short = split(flat(*[40] * 300), 8)
    assert [index for index, _ in short.windows] == list(range(0, 300, 10))
    assert len(split(flat(40, 40), 8).windows) == 0


def test_few_series_give_more_windows_each() -> None:
    assert len(split(flat(16_000), 24).windows) == 32
    assert len(split(flat(*[4000] * 4), 24).windows) == 32
    assert len(split(flat(*[86] * 13), 12).windows) == 13
    assert len(split(flat(*[40] * 70), 8).windows) == 18


def test_series_that_are_too_short_are_not_counted() -> None:
    assert [index for index, _ in split(flat(*[10] * 90, *[40] * 20), 8).windows] == list(range(90, 110))
