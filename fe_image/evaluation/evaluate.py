"""The evaluation of a backtest without AWS and without files: from actual values and sampled paths to scores and skill."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from contracts.backtest import RequestLine
from fe_image.data.arrays import Floats
from fe_image.data.frequency import Frequency
from fe_image.evaluation.baselines.forecasts import baseline_forecasts
from fe_image.evaluation.calibration import METHOD, Calibration, fit_calibration
from fe_image.evaluation.data import Actual
from fe_image.evaluation.forecasts import Forecast, model_forecast, recalibrated
from fe_image.evaluation.losses import scale, season_of_scale
from fe_image.evaluation.scores import Scored, all_levels
from fe_image.evaluation.skill import Skill, best_baseline, skill

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Evaluation:
    """All results. ``model`` is recalibrated if ``calibration`` says so; ``raw`` never is."""

    actual: Actual
    scored_levels: tuple[float, ...]
    raw: Forecast
    model: Forecast
    baselines: tuple[Forecast, ...]
    calibration: Calibration
    calibration_losses: dict[str, float]
    skill: Skill
    skill_of_all_assets: Skill

    @property
    def best(self) -> Forecast:
        """Return the best baseline."""
        return next(made for made in self.baselines if made.name == self.skill.baseline)

    @property
    def best_of_all_assets(self) -> Forecast:
        """Return the best of the baselines that forecast every asset."""
        return next(made for made in self.baselines if made.name == self.skill_of_all_assets.baseline)

    @property
    def tests(self) -> slice:
        return slice(self.actual.grid.calibration_windows, None)

    @property
    def calibrations(self) -> slice:
        return slice(0, self.actual.grid.calibration_windows)

    @property
    def asset(self) -> slice:
        """Return the predicted asset as a slice."""
        return slice(self.actual.predicted, self.actual.predicted + 1)

    def scored_price(self, forecast: Forecast) -> Scored:
        """Return a forecast of prices with its actual values."""
        return scored(forecast, forecast.price, self.actual, self.actual.price, self.scored_levels)

    def scored_target(self, forecast: Forecast) -> Scored:
        """Return a forecast of the transformed target with its actual values."""
        return scored(forecast, forecast.target, self.actual, self.actual.target, self.scored_levels)


def evaluate(actual: Actual, responses: Iterable[tuple[RequestLine, Floats]], scored_levels: Sequence[float]) -> Evaluation:
    """Score the model's paths and all baselines. ``scored_levels`` are those of the training's ``test_quantiles``."""
    chosen = tuple(sorted(scored_levels))
    levels = all_levels(chosen)
    raw = model_forecast(responses, actual, levels)
    calibration = _calibration(raw, actual)
    model = recalibrated(raw, calibration.offsets, actual)
    baselines = baseline_forecasts(actual, levels)
    losses = {made.name: _calibration_loss(made, actual, chosen) for made in baselines}
    best = next(made for made in baselines if made.name == best_baseline(losses, baselines[0].name))
    log.info("best baseline on the calibration windows: %s", best.name)
    asset = slice(actual.predicted, actual.predicted + 1)
    losses_of = {made.name: _tests(made, actual, chosen).part(assets=asset).window_losses() for made in (model, best)}
    of_asset = skill(best.name, losses_of[model.name], losses_of[best.name], actual.template.seed)
    of_all = _skill_of_all(model, baselines, losses, actual, chosen)
    return Evaluation(actual, chosen, raw, model, tuple(baselines), calibration, losses, of_asset, of_all)


def scored(forecast: Forecast, quantiles: Floats, actual: Actual, series: Floats, scored_levels: tuple[float, ...]) -> Scored:
    """Return a forecast with the actual values and scales of a series, shape (assets, cells)."""
    season = season_of_scale(Frequency.parse(actual.template.frequency))
    scales = np.array([scale(row[: actual.grid.train_cells], season) for row in series])
    return Scored(
        forecast.levels, scored_levels, quantiles, actual.windows_of(series), scales, actual.template.seed
    )  # fmt: skip


def _calibration(raw: Forecast, actual: Actual) -> Calibration:
    if actual.template.evaluation.calibration != METHOD:
        return Calibration({}, "the template does not ask for it (evaluation.calibration)")
    windows = slice(0, actual.grid.calibration_windows)
    found = fit_calibration(actual.windows_of(actual.price)[:, windows], raw.price[:, windows], raw.levels)
    log.info("calibration is %s: %s", "applied" if found.applied else "not applied", found.reason)
    return found


def _calibration_loss(forecast: Forecast, actual: Actual, chosen: tuple[float, ...]) -> float:
    """Return the loss of the predicted asset's prices on the calibration windows."""
    whole = scored(forecast, forecast.price, actual, actual.price, chosen)
    asset, windows = slice(actual.predicted, actual.predicted + 1), slice(0, actual.grid.calibration_windows)
    return float(whole.part(asset, windows).window_losses().sum())


def _tests(forecast: Forecast, actual: Actual, chosen: tuple[float, ...]) -> Scored:
    whole = scored(forecast, forecast.price, actual, actual.price, chosen)
    return whole.part(windows=slice(actual.grid.calibration_windows, None))


def _skill_of_all(
    model: Forecast, baselines: Sequence[Forecast], losses: Mapping[str, float], actual: Actual, chosen: tuple[float, ...]
) -> Skill:
    """Return the skill over all assets, in units of their scales, against the best baseline that forecasts all of them."""
    complete = {made.name: made for made in baselines if not np.isnan(made.price).any()}
    best = complete[best_baseline({name: losses[name] for name in complete}, baselines[0].name)]
    own, others = (_tests(made, actual, chosen).scaled_window_losses() for made in (model, best))
    return skill(best.name, own, others, actual.template.seed)
