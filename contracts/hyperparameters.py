"""The hyperparameters of SageMaker's built-in DeepAR: names, types and ranges.

The algorithm takes a map of string to string. The author of the definition, its checker, ``runs start`` and the local
stand-in all read this one table. The pipeline's defaults are in ``pipeline_def.author.hyperparameter_defaults.py``.
Source: Amazon SageMaker developer guide, "DeepAR hyperparameters" and "Tune a DeepAR model". If the guide names no upper
bound, the bound here is a practical limit: a larger value only makes the job more expensive.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from contracts.frequency import FREQUENCY_PATTERN
from contracts.problems import Problem, nearest
from contracts.strict_json import parse

Kind = Literal["integer", "float", "choice", "frequency", "integer-or-word", "integers-or-word", "quantiles"]

LIKELIHOODS = ("gaussian", "beta", "negative-binomial", "student-T", "deterministic-L1")
VALUE_MAX_CHARS = 2500


@dataclass(frozen=True)
class Hyperparameter:
    """One hyperparameter.

    ``default`` is the algorithm's own default; None means that it has none. ``required``: the algorithm does not start without
    it. ``from_template``: the training template sets it, and a start cannot override it.
    """

    name: str
    kind: Kind
    minimum: float = 0
    maximum: float = 0
    words: tuple[str, ...] = ()
    default: str | None = None
    required: bool = False
    from_template: bool = False

    @property
    def allowed(self) -> str:
        """The allowed values, for a message."""
        if self.kind in ("integer", "float"):
            return f"allowed: {'an integer' if self.kind == 'integer' else 'a number'} {self._range}"
        if self.kind == "choice":
            return f"allowed: one of {', '.join(self.words)}"
        if self.kind == "frequency":
            return "allowed: M, W, D, H or min, optionally with a multiple such as 30min"
        if self.kind == "integer-or-word":
            return f"allowed: {' or '.join(self.words)}, or an integer {self._range}"
        if self.kind == "integers-or-word":
            return f"allowed: {' or '.join(self.words)}, or a JSON list of integers {self._range}"
        return "allowed: a JSON list of different numbers between 0 and 1, such as [0.1, 0.5, 0.9]"

    @property
    def _range(self) -> str:
        return f"from {self.minimum:g} to {self.maximum:g}"

    def accepts(self, text: str) -> bool:
        """True if the algorithm accepts this string."""
        if len(text) > VALUE_MAX_CHARS:
            return False
        if self.kind == "frequency":
            return re.fullmatch(FREQUENCY_PATTERN, text) is not None
        if self.kind == "choice":
            return text in self.words
        if self.kind == "integer":
            return self._is_integer(text)
        if self.kind == "float":
            return self._is_number(text)
        if text in self.words:
            return True
        if self.kind == "integer-or-word":
            return self._is_integer(text)
        return self._is_list(text)

    def value_of(self, text: str) -> str | int | float | tuple[int | float, ...]:
        """Return the typed value of an accepted string."""
        if self.kind in ("choice", "frequency") or text in self.words:
            return text
        if self.kind in ("integer", "integer-or-word"):
            return int(text)
        return float(text) if self.kind == "float" else tuple(parse(text))

    def _is_integer(self, text: str) -> bool:
        return re.fullmatch(r"-?[0-9]{1,18}", text) is not None and self.minimum <= int(text) <= self.maximum

    def _is_number(self, text: str) -> bool:
        if not re.fullmatch(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,3})?", text):
            return False
        value = float(text)
        return math.isfinite(value) and self.minimum <= value <= self.maximum

    def _is_list(self, text: str) -> bool:
        try:
            values = parse(text)
        except ValueError:
            return False
        if not isinstance(values, list) or not values:
            return False
        if self.kind == "integers-or-word":
            return all(type(value) is int and self.minimum <= value <= self.maximum for value in values)
        return all(type(value) in (int, float) and 0 < value < 1 for value in values) and len(set(values)) == len(values)


HYPERPARAMETERS: Mapping[str, Hyperparameter] = {
    item.name: item
    for item in (
        Hyperparameter("time_freq", "frequency", required=True, from_template=True),
        Hyperparameter("prediction_length", "integer", 1, 1000, required=True, from_template=True),
        Hyperparameter("context_length", "integer", 1, 2000, required=True, from_template=True),
        Hyperparameter("epochs", "integer", 1, 1000, required=True),
        Hyperparameter("learning_rate", "float", 1e-5, 0.1, default="0.001"),
        Hyperparameter("mini_batch_size", "integer", 1, 1028, default="128"),
        Hyperparameter("num_cells", "integer", 1, 200, default="40"),
        Hyperparameter("num_layers", "integer", 1, 8, default="2"),
        Hyperparameter("dropout_rate", "float", 0, 0.9, default="0.1"),
        Hyperparameter("embedding_dimension", "integer", 1, 50, default="10"),
        Hyperparameter("likelihood", "choice", words=LIKELIHOODS, default="student-T"),
        Hyperparameter("cardinality", "integers-or-word", 1, 100_000, words=("auto", "ignore"), default="auto"),
        Hyperparameter("num_dynamic_feat", "integer-or-word", 1, 10_000, words=("auto", "ignore"), default="auto"),
        Hyperparameter("num_eval_samples", "integer", 1, 10_000, default="100"),
        Hyperparameter("test_quantiles", "quantiles", default="[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]"),
        Hyperparameter("early_stopping_patience", "integer", 1, 1000),
    )
}

#: The algorithm does not start without these.
REQUIRED = tuple(item.name for item in HYPERPARAMETERS.values() if item.required)


def hyperparameter_problems(values: Mapping[str, str], where: str = "hyperparameter") -> list[Problem]:
    """Return one problem for each unknown name and each value that is not allowed."""
    problems = []
    for name, text in values.items():
        known = HYPERPARAMETERS.get(name)
        if known is None:
            hint = nearest(name, HYPERPARAMETERS)
            problems.append(Problem(f"{where} {name}", text, hint or f"known: {', '.join(HYPERPARAMETERS)}"))
        elif not known.accepts(text):
            problems.append(Problem(f"{where} {name}", text, known.allowed))
    return problems
