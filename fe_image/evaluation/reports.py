"""The contents of the evaluation's files: gate, scores, baselines, forecasts, and SageMaker's statistics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from contracts import layout
from contracts.forecasts import ForecastReport, WindowForecast
from contracts.metrics import level_name, loss_name
from fe_image.data.arrays import Floats
from fe_image.data.frequency import Frequency, iso
from fe_image.evaluation.bootstrap import CONFIDENCE, DRAWS
from fe_image.evaluation.evaluate import Evaluation
from fe_image.evaluation.forecasts import MODEL, Forecast
from fe_image.evaluation.losses import season_of_scale
from fe_image.evaluation.scores import BANDS, Scored, Scores

#: History shown before the first window, in context lengths.
HISTORY_CONTEXTS = 3


def gate(found: Evaluation, digests: Mapping[str, str], required: float) -> dict[str, Any]:
    """Return ``gate.json``. ``digests``: SHA-256 by key, of the files that a later forecast needs."""
    return {
        layout.GATE_SKILL: found.skill.skill,
        layout.GATE_REQUIRED_SKILL: required,
        layout.GATE_EXCESS: found.skill.skill - required,
        layout.GATE_BEST_BASELINE: found.skill.baseline,
        layout.GATE_LOSS: found.skill.loss,
        layout.GATE_BASELINE_LOSS: found.skill.baseline_loss,
        **digests,
    }


def scores(found: Evaluation) -> dict[str, Any]:
    """Return ``scores.json``."""
    forecasters = {forecast.name: _scores_of(found, forecast) for forecast in (found.model, *found.baselines)}
    if found.calibration.applied:
        forecasters["model without calibration"] = _scores_of(found, found.raw)
    return {
        "version": 1,
        "asset": found.actual.template.predicted_asset,
        "levels": [level_name(level) for level in found.scored_levels],
        "bands": [level_name(band) for band in BANDS],
        "season": season_of_scale(Frequency.parse(found.actual.template.frequency)),
        "confidence": CONFIDENCE,
        "draws": DRAWS,
        "bestBaseline": found.skill.baseline,
        "skill": found.skill.data(),
        "skillOfAllAssets": found.skill_of_all_assets.data(),
        "forecasters": forecasters,
        "windows": _by_window(found),
        "horizons": _by_horizon(found),
        "assets": _by_asset(found),
    }


def baselines(found: Evaluation) -> dict[str, Any]:
    """Return ``baselines.json``: every baseline's losses and its forecasts of the predicted asset."""
    return {
        "version": 1,
        "asset": found.actual.template.predicted_asset,
        "best": found.skill.baseline,
        "chosenBy": "loss of prices on the calibration windows",
        "baselines": [
            {
                "name": made.name,
                "description": made.description,
                "calibrationLoss": found.calibration_losses[made.name],
                "testLoss": float(_of_asset(found, found.scored_price(made), found.tests).window_losses().sum()),
                "price": [_quantiles(made.levels, window) for window in made.price[found.actual.predicted]],
                "target": [_quantiles(made.levels, window) for window in made.target[found.actual.predicted]],
            }
            for made in found.baselines
        ],
    }


def forecasts(found: Evaluation, execution_id: str) -> ForecastReport:
    """Return ``forecasts.json``, see :mod:`contracts.forecasts`."""
    grid, made = found.actual.grid, found.actual.template
    windows = [_window(found, window) for window in range(grid.windows)]
    return {
        "execution_id": execution_id,
        "asset": made.predicted_asset,
        "frequency": made.time_freq,
        "transform": made.target_transform,
        "baseline": found.skill.baseline,
        "history": _history(found),
        "calibration_windows": windows[: grid.calibration_windows],
        "windows": windows[grid.calibration_windows :],
        "metrics": _metrics(found, found.model),
        "naive_metrics": _metrics(found, found.best),
    }


def statistics(found: Evaluation) -> dict[str, Any]:
    """Return ``statistics.json`` of the test windows' prices, in the format of SageMaker's model quality monitor.

    The standard deviation is over windows. Source: Amazon SageMaker developer guide, "Model quality
    metrics and Amazon CloudWatch monitoring", regression metrics.
    """
    part = _of_asset(found, found.scored_price(found.model), found.tests)
    actual, median = part.actual[0], part.quantiles[0, :, part.levels.index(0.5)]
    known = np.isfinite(actual)
    error = np.where(known, median - actual, np.nan)
    mean = float(actual[known].mean())
    squares = float(np.sum((actual[known] - mean) ** 2))
    by_window = [row[np.isfinite(row)] for row in error if np.isfinite(row).any()]
    metrics = {
        "mae": (float(np.nanmean(np.abs(error))), [float(np.mean(np.abs(row))) for row in by_window]),
        "mse": (float(np.nanmean(error**2)), [float(np.mean(row**2)) for row in by_window]),
        "rmse": (float(np.sqrt(np.nanmean(error**2))), [float(np.sqrt(np.mean(row**2))) for row in by_window]),
        "r2": (1 - float(np.nansum(error**2)) / squares if squares > 0 else 0.0, []),
    }
    return {
        "version": 0.0,
        "dataset": {"item_count": int(known.sum())},
        "regression_metrics": {
            name: {"value": value, "standard_deviation": float(np.std(rows)) if len(rows) > 1 else "NaN"}
            for name, (value, rows) in metrics.items()
        },
    }


def _scores_of(found: Evaluation, forecast: Forecast) -> dict[str, Any]:
    """Return scores of prices and target, on the calibration and the test windows, of the predicted asset and of all."""
    out: dict[str, Any] = {}
    for quantity, whole in (("price", found.scored_price(forecast)), ("target", found.scored_target(forecast))):
        out[quantity] = {
            kind: {"predicted": _of_asset(found, whole, windows).all(), "all": whole.part(windows=windows).all()}
            for kind, windows in (("calibration", found.calibrations), ("test", found.tests))
        }
    return out


def _by_window(found: Evaluation) -> list[dict[str, Any]]:
    grid = found.actual.grid
    pairs = {name: _of_asset(found, found.scored_price(made)) for name, made in _model_and_best(found).items()}
    rows = []
    for window, start in enumerate(found.actual.starts()):
        first, last = iso(grid.times[[start, start + grid.prediction_length - 1]])
        kind = "calibration" if window < grid.calibration_windows else "test"
        one = slice(window, window + 1)
        by_name = {name: part.part(windows=one).all(interval=False) for name, part in pairs.items()}
        losses = {name: float(part.part(windows=one).window_losses()[0]) for name, part in pairs.items()}
        rows.append({"kind": kind, "start": first, "end": last, "losses": losses, **by_name})
    return rows


def _by_horizon(found: Evaluation) -> list[dict[str, Any]]:
    """Return scores on the test windows by step, 1 … prediction_length."""
    pairs = {name: _of_asset(found, found.scored_price(made), found.tests) for name, made in _model_and_best(found).items()}
    return [
        {"step": step + 1} | {name: part.part(steps=slice(step, step + 1)).all(interval=False) for name, part in pairs.items()}
        for step in range(found.actual.grid.prediction_length)
    ]


def _by_asset(found: Evaluation) -> dict[str, dict[str, Scores]]:
    made_by = {MODEL: found.model, "baseline": found.best_of_all_assets}
    pairs = {name: found.scored_price(made).part(windows=found.tests) for name, made in made_by.items()}
    return {
        asset: {name: part.part(assets=slice(number, number + 1)).all(interval=False) for name, part in pairs.items()}
        for number, asset in enumerate(found.actual.assets)
    }


def _model_and_best(found: Evaluation) -> dict[str, Forecast]:
    return {MODEL: found.model, "baseline": found.best}


def _of_asset(found: Evaluation, whole: Scored, windows: slice = slice(None)) -> Scored:
    return whole.part(assets=found.asset, windows=windows)


def _window(found: Evaluation, window: int) -> WindowForecast:
    actual, asset = found.actual, found.actual.predicted
    start = actual.grid.window_start(window)
    cells = slice(start, start + actual.grid.prediction_length)
    model, best = found.model, found.best
    places = [model.levels.index(level) for level in found.scored_levels]

    def scored(values: Floats) -> dict[str, list[float]]:
        return _quantiles(found.scored_levels, values[asset, window][places])

    return {
        "timestamps": iso(actual.grid.times[cells]),
        "actual": _nullable(actual.price[asset, cells]),
        "quantiles": scored(model.price),
        "naive_quantiles": scored(best.price),
        "target_actual": _nullable(actual.target[asset, cells]),
        "target_quantiles": scored(model.target),
        "naive_target_quantiles": scored(best.target),
        "band_quantiles": _quantiles(model.levels, model.price[asset, window]),
    }


def _history(found: Evaluation) -> dict[str, list[float | None] | list[str]]:
    actual = found.actual
    end = actual.grid.train_cells
    cells = slice(max(0, end - HISTORY_CONTEXTS * actual.template.context_length), end)
    return {"timestamps": iso(actual.grid.times[cells]), "price": _nullable(actual.price[actual.predicted, cells])}


def _metrics(found: Evaluation, forecast: Forecast) -> dict[str, float]:
    """Return the algorithm's metrics on the transformed target over all test windows."""
    means = _of_asset(found, found.scored_target(forecast), found.tests).means()
    losses = {loss_name(level): loss for level, loss in means["wQuantileLoss"].items()}
    metrics = {"RMSE": means["RMSE"], "mean_wQuantileLoss": means["mean_wQuantileLoss"], **losses}
    return {name: value for name, value in metrics.items() if value is not None}


def _quantiles(levels: tuple[float, ...], values: Floats) -> dict[str, list[float]]:
    """Return quantiles by level name; ``values`` has shape (levels, steps)."""
    return {level_name(level): row.tolist() for level, row in zip(levels, values, strict=True)}


def _nullable(values: Floats) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]
