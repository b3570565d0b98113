"""From series to what the network reads: windows of context and prediction range, scaled, with lags and covariates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from local_run.deepar.config import Config
from local_run.deepar.data import Series
from local_run.deepar.dataset import Schema
from local_run.deepar.frequency import Floats, Frequency

Bools = NDArray[np.bool_]


class Batch(NamedTuple):
    """Windows side by side: B windows of T steps, M steps of history before them for the lags.

    Values are divided by ``scale``; where nothing is known they are 0. ``observed`` steps count in the loss; ``known``
    steps are those and the ones before the series began; every other step's value is sampled by the network.
    """

    history: Floats  # (B, M + T)
    observed: Bools  # (B, T)
    known: Bools  # (B, T)
    covariates: Floats  # (B, T, C)
    scale: Floats  # (B,)
    log_scale: Floats  # (B,), of scale over the training set's
    cat: NDArray[np.int32]  # (B, number of categories)


@dataclass(frozen=True)
class Standard:
    """What training fits to its data before the network: covariates' mean and deviation, the targets' usual size."""

    mean: Floats
    deviation: Floats
    level: float  # mean absolute target

    @classmethod
    def fit(cls, covariates: Sequence[Floats], train: Sequence[Series]) -> Standard:
        count = sum(len(item) for item in covariates)
        mean = sum(item.sum(axis=0, dtype=np.float64) for item in covariates) / count
        variance = sum(((item - mean) ** 2).sum(axis=0) for item in covariates) / count
        deviation = np.sqrt(variance)
        # A constant column says nothing: it becomes 0, whatever rounding left of its deviation.
        deviation = np.where(deviation > 1e-6 * np.maximum(1, np.abs(mean)), deviation, np.inf)
        level = float(np.nanmean(np.abs(np.concatenate([item.target for item in train]))))
        return cls(np.asarray(mean, np.float32), np.asarray(deviation, np.float32), level if level > 0 else 1.0)


class Windows:
    """Cuts windows out of a set of series.

    The series' covariates are its time features, its age (log of the steps since it began, which tells a new series from
    an old one) and its dynamic features.
    """

    def __init__(
        self,
        series: Sequence[Series],
        config: Config,
        schema: Schema,
        scaled: bool,
        standard: Standard | None = None,
        extra: int = 0,
    ) -> None:
        self.series = series
        self._config = config
        self._scaled = scaled
        self.frequency = Frequency.parse(config.time_freq)
        self.reach = max(self.frequency.lags)
        raw = [self._raw_covariates(item, schema, extra) for item in series]
        self.standard = standard or Standard.fit(raw, series)
        for item in raw:  # in place: with hundreds of series this is most of the memory
            item -= self.standard.mean
            item /= self.standard.deviation
        self._covariates = raw

    def _raw_covariates(self, series: Series, schema: Schema, extra: int) -> Floats:
        length = len(series.target) + extra
        age = np.log10(2 + np.arange(length, dtype=np.float32))
        columns = [self.frequency.time_features(series.start, length), age[:, None]]
        if schema.num_dynamic_feat and series.dynamic_feat is not None:
            columns.append(series.dynamic_feat.T)
        return np.concatenate(columns, axis=1)

    def batch(self, chosen: Sequence[tuple[int, int]]) -> Batch:
        """The windows given as (index of the series, index of the first forecast step)."""
        rows = [self._window(index, start) for index, start in chosen]
        return Batch(*(np.stack(column) for column in zip(*rows, strict=True)))

    def _window(self, index: int, start: int) -> tuple[NDArray[Any], ...]:
        config, series = self._config, self.series[index]
        begin, end = start - config.context_length, start + config.prediction_length
        values = _cut(series.target, begin - self.reach, end, outside=0.0)
        window = values[self.reach :]
        steps = np.arange(begin, end)
        observed = ~np.isnan(window) & (steps >= 0) & (steps < len(series.target))
        scale = self._scale(window[: config.context_length], observed[: config.context_length])
        return (
            np.nan_to_num(values / scale).astype(np.float32),
            observed,
            observed | (steps < 0),
            _cut(self._covariates[index], begin, end, outside=0.0),
            np.array(scale, np.float32),
            np.array(np.log(scale / self.standard.level) if self._scaled else 0, np.float32),
            np.array(series.cat, dtype=np.int32),
        )

    def _scale(self, context: NDArray[np.float64], observed: Bools) -> float:
        """Mean absolute value of what is observed in the context; the training set's where that is nothing, or 0.

        The paper's 1 + mean is meant for counts: beside returns of one per cent, that 1 would be all there is.
        """
        if not self._scaled:
            return 1.0
        size = float(np.abs(context[observed]).mean()) if observed.any() else 0.0
        return size if size > 1e-10 * self.standard.level else self.standard.level


def _cut(values: NDArray[Any], begin: int, end: int, outside: float) -> NDArray[Any]:
    """``values[begin:end]`` along the first axis, where indices outside the array give ``outside``."""
    inner = values[max(0, begin) : max(0, end)]
    before = min(max(0, -begin), end - begin)
    after = end - begin - before - len(inner)
    if not before and not after:
        return inner
    return np.pad(inner, [(before, after)] + [(0, 0)] * (values.ndim - 1), constant_values=outside)


class Sampler:
    """Draws training windows, an epoch at a time.

    As the built-in algorithm's log tells ("Small number of time series. Doing 46 passes over dataset with prob 0.99 per
    epoch", with 14 series and mini-batches of 64): an epoch is one pass over all series, or 10 mini-batches where that is more.
    Each time a series is drawn, the first forecast step is chosen evenly among those whose prediction range lies within it;
    a context that begins before the series is padded.
    """

    SMALLEST_EPOCH = 10

    def __init__(self, windows: Windows, config: Config) -> None:
        self._windows = windows
        self._config = config
        self._random = np.random.default_rng(config.seed)
        self.batches = max(self.SMALLEST_EPOCH, -(-len(windows.series) // config.mini_batch_size))

    @property
    def passes(self) -> float:
        """Passes over the series in one epoch."""
        return self.batches * self._config.mini_batch_size / len(self._windows.series)

    def epoch(self) -> list[list[tuple[int, int]]]:
        """The choices of one epoch, by mini-batch."""
        size, count = self._config.mini_batch_size, len(self._windows.series)
        wanted = self.batches * size
        order = np.concatenate([self._random.permutation(count) for _ in range(-(-wanted // count))])[:wanted]
        choices = [(int(index), self._start(int(index))) for index in order]
        return [choices[first : first + size] for first in range(0, wanted, size)]

    def _start(self, index: int) -> int:
        last = len(self._windows.series[index].target) - self._config.prediction_length
        return int(self._random.integers(1, max(1, last) + 1))
