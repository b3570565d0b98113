"""Windows: alignment of lags and covariates, padding, scaling, sampling."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from local_run.deepar.config import Config
from local_run.deepar.data import Series
from local_run.deepar.dataset import Schema
from local_run.deepar.windows import Sampler, Scaling, Windows
from tests.local_run.deepar.support import SMALL, seasonal_series


def windows_of(series: list[Series], config: Config = SMALL, extra: int = 0, scaling: Scaling = "mean") -> Windows:
    return Windows(series, config, Schema.derive(config, series), scaling, extra=extra)


def counting(length: int, missing: tuple[int, ...] = ()) -> Series:
    target = np.arange(1.0, length + 1)
    target[list(missing)] = math.nan
    return Series(datetime(2020, 1, 6), target)


def test_history_ends_with_the_window_and_is_scaled_by_the_contexts_mean() -> None:
    batch = windows_of([counting(600)]).batch([(0, 500)])
    begin = 500 - SMALL.context_length
    assert batch.scale[0] == pytest.approx(np.arange(begin + 1, 501).mean())
    np.testing.assert_allclose(batch.history[0] * batch.scale[0], np.arange(begin - 364 + 1, 508), rtol=1e-5)
    assert batch.observed.all()
    assert batch.known.all()


def test_the_standard_scaling_removes_level_and_deviation_of_the_context() -> None:
    batch = windows_of([counting(600)], scaling="standard").batch([(0, 500)])
    assert windows_of([counting(600)], scaling="standard").standard.centred
    context = batch.history[0, 364 : 364 + SMALL.context_length]
    assert (context.mean(), context.std()) == (pytest.approx(0, abs=1e-5), pytest.approx(1, rel=1e-5))
    np.testing.assert_allclose(batch.history[0] * batch.scale[0] + batch.location[0], np.arange(123, 508), rtol=1e-5)
    padded = windows_of([replace(counting(40), target=np.arange(40) + 1000.0)], scaling="standard").batch([(0, 3)])
    assert not padded.history[0, : 364 + 11].any(), "steps before the series"


@pytest.mark.parametrize("values", [[50.0] * 40, [50.0 + 0.001 * (step % 2) for step in range(40)]])
def test_a_context_that_hardly_moves_is_scaled_by_its_level(values: list[float]) -> None:
    batch = windows_of([replace(counting(40), target=np.array(values))], scaling="standard").batch([(0, 30)])
    assert batch.scale[0] == pytest.approx(50, rel=1e-4)


def test_values_that_move_as_much_as_their_level_are_not_centred() -> None:
    windows = windows_of([replace(counting(40), target=np.random.default_rng(0).normal(0, 1, 40))], scaling="standard")
    assert not windows.standard.centred
    assert windows.batch([(0, 30)]).location[0] == 0


def test_steps_before_the_series_are_zero_and_known_but_not_observed() -> None:
    batch = windows_of([counting(40)]).batch([(0, 3)])
    assert batch.observed[0].tolist() == [False] * 11 + [True] * 10
    assert batch.known[0].all()
    assert not batch.history[0, : 364 + 11].any()
    assert batch.scale[0] == pytest.approx(2.0)  # of 1, 2, 3
    assert not batch.covariates[0, :11].any()


def test_missing_and_future_steps_are_neither_observed_nor_known() -> None:
    batch = windows_of([counting(40, missing=(35, 36))], extra=7).batch([(0, 40)])
    wrong = [9, 10, *range(14, 21)]
    assert np.flatnonzero(~batch.observed[0]).tolist() == wrong
    assert np.flatnonzero(~batch.known[0]).tolist() == wrong
    assert not batch.history[0, 364:][wrong].any()
    assert batch.covariates[0, 14:].any(axis=1).all()  # the future's covariates are there


def test_a_context_without_values_takes_the_training_sets_scale() -> None:
    series = [counting(30), replace(counting(30), target=np.full(30, math.nan)), replace(counting(30), target=np.zeros(30))]
    batch = windows_of(series).batch([(1, 20), (2, 20)])
    np.testing.assert_allclose(batch.scale, np.nanmean(np.abs(np.concatenate([item.target for item in series]))))


def test_covariates_are_standardised_over_the_training_set() -> None:
    random = np.random.default_rng(0)
    series = [replace(item, dynamic_feat=random.normal(5, 3, (2, 210)).astype(np.float32)) for item in seasonal_series(3)]
    series = [replace(item, dynamic_feat=np.vstack([item.dynamic_feat, np.full((1, 210), 0.1, np.float32)])) for item in series]
    windows = windows_of(series)
    every = np.concatenate(windows._covariates)
    np.testing.assert_allclose(every.mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(every.std(axis=0), [1] * 5 + [0], atol=1e-3)  # the constant one says nothing


def test_an_epoch_is_ten_batches_or_one_pass_over_all_series() -> None:
    few = Sampler(seasonal_series(3), SMALL)
    chosen = few.epoch()
    assert [len(batch) for batch in chosen] == [SMALL.mini_batch_size] * 10
    counts = np.bincount([index for batch in chosen for index, _ in batch])
    assert counts.max() - counts.min() <= 1
    many = Sampler(seasonal_series(50), replace(SMALL, mini_batch_size=4))
    assert many.batches == 13
    assert {index for batch in many.epoch() for index, _ in batch} == set(range(50))


def test_windows_are_drawn_evenly_from_within_the_series_and_again_the_same() -> None:
    series = [counting(100), counting(5)]
    config = replace(SMALL, mini_batch_size=1000)
    chosen = [start for batch in Sampler(series, config).epoch() for index, start in batch if index == 0]
    assert (min(chosen), max(chosen)) == (1, 93)
    assert np.bincount(chosen)[1:].min() > 0
    first, second = (Sampler(series, SMALL) for _ in range(2))
    assert first.epoch() == second.epoch()
    assert first.epoch() != Sampler(series, replace(SMALL, seed=1)).epoch()
