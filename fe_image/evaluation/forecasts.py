"""Quantile forecasts of the model, from its sampled paths."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from contracts.backtest import RequestLine
from fe_image.data.arrays import Floats
from fe_image.evaluation.calibration import apply_offsets
from fe_image.evaluation.data import Actual
from fe_image.model.target import undo_paths

MODEL = "model"


@dataclass(frozen=True)
class Forecast:
    """One forecaster's quantiles of price and target, shape (assets, windows, levels, steps).

    ``levels`` ascend. Assets that were not forecast are NaN.
    """

    name: str
    description: str
    levels: tuple[float, ...]
    price: Floats
    target: Floats

    def level(self, level: float) -> int:
        """Return the place of a level."""
        return self.levels.index(level)

    def with_price(self, price: Floats) -> Forecast:
        """Return a copy with other quantiles of the price."""
        return replace(self, price=price)


def model_forecast(responses: Iterable[tuple[RequestLine, Floats]], actual: Actual, levels: Sequence[float]) -> Forecast:
    """Undo the target transform path by path, then take quantiles: a quantile of sums is not the sum of quantiles."""
    shape = (len(actual.assets), actual.grid.windows, len(levels), actual.grid.prediction_length)
    price, target = np.full(shape, np.nan), np.full(shape, np.nan)
    transform, number = actual.template.target_transform, {name: place for place, name in enumerate(actual.assets)}
    for request, paths in responses:
        asset, window = number[request["asset"]], request["window"]
        start = actual.grid.window_start(window)
        trading = actual.trading[start : start + actual.grid.prediction_length]
        prices = undo_paths(transform, paths, actual.last_price(asset, window), trading)
        target[asset, window] = np.quantile(paths, levels, axis=0)
        price[asset, window] = np.quantile(prices, levels, axis=0)
    return Forecast(MODEL, "DeepAR", tuple(levels), price, target)


def recalibrated(raw: Forecast, offsets: Mapping[float, float], actual: Actual) -> Forecast:
    """Return a forecast with corrected quantiles of the price; of series without a negative value, none is below 0.

    A negative value within the windows does not count, because a forecast cannot know it.
    """
    if not offsets:
        return raw
    price = apply_offsets(raw.price, raw.levels, offsets)
    negative = np.nanmin(actual.price[:, : actual.grid.first_window], axis=1) < 0
    return raw.with_price(np.where(negative[:, None, None, None], price, np.maximum(price, 0.0)))
