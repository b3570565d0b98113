"""Cuts series into the network's input: scaled windows of context and prediction range, with history and covariates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from local_run.deepar.config import Config
from local_run.deepar.data import Series
from local_run.deepar.dataset import Schema
from local_run.deepar.frequency import Floats, Frequency

Bools = NDArray[np.bool_]
Doubles = NDArray[np.float64]
Scaling = Literal["standard", "mean", "none"]
#: Smallest scale in mean absolute values of the context, so that a context that hardly moves does not blow up what follows.
LEAST_DEVIATION = 1e-3
#: Values whose typical deviation is below this share of their level are centred: the network then sees changes, not the level.
CENTRED_BELOW = 0.15


class Batch(NamedTuple):
    """B windows of T steps, each with M steps of history before it for the lags, and C covariates.

    ``location`` is subtracted from the values, and they are divided by ``scale``; unknown values are 0. ``observed`` steps
    count in the loss. ``known`` steps are these and the ones before the series starts; the network samples the values of all
    other steps. ``size`` holds two logarithms: of the mean absolute value of the context divided by the level of the training
    set, and of the scale divided by that mean.
    """

    history: Floats  # (B, M + T)
    observed: Bools  # (B, T)
    known: Bools  # (B, T)
    covariates: Floats  # (B, T, C)
    location: NDArray[np.float64]  # (B,), in the target's unit
    scale: Floats  # (B,), in the target's unit
    size: Floats  # (B, 2)
    cat: NDArray[np.int32]  # (B, number of categories)


@dataclass(frozen=True)
class Standard:
    """Statistics of the training set: mean and deviation of each covariate, shape (C,), and the level of the targets.

    ``centred``: standard scaling is used where the likelihood allows it, otherwise the mean's.
    """

    mean: Floats
    deviation: Floats
    level: float  # mean absolute target
    centred: bool = False

    @classmethod
    def fit(cls, covariates: Sequence[Floats], train: Sequence[Series], context_length: int) -> Standard:
        """Compute the statistics from the covariates of all series, each (steps, C), and from their targets."""
        count = sum(len(item) for item in covariates)
        mean = sum(item.sum(axis=0, dtype=np.float64) for item in covariates) / count
        variance = sum(((item - mean) ** 2).sum(axis=0) for item in covariates) / count
        deviation = np.sqrt(variance)
        # A constant column becomes 0, even if rounding leaves it a small deviation.
        deviation = np.where(deviation > 1e-6 * np.maximum(1, np.abs(mean)), deviation, np.inf)
        level = float(np.nanmean(np.abs(np.concatenate([item.target for item in train]))))
        centred = _typical_deviation(train, context_length) < CENTRED_BELOW
        return cls(np.asarray(mean, np.float32), np.asarray(deviation, np.float32), level if level > 0 else 1.0, centred)


def _typical_deviation(train: Sequence[Series], context_length: int) -> float:
    """Return the median over all contexts of the standard deviation divided by the mean absolute value."""
    ratios = []
    for item in train:
        for first in range(0, len(item.target), context_length):
            context = item.target[first : first + context_length]
            observed = context[~np.isnan(context)]
            if len(observed) > 1 and (level := float(np.abs(observed).mean())) > 0:
                ratios.append(float(observed.std()) / level)
    return float(np.median(ratios)) if ratios else 1.0


class Windows:
    """Cuts windows out of series.

    The covariates of a series are its time features and its dynamic features. No input depends on when a series starts, so a
    window needs only ``contracts.lags.needed_history`` steps before it. ``extra`` is the number of steps after the target's end
    for which covariates are computed.
    """

    def __init__(
        self,
        series: Sequence[Series],
        config: Config,
        schema: Schema,
        scaling: Scaling,
        standard: Standard | None = None,
        extra: int = 0,
    ) -> None:
        self.series = series
        self._config = config
        self.frequency = Frequency.parse(config.time_freq)
        self.reach = max(self.frequency.lags)
        raw = [self._raw_covariates(item, schema, extra) for item in series]
        self.standard = standard or Standard.fit(raw, series, config.context_length)
        self._scaling = "mean" if scaling == "standard" and not self.standard.centred else scaling
        for item in raw:  # in place, because with hundreds of series this is most of the memory
            item -= self.standard.mean
            item /= self.standard.deviation
        self._covariates = raw

    def _raw_covariates(self, series: Series, schema: Schema, extra: int) -> Floats:
        length = len(series.target) + extra
        columns = [self.frequency.time_features(series.start, length)]
        if schema.num_dynamic_feat and series.dynamic_feat is not None:
            columns.append(series.dynamic_feat.T)
        return np.concatenate(columns, axis=1)

    def batch(self, chosen: Sequence[tuple[int, int]]) -> Batch:
        """Return the chosen windows, each given as (index of the series, index of the first forecast step)."""
        config = self._config
        begins = [start - config.context_length for _, start in chosen]
        parts = [
            (self.series[index].target, self._covariates[index], begin)
            for (index, _), begin in zip(chosen, begins, strict=True)
        ]
        values = np.stack([_cut(target, begin - self.reach, begin + config.window_length, 0.0) for target, _, begin in parts])
        covariates = np.stack([_cut(known, begin, begin + config.window_length, 0.0) for _, known, begin in parts])
        steps = np.array(begins)[:, None] + np.arange(-self.reach, config.window_length)
        lengths = np.array([len(target) for target, _, _ in parts])[:, None]
        before, window = steps < 0, slice(self.reach, None)
        observed = (~np.isnan(values) & ~before & (steps < lengths))[:, window]
        contexts = slice(self.reach, self.reach + config.context_length)
        location, scale, size = self._scale(values[:, contexts], observed[:, : config.context_length])
        history = np.nan_to_num((values - location[:, None]) / scale[:, None])
        history[before] = 0.0
        return Batch(
            history.astype(np.float32),
            observed,
            observed | before[:, window],
            covariates,
            location,
            scale.astype(np.float32),
            size.astype(np.float32),
            np.array([self.series[index].cat for index, _ in chosen], dtype=np.int32),
        )

    def _scale(self, contexts: Doubles, observed: Bools) -> tuple[Doubles, Doubles, Doubles]:
        """Return location (B,), scale (B,) and size (B, 2) of the observed values of contexts, shape (B, context_length).

        The mean absolute value is the training set's level if it is 0 or unknown. The paper's scale of 1 + mean is meant for
        counts; for returns of about 1 %, the 1 would dominate. The standard deviation is for values whose level is large
        compared with their changes, such as prices and temperatures.
        """
        location, ones = np.zeros(len(contexts)), np.ones(len(contexts))
        if self._scaling == "none":
            return location, ones, np.zeros((len(contexts), 2))
        counts = np.maximum(1, observed.sum(axis=1))
        values = np.where(observed, contexts, 0.0)
        level = np.abs(values).sum(axis=1) / counts
        level = np.where(level <= 1e-10 * self.standard.level, self.standard.level, level)
        scale = level
        if self._scaling == "standard":
            location = values.sum(axis=1) / counts
            deviations = np.where(observed, contexts - location[:, None], 0.0)
            deviation = np.sqrt((deviations**2).sum(axis=1) / counts)
            scale = np.where(deviation > LEAST_DEVIATION * level, deviation, level)
        return location, scale, np.log(np.stack([level / self.standard.level, scale / level], axis=1))


def _cut(values: NDArray[Any], begin: int, end: int, outside: float) -> NDArray[Any]:
    """Return ``values[begin:end]`` along the first axis; positions outside the array have the value ``outside``."""
    inner = values[max(0, begin) : max(0, end)]
    before = min(max(0, -begin), end - begin)
    after = end - begin - before - len(inner)
    if not before and not after:
        return inner
    return np.pad(inner, [(before, after)] + [(0, 0)] * (values.ndim - 1), constant_values=outside)


class Sampler:
    """Draws the training windows of an epoch.

    An epoch is one pass over all series, but at least 10 mini-batches. This follows the built-in algorithm's log ("Small number
    of time series. Doing 46 passes over dataset with prob 0.99 per epoch", for 14 series and mini-batches of 64). Whenever a
    series is drawn, its first forecast step is chosen uniformly from those whose prediction range is within the series. A
    context that starts before the series is padded.
    """

    SMALLEST_EPOCH = 10

    def __init__(self, series: Sequence[Series], config: Config) -> None:
        self._lengths = [len(item.target) for item in series]
        self._config = config
        self._random = np.random.default_rng(config.seed)
        self.batches = config.batches_per_epoch or max(self.SMALLEST_EPOCH, -(-len(series) // config.mini_batch_size))

    @property
    def passes(self) -> float:
        """Number of passes over the series in one epoch."""
        return self.batches * self._config.mini_batch_size / len(self._lengths)

    def epoch(self) -> list[list[tuple[int, int]]]:
        """Return the windows of one epoch, by mini-batch: (index of the series, index of the first forecast step)."""
        size, count = self._config.mini_batch_size, len(self._lengths)
        wanted = self.batches * size
        order = np.concatenate([self._random.permutation(count) for _ in range(-(-wanted // count))])[:wanted]
        choices = [(int(index), self._start(int(index))) for index in order]
        return [choices[first : first + size] for first in range(0, wanted, size)]

    def _start(self, index: int) -> int:
        last = self._lengths[index] - self._config.prediction_length
        return int(self._random.integers(1, max(1, last) + 1))
