"""Training: it learns, it is deterministic, its settings act."""

from __future__ import annotations

import logging
import math
import re
from dataclasses import replace

import jax
import numpy as np
import pytest

from contracts.problems import ProblemsError
from local_run.deepar import training
from local_run.deepar.dataset import Schema
from local_run.deepar.likelihoods import LIKELIHOODS
from local_run.deepar.model import Model
from local_run.deepar.network import initial_parameters
from local_run.deepar.sampling import network_shape, sample_paths
from local_run.deepar.training import evaluate, train
from local_run.deepar.windows import Windows
from tests.local_run.deepar.support import SMALL, cut, seasonal_series

SHORT = replace(SMALL, epochs=1)


def losses(caplog: pytest.LogCaptureFixture) -> list[float]:
    return [float(value) for value in re.findall(r"epoch=\d+, train loss <loss>=(\S+)", caplog.text)]


def test_a_weekly_pattern_is_learnt(seasonal_model: Model) -> None:
    """Far better than repeating the last value, or the values of the whole past."""
    series = seasonal_series()
    scores = evaluate(seasonal_model, series)
    actual = np.stack([item.target[-7:] for item in series])
    last = np.stack([np.repeat(item.target[-8], 7) for item in series])
    naive = 2 * 0.5 * np.abs(actual - last).sum() / np.abs(actual).sum()
    assert scores["mean_wQuantileLoss"] < 0.25 * naive
    assert scores["RMSE"] < 0.35 * math.sqrt(np.mean((actual - last) ** 2))


def test_the_forecast_knows_its_uncertainty() -> None:
    """Of a training that has settled: after few large steps the spread is what the last one left, another on each processor."""
    model = train(replace(SMALL, epochs=30, learning_rate=0.003), cut(seasonal_series(), 203))
    series = [replace(item, target=item.target[:196]) for item in seasonal_series()]
    samples = sample_paths(model, series, 200)
    actual = np.stack([item.target[196:203] for item in seasonal_series()])
    low, high = np.quantile(samples, [0.02, 0.98], axis=1)
    assert ((actual > low) & (actual < high)).mean() >= 0.75
    assert (high - low).mean() < 3, "half of what the weekly pattern itself spans"


def test_the_model_is_an_average_over_the_last_tenth_of_the_updates() -> None:
    series = cut(seasonal_series(), 203)
    schema = Schema.derive(SMALL, series)
    batch = Windows(series, SMALL, schema, "standard").batch([(0, 100), (1, 150)])
    shape, key = network_shape(SMALL, schema), jax.random.key(0)
    state = training._started(initial_parameters(shape, 0))
    expected = 0.0
    keep = np.zeros((1, 21, 2, 16), bool)
    for number, share in enumerate((1, 1 / 1.1, 1 / 1.2, 1 / 1.3)):
        state, _ = training._compiled_step(state, shape, batch, 0.01, keep, key, number, False)
        expected += share * (np.asarray(state[0]["head_kernel"]) - expected)
    np.testing.assert_allclose(state[1]["head_kernel"], expected, rtol=1e-5, atol=1e-7)


def test_the_same_training_gives_the_same_numbers(seasonal_model: Model) -> None:
    again = train(SMALL, cut(seasonal_series(), 203))
    for name, value in seasonal_model.parameters.items():
        np.testing.assert_array_equal(value, again.parameters[name])
    assert evaluate(again, seasonal_series()) == evaluate(seasonal_model, seasonal_series())
    other = train(replace(SHORT, seed=2), cut(seasonal_series(), 203))
    assert any((value != other.parameters[name]).any() for name, value in seasonal_model.parameters.items())


def test_another_unit_of_the_target_changes_nothing_but_the_unit(seasonal_model: Model) -> None:
    """A power of two, so that not even rounding differs."""
    factor = 2.0**-12
    scaled = train(SMALL, cut(seasonal_series(scale=factor), 203))
    series = seasonal_series()
    there = sample_paths(scaled, [replace(item, target=item.target * factor) for item in series], 20)
    np.testing.assert_allclose(there / factor, sample_paths(seasonal_model, series, 20), rtol=1e-3)


def test_missing_days_are_forecast_over(caplog: pytest.LogCaptureFixture) -> None:
    """Weekends without values, as prices have them: the weekdays' pattern is still learnt."""
    days = np.arange(210) % 7
    series = [replace(item, target=np.where(days < 5, item.target, math.nan)) for item in seasonal_series()]
    scores = evaluate(train(replace(SMALL, epochs=8), cut(series, 203)), series)
    actual = np.stack([item.target[-7:-2] for item in series])
    last = np.stack([np.repeat(item.target[-10], 5) for item in series])
    assert scores["mean_wQuantileLoss"] < 0.5 * np.abs(actual - last).sum() / np.abs(actual).sum()


def test_epochs_and_learning_rate_act(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    series = cut(seasonal_series(), 203)
    train(replace(SMALL, epochs=2), series)
    train(replace(SMALL, epochs=1, learning_rate=0.0001), series)
    first, second, slow = losses(caplog)
    assert second < first < slow


def test_the_dropout_rate_acts(caplog: pytest.LogCaptureFixture) -> None:
    series = cut(seasonal_series(), 203)
    some, none = (train(replace(SHORT, dropout_rate=rate), series) for rate in (0.5, 0.0))
    assert (some.parameters["head_kernel"] != none.parameters["head_kernel"]).any()


def test_patience_ends_training_and_keeps_the_best_model(caplog: pytest.LogCaptureFixture) -> None:
    """A learning rate that makes the loss jump about: training stops early, with the lowest loss's parameters."""
    caplog.set_level(logging.INFO)
    series = cut(seasonal_series(), 203)
    train(replace(SMALL, epochs=60, learning_rate=0.1, early_stopping_patience=2), series)
    seen = losses(caplog)
    assert len(seen) < 60
    assert min(seen) == seen[-3]
    final = re.search(r"Final loss: (\S+) \(occurred at epoch (\d+)\)", caplog.text)
    assert final is not None
    assert (float(final[1]), int(final[2])) == (seen[-3], len(seen) - 3)


@pytest.mark.filterwarnings("ignore:overflow")
def test_a_loss_that_is_no_number_is_told() -> None:
    series = [replace(item, target=item.target * 1e300) for item in cut(seasonal_series(), 203)]
    series[0] = replace(series[0], target=np.where(np.arange(203) % 2, 1e-300, 1e300))
    with pytest.raises(ProblemsError, match="lower learning_rate"):
        train(SHORT, series)


@pytest.mark.parametrize("likelihood", ["negative-binomial", "beta"])
def test_other_likelihoods_forecast_within_their_support(likelihood: str) -> None:
    """Samples of an untrained network are counts, or between 0 and 1."""
    config = replace(SMALL, num_cells=4, likelihood=likelihood)
    series = [
        replace(item, target=np.round(np.abs(item.target)) / (40 if likelihood == "beta" else 1)) for item in seasonal_series(2)
    ]
    schema = Schema.derive(config, series)
    windows = Windows(series, config, schema, LIKELIHOODS[likelihood].scaling)
    parameters = initial_parameters(network_shape(config, schema), 0)
    samples = sample_paths(Model(config, schema, windows.standard, parameters), series, 20)
    assert (samples >= 0).all()
    if likelihood == "beta":
        assert (samples <= 1).all()
    else:
        np.testing.assert_allclose(samples, np.round(samples), atol=1e-4)
