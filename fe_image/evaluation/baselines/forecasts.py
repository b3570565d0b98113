"""Forecasts of all baselines on all windows, as prices and as transformed target."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

import numpy as np

from contracts.problems import listed, one_problem
from fe_image.data.arrays import Floats
from fe_image.data.frequency import Frequency
from fe_image.evaluation.baselines.base import Method, Setting
from fe_image.evaluation.baselines.ets import ets_method
from fe_image.evaluation.baselines.naive import DRIFT, LAST_VALUE
from fe_image.evaluation.baselines.seasonal import seasonal_methods
from fe_image.evaluation.data import Actual
from fe_image.evaluation.forecasts import Forecast
from fe_image.model.target import transformed

log = logging.getLogger(__name__)


def methods_of(frequency: Frequency) -> list[Method]:
    """Return all baselines of a frequency; the last value is the first one."""
    return [LAST_VALUE, DRIFT, *seasonal_methods(frequency), ets_method(frequency)]


def baseline_forecasts(actual: Actual, levels: Sequence[float]) -> list[Forecast]:
    """Return the forecasts of every baseline for which the predicted asset has enough training values."""
    made = []
    for method in methods_of(Frequency.parse(actual.template.frequency)):
        began = time.perf_counter()
        forecast = _forecast(method, actual, tuple(levels))
        if np.isnan(forecast.price[actual.predicted]).all():
            log.warning("no baseline %s: the training range is too short for it", method.name)
            continue
        log.info("baseline %s in %.2f s", method.name, time.perf_counter() - began)
        made.append(forecast)
    return made


def baseline_forecast(name: str, actual: Actual, levels: Sequence[float]) -> Forecast:
    """Return the forecast of the baseline with this name. It is NaN for assets that the baseline does not forecast.

    Raises:
        ProblemsError: the frequency has no such baseline.
    """
    methods = {method.name: method for method in methods_of(Frequency.parse(actual.template.frequency))}
    if name not in methods:
        raise one_problem("snapshot", "Model.BestBaseline", name, f"allowed: {listed(list(methods))}")
    return _forecast(methods[name], actual, tuple(levels))


def _forecast(method: Method, actual: Actual, levels: tuple[float, ...]) -> Forecast:
    """Forecast on the scale of the transform, where errors are additive, and undo it; quantiles keep their order."""
    transform = actual.template.target_transform
    pointwise = "log" if transform == "log_return" else transform
    scaled = _quantiles(method, actual, transformed(actual.price, pointwise), levels, returns=False)
    price = _undone(pointwise, scaled)
    differs = transform == "log_return"
    target = _quantiles(method, actual, actual.target, levels, returns=True) if differs else scaled
    return Forecast(method.name, method.description, levels, price, target)


def _undone(transform: str, scaled: Floats) -> Floats:
    if transform == "level":
        return scaled
    return np.exp(scaled) if transform == "log" else np.maximum(np.expm1(scaled), 0.0)


def _quantiles(method: Method, actual: Actual, series: Floats, levels: tuple[float, ...], returns: bool) -> Floats:
    """Return quantiles, shape (assets, windows, levels, steps), of a series, shape (assets, cells)."""
    grid = actual.grid
    setting = Setting(levels, grid.prediction_length, actual.shares, actual.trading, returns)
    out = np.full((len(series), grid.windows, len(levels), grid.prediction_length), np.nan)
    others = [asset for asset in range(len(series)) if asset != actual.predicted]
    for asset in [actual.predicted, *others][: method.most_assets]:
        forecaster = method.fit(series[asset, : grid.train_cells], setting)
        if forecaster is None:
            continue
        for window, start in enumerate(actual.starts()):
            out[asset, window] = forecaster(series[asset, :start])
    return out
