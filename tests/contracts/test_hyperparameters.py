from __future__ import annotations

import pytest

from contracts.hyperparameters import HYPERPARAMETERS, hyperparameter_problems
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
