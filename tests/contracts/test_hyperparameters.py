from __future__ import annotations

import pytest

from contracts.hyperparameters import HYPERPARAMETERS, REQUIRED, hyperparameter_problems
from pipeline_def.author.hyperparameter_defaults import DEFAULTS


def test_every_hyperparameter_has_a_default_that_is_allowed() -> None:
    assert DEFAULTS.keys() == HYPERPARAMETERS.keys()
    assert hyperparameter_problems(DEFAULTS) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", "0"),
        ("epochs", "-1"),
        ("epochs", "1.5"),
        ("epochs", "two"),
        ("epochs", "1e9"),
        ("learning_rate", "0"),
        ("learning_rate", "1e9"),
        ("learning_rate", "abc"),
        ("learning_rate", "nan"),
        ("dropout_rate", "1"),
        ("likelihood", "Gaussian"),
        ("time_freq", "2x"),
        ("time_freq", "B"),
        ("num_dynamic_feat", "0"),
        ("num_dynamic_feat", "all"),
        ("cardinality", "[]"),
        ("cardinality", "[0]"),
        ("cardinality", "[true]"),
        ("test_quantiles", "[0.5, 0.5]"),
        ("test_quantiles", "[1.0]"),
        ("test_quantiles", "0.5"),
        ("test_quantiles", "[" + "0.1," * 1000 + "0.2]"),
        ("test_quantiles", "[" * 1200),
        ("test_quantiles", "[" * 1200 + "]" * 1200),
        ("test_quantiles", "[0.5, NaN]"),
        ("test_quantiles", '[0.5, {"a": 1}]'),
        ("cardinality", "[" * 1200),
        ("cardinality", "[[2]]"),
        ("mini_batch_size", ""),
    ],
)
def test_values_out_of_range_are_refused_with_what_is_allowed(name: str, value: str) -> None:
    (problem,) = hyperparameter_problems({name: value})
    assert problem.value == value
    assert problem.allowed.startswith("allowed: ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("learning_rate", "1e-3"),
        ("time_freq", "30min"),
        ("num_dynamic_feat", "ignore"),
        ("num_dynamic_feat", "7"),
        ("cardinality", "[6]"),
        ("cardinality", "[2, 2]"),
        ("test_quantiles", "[0.5]"),
    ],
)
def test_values_in_range_are_accepted(name: str, value: str) -> None:
    assert hyperparameter_problems({name: value}) == []


def test_an_unknown_name_gets_the_nearest_one() -> None:
    (problem,) = hyperparameter_problems({"epoch": "3"})
    assert "did you mean 'epochs'?" in problem.allowed


#: The ranges of Amazon's DeepAR documentation, or this project's own limit where it gives none.
RANGES = {
    "prediction_length": (1, 1000),
    "context_length": (1, 2000),
    "epochs": (1, 1000),
    "learning_rate": (1e-5, 0.1),
    "mini_batch_size": (1, 1028),
    "num_cells": (1, 200),
    "num_layers": (1, 8),
    "dropout_rate": (0, 0.9),
    "embedding_dimension": (1, 50),
    "num_dynamic_feat": (1, 10_000),
    "num_eval_samples": (1, 10_000),
    "early_stopping_patience": (1, 1000),
}


@pytest.mark.parametrize("name", RANGES)
def test_a_range_includes_its_ends_and_nothing_beyond_them(name: str) -> None:
    lowest, highest = RANGES[name]
    step = 1e-6 if isinstance(highest, float) else 1
    assert hyperparameter_problems({name: f"{lowest}"}) == hyperparameter_problems({name: f"{highest}"}) == []
    for beyond in (lowest - step, highest + step):
        (problem,) = hyperparameter_problems({name: f"{beyond}"})
        assert problem.where == f"hyperparameter {name}"


def test_cardinality_is_a_list_of_positive_integers() -> None:
    assert hyperparameter_problems({"cardinality": "[1, 100000]"}) == []
    for text in ("[0]", "[100001]", "[1.0]", "[]", "1"):
        assert len(hyperparameter_problems({"cardinality": text})) == 1


def test_quantiles_are_different_numbers_between_0_and_1() -> None:
    assert hyperparameter_problems({"test_quantiles": "[0.001, 0.999]"}) == []
    for text in ("[0]", "[1]", "[0.5, 0.5]", "[true]", "0.5", "[]"):
        assert len(hyperparameter_problems({"test_quantiles": text})) == 1


def test_only_the_template_sets_frequency_and_lengths() -> None:
    of_the_template = {name for name, item in HYPERPARAMETERS.items() if item.from_template}
    assert of_the_template == {"time_freq", "prediction_length", "context_length"}


def test_the_required_hyperparameters_are_those_of_the_algorithm() -> None:
    assert set(REQUIRED) == {"time_freq", "prediction_length", "context_length", "epochs"}
