"""The hyperparameters of one training as typed values, read from the strings that SageMaker passes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from contracts.hyperparameters import HYPERPARAMETERS, REQUIRED, Hyperparameter, hyperparameter_problems
from contracts.problems import Problem, ProblemsError

Word = Literal["auto", "ignore"]

#: Fixed, so that the same training gives the same model. The built-in algorithm draws a new seed for each job.
SEED = 20170413
LARGEST_SEED = 2**31 - 1

#: Hyperparameters of the stand-in only, with an underscore so that they are not taken for the built-in algorithm's.
OWN_HYPERPARAMETERS: Mapping[str, Hyperparameter] = {
    item.name: item
    for item in (
        Hyperparameter("_seed", "integer", 0, LARGEST_SEED, default=str(SEED)),
        Hyperparameter("_batches_per_epoch", "integer", 1, 10_000),
    )
}


@dataclass(frozen=True)
class Config:
    """One field for each of :data:`~contracts.hyperparameters.HYPERPARAMETERS` and of :data:`OWN_HYPERPARAMETERS`.

    With ``early_stopping_patience`` None, all epochs are trained. The model of the best epoch is kept in any case.
    ``batches_per_epoch`` None: chosen by the sampler.
    """

    time_freq: str
    prediction_length: int
    context_length: int
    epochs: int
    learning_rate: float
    mini_batch_size: int
    num_cells: int
    num_layers: int
    dropout_rate: float
    embedding_dimension: int
    likelihood: str
    cardinality: Word | tuple[int, ...]
    num_dynamic_feat: Word | int
    num_eval_samples: int
    test_quantiles: tuple[float, ...]
    early_stopping_patience: int | None
    seed: int = SEED
    batches_per_epoch: int | None = None

    @classmethod
    def from_strings(cls, given: Mapping[str, object], source: str = "hyperparameters.json") -> Config:
        """Read SageMaker's map of string to string. Hyperparameters that are missing get the algorithm's default.

        ``_seed`` and ``_batches_per_epoch`` are the stand-in's own. Other names that start with an underscore, such as
        ``_tuning_objective_metric``, are SageMaker's own and ignored. An empty
        ``early_stopping_patience`` counts as not set, as in the built-in algorithm.

        Raises:
            ProblemsError: all missing, unknown and wrong hyperparameters; ``source`` names the file.
        """
        problems = [
            Problem(f"hyperparameter {name}", value, "allowed: a string (SageMaker passes a map of string to string)")
            for name, value in given.items()
            if not isinstance(value, str)
        ]
        texts = {name: value for name, value in given.items() if isinstance(value, str)}
        strings = {name: text for name, text in texts.items() if not name.startswith("_")}
        own = {name: text for name, text in texts.items() if name in OWN_HYPERPARAMETERS}
        if strings.get("early_stopping_patience") == "":
            del strings["early_stopping_patience"]
        problems += [
            Problem(f"hyperparameter {name}", None, f"required; {HYPERPARAMETERS[name].allowed}")
            for name in REQUIRED
            if name not in given
        ]
        problems += hyperparameter_problems(strings)
        problems += [
            Problem(f"hyperparameter {name}", text, OWN_HYPERPARAMETERS[name].allowed)
            for name, text in own.items()
            if not OWN_HYPERPARAMETERS[name].accepts(text)
        ]
        if problems:
            raise ProblemsError(source, problems)
        values = _typed(HYPERPARAMETERS, strings)
        values |= {name.removeprefix("_"): value for name, value in _typed(OWN_HYPERPARAMETERS, own).items()}
        return cls(**values)  # type: ignore[arg-type]

    @classmethod
    def from_json(cls, stored: Mapping[str, object]) -> Config:
        """Return the configuration that :meth:`to_json` stored in a model."""
        values = {name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()}
        return cls(**values)  # type: ignore[arg-type]

    def to_json(self) -> dict[str, object]:
        """Return the fields as JSON values."""
        return asdict(self)

    @property
    def window_length(self) -> int:
        """Number of time steps that the network is unrolled for: the context and the prediction range."""
        return self.context_length + self.prediction_length


def _typed(known: Mapping[str, Hyperparameter], texts: Mapping[str, str]) -> dict[str, object]:
    """Return the value of each known hyperparameter, by name: the given one, or the default, or None without a default."""
    chosen = {item.name: texts.get(item.name, item.default) for item in known.values()}
    return {name: None if text is None else known[name].value_of(text) for name, text in chosen.items()}
