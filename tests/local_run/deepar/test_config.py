"""Hyperparameters from strings, each with its effect on the network or the training."""

from __future__ import annotations

from dataclasses import fields, replace

import jax
import pytest

from contracts.hyperparameters import HYPERPARAMETERS
from contracts.problems import ProblemsError
from local_run.deepar.config import OWN_HYPERPARAMETERS, SEED, Config
from local_run.deepar.dataset import Schema, conform_channel
from local_run.deepar.network import initial_parameters
from local_run.deepar.sampling import network_shape
from local_run.deepar.windows import Sampler, Windows
from pipeline_def.author.hyperparameter_defaults import DEFAULTS
from tests.local_run.deepar.support import hyperparameters, seasonal_series

CHANGED = {
    "time_freq": "W",
    "prediction_length": "5",
    "context_length": "9",
    "mini_batch_size": "16",
    "num_cells": "6",
    "num_layers": "3",
    "embedding_dimension": "3",
    "likelihood": "gaussian",
    "cardinality": "ignore",
    "num_dynamic_feat": "ignore",
}
#: Those that act while training, each with its own test in test_training.py and test_container.py.
TRAINING = {"epochs", "learning_rate", "dropout_rate", "early_stopping_patience", "num_eval_samples", "test_quantiles"}


def described(strings: dict[str, str]) -> tuple[object, ...]:
    """What the hyperparameters make of the same data: array shapes of the network, and of an epoch's first batch."""
    config = Config.from_strings(strings)
    dynamic = jax.numpy.ones((2, 210))
    series = [replace(item, dynamic_feat=dynamic) for item in seasonal_series()]
    schema = Schema.derive(config, series)
    windows = Windows(conform_channel("train", series, schema, config), config, schema, scaling="mean")
    parameters = initial_parameters(network_shape(config, schema), 0)
    batch = windows.batch(Sampler(series, config).epoch()[0])
    return {name: value.shape for name, value in parameters.items()}, [value.shape for value in batch], windows.frequency


@pytest.mark.parametrize("name", sorted(CHANGED))
def test_each_hyperparameter_reaches_the_network(name: str) -> None:
    assert described(hyperparameters(**{name: CHANGED[name]})) != described(hyperparameters())


def test_every_hyperparameter_has_such_a_test() -> None:
    assert set(CHANGED) | TRAINING == set(HYPERPARAMETERS)


def test_the_configuration_has_one_field_for_each_hyperparameter() -> None:
    own = {name.removeprefix("_") for name in OWN_HYPERPARAMETERS}
    assert {field.name for field in fields(Config)} == HYPERPARAMETERS.keys() | own


def test_the_seed_and_the_batches_of_an_epoch_can_be_set() -> None:
    config = Config.from_strings(hyperparameters(_seed="7", _batches_per_epoch="3"))
    assert (config.seed, config.batches_per_epoch) == (7, 3)
    assert Sampler(seasonal_series(), config).batches == 3
    assert Config.from_strings(hyperparameters()).seed == SEED
    with pytest.raises(ProblemsError, match="_seed is 'x'; allowed: an integer from 0"):
        Config.from_strings(hyperparameters(_seed="x"))


def test_missing_hyperparameters_get_the_algorithms_defaults() -> None:
    required = {name: text for name, text in hyperparameters().items() if HYPERPARAMETERS[name].required}
    config = Config.from_strings(required)
    assert (config.learning_rate, config.mini_batch_size, config.num_cells, config.likelihood) == (0.001, 128, 40, "student-T")
    assert config.test_quantiles == (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
    assert config.early_stopping_patience is None


def test_all_defaults_of_the_pipeline_are_understood() -> None:
    config = Config.from_strings(DEFAULTS)
    assert (config.likelihood, config.early_stopping_patience, config.cardinality) == ("student-T", 20, "auto")
    assert Config.from_json(config.to_json()) == config


def test_lists_words_and_unset_are_typed() -> None:
    config = Config.from_strings(
        hyperparameters(cardinality="[2, 3]", num_dynamic_feat="4", test_quantiles="[0.5]", early_stopping_patience="")
    )
    assert (config.cardinality, config.num_dynamic_feat, config.test_quantiles) == ((2, 3), 4, (0.5,))
    assert config.early_stopping_patience is None
    assert Config.from_json(config.to_json()) == config


def test_sagemakers_own_names_are_left_alone() -> None:
    assert Config.from_strings(hyperparameters(_tuning_objective_metric="test:RMSE")) == Config.from_strings(hyperparameters())


def test_all_problems_at_once() -> None:
    strings = {"time_freq": "B", "prediction_length": "7", "epochs": "0", "num_cell": "40", "learning_rate": "1e9"}
    with pytest.raises(ProblemsError) as caught:
        Config.from_strings({**strings, "mini_batch_size": 8})
    text = str(caught.value)
    assert len(caught.value.problems) == 6
    for part in (
        "time_freq is 'B'",
        "context_length is missing",
        "epochs is '0'",
        "'num_cells'",
        "'1e9'",
        "mini_batch_size is 8",
    ):
        assert part in text
