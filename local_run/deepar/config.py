"""The algorithm's hyperparameters, from the strings that SageMaker writes to typed values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from contracts.hyperparameters import HYPERPARAMETERS, REQUIRED, hyperparameter_problems
from contracts.problems import Problem, ProblemsError
from contracts.strict_json import parse

Word = Literal["auto", "ignore"]
_WORDS = ("auto", "ignore")

#: Fixed, so that the same run gives the same numbers. (The built-in algorithm draws a new seed for every job.)
SEED = 20170413


@dataclass(frozen=True)
class Config:
    """One training's settings. ``early_stopping_patience`` None trains all epochs and keeps the last model."""

    time_freq: str
    prediction_length: int
    context_length: int
    epochs: int
    learning_rate: float = 0.001
    mini_batch_size: int = 128
    num_cells: int = 40
    num_layers: int = 2
    dropout_rate: float = 0.1
    embedding_dimension: int = 10
    likelihood: str = "student-T"
    cardinality: Word | tuple[int, ...] = "auto"
    num_dynamic_feat: Word | int = "auto"
    num_eval_samples: int = 100
    test_quantiles: tuple[float, ...] = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
    early_stopping_patience: int | None = None
    seed: int = SEED

    @classmethod
    def from_strings(cls, given: Mapping[str, object], source: str = "hyperparameters.json") -> Config:
        """Read the map of string to string; every problem at once.

        Names that start with an underscore are SageMaker's own (``_tuning_objective_metric``) and left alone. An empty
        ``early_stopping_patience`` is the algorithm's way to say "unset".
        """
        problems = [
            Problem(f"hyperparameter {name}", value, "allowed: a string (SageMaker passes a map of string to string)")
            for name, value in given.items()
            if not isinstance(value, str)
        ]
        strings = {name: value for name, value in given.items() if isinstance(value, str) and not name.startswith("_")}
        if strings.get("early_stopping_patience") == "":
            del strings["early_stopping_patience"]
        problems += [
            Problem(f"hyperparameter {name}", None, f"required; {HYPERPARAMETERS[name].allowed}")
            for name in REQUIRED
            if name not in given
        ]
        problems += hyperparameter_problems(strings)
        if problems:
            raise ProblemsError(source, problems)
        return cls(**{name: _typed(name, text) for name, text in strings.items()})  # type: ignore[arg-type]

    @classmethod
    def from_json(cls, stored: Mapping[str, object]) -> Config:
        """Back from :meth:`to_json`, as a stored model holds it."""
        values = {name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()}
        return cls(**values)  # type: ignore[arg-type]

    def to_json(self) -> dict[str, object]:
        return asdict(self)

    @property
    def window_length(self) -> int:
        """Steps that the network is unrolled for: the context and the prediction range."""
        return self.context_length + self.prediction_length


def _typed(name: str, text: str) -> object:
    """The value of a string that the table of hyperparameters accepts."""
    kind = HYPERPARAMETERS[name].kind
    if kind in ("choice", "frequency") or text in _WORDS:
        return text
    if kind in ("integer", "integer-or-word"):
        return int(text)
    if kind == "float":
        return float(text)
    return tuple(parse(text))
