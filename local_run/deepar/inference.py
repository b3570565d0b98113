"""Requests and responses of the built-in algorithm: JSON for an endpoint, JSON Lines for a batch transform.

Source: Amazon SageMaker developer guide, "DeepAR inference formats".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contracts.backtest import INFERENCE_CONFIG_VARIABLE
from contracts.problems import Problem, ProblemsError, one_problem
from contracts.strict_json import parse
from local_run.deepar.data import Series, limited, parse_series
from local_run.deepar.model import Model
from local_run.deepar.sampling import sample_paths

OUTPUT_TYPES = ("mean", "quantiles", "samples")
SAMPLES_MAX = 10_000


@dataclass(frozen=True)
class Configuration:
    """A request's configuration, with the algorithm's defaults for fields that are missing."""

    num_samples: int = 100
    output_types: tuple[str, ...] = ("mean", "quantiles")
    quantiles: tuple[str, ...] = ("0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9")

    @classmethod
    def parse(cls, given: object) -> tuple[list[Problem], Configuration]:
        """Return the problems of a configuration, and the configuration (the default if there are problems)."""
        if not isinstance(given, dict):
            return [Problem("configuration", given, "allowed: a JSON object")], cls()
        values = {**{"num_samples": 100, "output_types": ["mean", "quantiles"], "quantiles": list(cls.quantiles)}, **given}
        count, types, quantiles = values["num_samples"], values["output_types"], values["quantiles"]
        problems = [
            Problem(f"configuration.{name}", value, "unknown; allowed: num_samples, output_types, quantiles")
            for name, value in given.items()
            if name not in ("num_samples", "output_types", "quantiles")
        ]
        if type(count) is not int or not 1 <= count <= SAMPLES_MAX:
            problems.append(Problem("configuration.num_samples", count, f"allowed: an integer from 1 to {SAMPLES_MAX}"))
        if not isinstance(types, list) or not types or not set(map(str, types)) <= set(OUTPUT_TYPES):
            problems.append(Problem("configuration.output_types", types, f"allowed: a list of {', '.join(OUTPUT_TYPES)}"))
        if not isinstance(quantiles, list) or not all(_is_level(level) for level in quantiles):
            allowed = 'allowed: a list of numbers between 0 and 1 such as ["0.5"]'
            problems.append(Problem("configuration.quantiles", quantiles, allowed))
        return problems, cls() if problems else cls(count, tuple(map(str, types)), tuple(map(str, quantiles)))

    @classmethod
    def from_environment(cls, text: str) -> Configuration:
        """Read ``DEEPAR_INFERENCE_CONFIG``, the configuration of a batch transform. An empty text is the default.

        Raises:
            ProblemsError: everything that is wrong in it.
        """
        if not text.strip():
            return cls()
        try:
            given = parse(text)
        except ValueError as error:
            allowed = 'allowed: a JSON object such as {"num_samples": 200, "output_types": ["mean"]}'
            raise one_problem("environment", INFERENCE_CONFIG_VARIABLE, str(error), allowed) from error
        problems, configuration = cls.parse(given)
        if problems:
            raise ProblemsError(INFERENCE_CONFIG_VARIABLE, problems)
        return configuration


def answer(model: Model, text: str, seed: int | None = None) -> str:
    """Return the JSON of the response to a request's JSON.

    Raises:
        ProblemsError: everything that is wrong in the request.
    """
    try:
        request = parse(text)
    except ValueError as error:
        raise one_problem("request", "body", str(error), "allowed: a JSON object with instances") from error
    return json.dumps(predict(model, request, seed))


def predict(model: Model, request: object, seed: int | None = None) -> dict[str, Any]:
    """Forecast every instance of a request: ``{"predictions": [{"quantiles": {...}, "mean": [...], "samples": [...]}, …]}``.

    The same seed gives the same answer.

    Raises:
        ProblemsError: everything that is wrong in the request.
    """
    if not isinstance(request, dict):
        raise one_problem("request", "body", request, "allowed: a JSON object with instances")
    problems = [
        Problem(name, value, "unknown; allowed: instances, configuration")
        for name, value in request.items()
        if name not in ("instances", "configuration")
    ]
    found, configuration = Configuration.parse(request.get("configuration", {}))
    problems += found
    found, series = _instances(model, request.get("instances"))
    problems += found
    if problems:
        raise ProblemsError("request", limited(problems))
    samples = sample_paths(model, series, configuration.num_samples, seed)
    return {"predictions": [_prediction(paths, configuration) for paths in samples]}


def answer_lines(model: Model, text: str, configuration: Configuration) -> str:
    """Forecast every line of a JSON Lines request, which is one instance. Returns one line of JSON for each, in the same order.

    Lines are forecast one by one, so the answer to a line does not depend on the other lines. Blank lines are ignored.

    Raises:
        ProblemsError: everything that is wrong in the lines, or there is no line.
    """
    problems: list[Problem] = []
    series: list[Series] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            found, item = _line(model, line, f"line {number}")
            problems += found
            series += [] if item is None else [item]
    if not series and not problems:
        problems.append(Problem("body", "", "allowed: at least one line of JSON with start and target"))
    if problems:
        raise ProblemsError("request", limited(problems))
    drawn = (sample_paths(model, [item], configuration.num_samples)[0] for item in series)
    return "".join(json.dumps(_prediction(paths, configuration)) + "\n" for paths in drawn)


def _line(model: Model, text: str, where: str) -> tuple[list[Problem], Series | None]:
    try:
        record = parse(text)
    except ValueError as error:
        return [Problem(where, text, f"allowed: a JSON object with start and target ({error})")], None
    return _instance(model, record, where)


def _instances(model: Model, given: object) -> tuple[list[Problem], list[Series]]:
    if not isinstance(given, list) or not given:
        return [Problem("instances", given, "allowed: a list of at least one time series")], []
    problems: list[Problem] = []
    series: list[Series] = []
    for number, record in enumerate(given):
        found, item = _instance(model, record, f"instances[{number}]")
        problems += found
        series += [] if item is None else [item]
    return problems, series


def _instance(model: Model, record: object, where: str) -> tuple[list[Problem], Series | None]:
    found, item = parse_series(record, where, model.config.prediction_length)
    if item is None:
        return found, None
    return model.schema.problems(item, where, model.config), model.schema.conform(item)


def _prediction(paths: NDArray[np.float64], configuration: Configuration) -> dict[str, Any]:
    """Return one instance's outputs from its sample paths, shape (samples, steps)."""
    made: Mapping[str, Any] = {
        "mean": lambda: paths.mean(axis=0).tolist(),
        "quantiles": lambda: {level: np.quantile(paths, float(level), axis=0).tolist() for level in configuration.quantiles},
        "samples": lambda: paths.tolist(),
    }
    return {name: made[name]() for name in configuration.output_types}


def _is_level(value: object) -> bool:
    try:
        return 0 < float(str(value)) < 1
    except ValueError:
        return False
