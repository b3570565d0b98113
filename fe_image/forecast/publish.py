"""The published forecast: sampled paths as prices, recalibrated quantiles, and the quantiles of the best baseline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from contracts.backtest import RequestLine
from contracts.metrics import level_name
from contracts.problems import one_problem
from contracts.published_forecast import ForecastRow
from fe_image.data.arrays import Floats
from fe_image.data.frequency import iso
from fe_image.evaluation.baselines.forecasts import baseline_forecast
from fe_image.evaluation.data import Actual
from fe_image.evaluation.forecasts import model_forecast, recalibrated
from fe_image.evaluation.scores import all_levels
from fe_image.forecast.fitted import FittedModel
from fe_image.model.target import undo_paths


@dataclass(frozen=True)
class ComingForecast:
    """Prices of the coming steps with expected trading.

    ``times`` has shape (steps,), ``mean`` (assets, steps), ``quantiles`` and ``baseline`` (assets, levels, steps). ``baseline``
    is NaN for assets that the baseline does not forecast.
    """

    assets: tuple[str, ...]
    cutoff: str
    times: tuple[str, ...]
    levels: tuple[float, ...]
    mean: Floats
    quantiles: Floats
    baseline: Floats

    def rows(self) -> list[ForecastRow]:
        """Return one row per asset and time."""
        return [
            {
                "asset": name,
                "cutoff": self.cutoff,
                "time": time,
                "mean": float(self.mean[asset, step]),
                "quantiles": self._by_level(self.quantiles[asset, :, step]),
                "baseline_quantiles": self._by_level(self.baseline[asset, :, step]),
            }
            for asset, name in enumerate(self.assets)
            for step, time in enumerate(self.times)
        ]

    def _by_level(self, values: Floats) -> dict[str, float]:
        if np.isnan(values).any():
            return {}
        return {level_name(level): float(value) for level, value in zip(self.levels, values, strict=True)}


def coming_forecast(
    actual: Actual,
    responses: Iterable[tuple[RequestLine, Floats]],
    model: FittedModel,
    baseline: str,
    scored_levels: Sequence[float],
    horizon: int,
) -> ComingForecast:
    """Return the forecast of the first ``horizon`` steps, without those in which no trading is expected.

    Raises:
        ProblemsError: an unknown baseline, levels without calibration, or no step with trading.
    """
    levels = all_levels(scored_levels)
    _check_levels(levels, model)
    answers = list(responses)
    raw = model_forecast(answers, actual, levels)
    quantiles = recalibrated(raw, model.offsets, actual).price[:, 0]
    others = baseline_forecast(baseline, actual, levels).price[:, 0]
    start = actual.grid.first_window
    steps = np.flatnonzero(actual.trading[start : start + horizon])
    if not steps.size:
        allowed = f"allowed: a horizon with trading; none is expected in the {horizon} steps after the last price"
        raise one_problem("snapshot", "Horizon", horizon, allowed)
    return ComingForecast(
        actual.assets,
        iso(actual.grid.times[start - 1 : start])[0],
        tuple(iso(actual.grid.times[start + steps])),
        levels,
        _means(answers, actual)[:, steps],
        quantiles[..., steps],
        others[..., steps],
    )


def _check_levels(levels: Sequence[float], model: FittedModel) -> None:
    missing = [level for level in levels if level not in model.offsets]
    if model.offsets and missing:
        calibrated = ", ".join(map(level_name, model.offsets))
        allowed = f"allowed: levels that the model's calibration has: {calibrated}"
        raise one_problem("parameters", "test_quantiles", missing, allowed)


def _means(responses: Sequence[tuple[RequestLine, Floats]], actual: Actual) -> Floats:
    """Return the mean of the price paths, shape (assets, steps)."""
    start, out = actual.grid.first_window, np.full((len(actual.assets), actual.grid.prediction_length), np.nan)
    for request, paths in responses:
        asset = actual.assets.index(request["asset"])
        last, trading = actual.last_price(asset, 0), actual.trading[start : start + actual.grid.prediction_length]
        out[asset] = undo_paths(actual.template.target_transform, paths, last, trading).mean(axis=0)
    return out
