"""Checks of a whole channel: its series must have the same categories and features. Also its statistics for the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from contracts.problems import Problem, ProblemsError
from local_run.deepar.config import Config
from local_run.deepar.data import Series, limited

#: The developer guide advises against training with fewer observations.
FEW_OBSERVATIONS = 300


@dataclass(frozen=True)
class Schema:
    """Number of categories of each ``cat`` entry (empty without categories), and number of dynamic features."""

    cardinality: tuple[int, ...]
    num_dynamic_feat: int

    @classmethod
    def derive(cls, config: Config, train: Sequence[Series]) -> Schema:
        """Return the schema of the hyperparameters. For ``auto``, the first series decides which fields are used."""
        first = train[0]
        if config.cardinality == "ignore" or (config.cardinality == "auto" and not first.cat):
            cardinality: tuple[int, ...] = ()
        elif isinstance(config.cardinality, tuple):
            cardinality = config.cardinality
        else:
            same = [series.cat for series in train if len(series.cat) == len(first.cat)]
            cardinality = tuple(max(column) + 1 for column in zip(*same, strict=True))
        if isinstance(config.num_dynamic_feat, int):
            return cls(cardinality, config.num_dynamic_feat)
        return cls(cardinality, 0 if config.num_dynamic_feat == "ignore" else first.num_dynamic_feat)

    def problems(self, series: Series, where: str, config: Config) -> list[Problem]:
        """Return the reasons why a series does not fit this schema."""
        found = []
        if len(self.cardinality) != len(series.cat) and config.cardinality != "ignore":
            allowed = f"allowed: {len(self.cardinality)} categories, as in every series"
            found.append(Problem(f"{where} cat", list(series.cat), allowed))
        elif config.cardinality != "ignore":
            found += [
                Problem(f"{where} cat[{position}]", value, f"allowed: 0 to {limit - 1} (cardinality)")
                for position, (value, limit) in enumerate(zip(series.cat, self.cardinality, strict=True))
                if value >= limit
            ]
        if self.num_dynamic_feat != series.num_dynamic_feat and config.num_dynamic_feat != "ignore":
            allowed = f"allowed: {self.num_dynamic_feat} features, as in every series"
            found.append(Problem(f"{where} dynamic_feat", f"{series.num_dynamic_feat} features", allowed))
        return found + _support_problems(series, where, config.likelihood)

    def conform(self, series: Series) -> Series:
        """Return the series without the fields that the model ignores."""
        return replace(
            series,
            cat=series.cat if self.cardinality else (),
            dynamic_feat=series.dynamic_feat if self.num_dynamic_feat else None,
        )


def _support_problems(series: Series, where: str, likelihood: str) -> list[Problem]:
    """Report targets outside the range of the likelihood."""
    observed = series.target[~np.isnan(series.target)]
    if likelihood == "beta":
        wrong, allowed = observed[(observed < 0) | (observed > 1)], "likelihood beta allows 0 to 1"
    elif likelihood == "negative-binomial":
        wrong, allowed = observed[(observed < 0) | (observed % 1 != 0)], "likelihood negative-binomial allows counts: 0, 1, 2 …"
    else:
        return []
    return [Problem(f"{where} target", float(wrong[0]), allowed)] if len(wrong) else []


def conform_channel(channel: str, series: Sequence[Series], schema: Schema, config: Config) -> list[Series]:
    """Check every series against the schema and remove the fields that it ignores.

    Raises:
        ProblemsError: all problems of the channel.
    """
    problems = []
    for number, item in enumerate(series, start=1):
        where = f"{channel} series {number}"
        problems += schema.problems(item, where, config)
        if channel == "test" and len(item.target) <= config.prediction_length:
            allowed = f"allowed: more than prediction_length ({config.prediction_length})"
            problems.append(Problem(f"{where} target", f"{len(item.target)} values", allowed))
    if channel == "train" and all(np.isnan(item.target).all() for item in series):
        problems.append(Problem("train target", "only missing values", "allowed: at least one series with values"))
    if problems:
        raise ProblemsError(f"channel {channel}", limited(problems))
    return [schema.conform(item) for item in series]


@dataclass(frozen=True)
class Statistics:
    """Statistics of a channel's observed values."""

    series: int
    observations: int
    mean_length: float
    minimum: float
    mean: float
    maximum: float
    mean_abs: float
    missing: bool
    integer: bool

    @classmethod
    def of(cls, series: Sequence[Series]) -> Statistics:
        every = np.concatenate([item.target for item in series])
        observed = every[~np.isnan(every)]
        if not len(observed):
            unknown = float("nan")
            return cls(len(series), 0, len(every) / len(series), unknown, unknown, unknown, unknown, True, False)
        return cls(
            series=len(series),
            observations=len(observed),
            mean_length=len(every) / len(series),
            minimum=float(observed.min()),
            mean=float(observed.mean()),
            maximum=float(observed.max()),
            mean_abs=float(np.abs(observed).mean()),
            missing=len(observed) < len(every),
            integer=bool((observed % 1 == 0).all()),
        )

    def lines(self) -> list[str]:
        """Return the lines that the algorithm logs."""
        return [
            f"{'Integer' if self.integer else 'Real'} time series",
            f"number of time series: {self.series}",
            f"number of observations: {self.observations}",
            f"mean target length: {self.mean_length}",
            f"min/mean/max target: {self.minimum}/{self.mean}/{self.maximum}",
            f"mean abs(target): {self.mean_abs}",
            f"contains missing values: {'yes' if self.missing else 'no'}",
        ]
