"""The contents of ``evaluation/``: data for the quality gate, for the report, and for undoing the target transform."""

from __future__ import annotations

from typing import Any

import numpy as np

from contracts.metrics import level_name
from fe_image.data.arrays import Floats
from fe_image.data.frequency import iso
from fe_image.engineer import EngineeredData


def baselines(data: EngineeredData) -> dict[str, Any]:
    """Return ``baselines.json``: the naive forecast of every test window, as transformed target and as prices."""
    baseline, grid = data.baseline, data.grid
    levels = [level_name(level) for level in baseline.levels]
    windows = [
        {
            "timestamps": iso(grid.times[window.start : window.start + grid.prediction_length]),
            "target_actual": window.actual,
            "target_quantiles": _by_level(levels, window.quantiles),
            "price_actual": window.price_actual,
            "price_quantiles": _by_level(levels, window.price_quantiles),
        }
        for window in baseline.windows
    ]
    return {
        "name": "naive with the quantiles of its training residuals",
        "asset": data.template.predicted_asset,
        "mean_wQuantileLoss": baseline.mean_loss,
        "wQuantileLoss": {level_name(level): loss for level, loss in baseline.losses.items()},
        "RMSE": baseline.rmse,
        "windows": windows,
    }


def importance(data: EngineeredData) -> dict[str, Any]:
    """Return ``importance.json``: permutation importance by feature, and the encoders' reconstruction errors."""
    report = data.importance
    if report is None:
        return {"scores": {}, "codes": data.codes}
    return {
        "method": "rise of the held-out mean squared error when the feature is shuffled, as a share of that error",
        "held_out_r2": report.held_out_r2,
        "rows": report.rows,
        "scores": report.scores,
        "codes": data.codes,
    }


def scales(data: EngineeredData) -> dict[str, Any]:
    """Return ``scales.json``: mean and deviation of each ``dynamic_feat`` by asset, and the fitted state."""
    by_asset = {
        asset: {
            name: {"mean": data.dynamic.mean[index, column], "deviation": data.dynamic.deviation[index, column]}
            for column, name in enumerate(data.dynamic.names)
        }
        for index, asset in enumerate(data.panel.assets)
    }
    fitted = {
        group.transformer.group: {name: np.ascontiguousarray(value) for name, value in group.state.items()}
        for group in data.features.columns
        if group.state
    }
    return {"dynamic_feat": list(data.dynamic.names), "assets": by_asset, "fitted": fitted}


def target(data: EngineeredData) -> dict[str, Any]:
    """Return ``target.json``: the data for undoing the target transform, by test window."""
    grid = data.grid
    windows = [
        {
            "forecast_start": iso(grid.times[window.start : window.start + 1])[0],
            "first_step": window.start - data.series_start,
            "last_price": window.last_price,
        }
        for window in data.baseline.windows
    ]
    return {
        "transform": data.template.target_transform,
        "asset": data.template.predicted_asset,
        "cat": data.predicted,
        "assets": list(data.panel.assets),
        "frequency": data.template.time_freq,
        "prediction_length": grid.prediction_length,
        "series_start": iso(grid.times[data.series_start : data.series_start + 1])[0],
        "training_steps": grid.train_cells - data.series_start,
        "trading_profile": data.trading_profile,
        "windows": windows,
    }


def _by_level(levels: list[str], quantiles: Floats) -> dict[str, Floats]:
    return {level: np.ascontiguousarray(row) for level, row in zip(levels, quantiles, strict=True)}
