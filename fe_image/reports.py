"""The feature step's files of ``evaluation/``: for the report, for undoing the target transform, and for later forecasts."""

from __future__ import annotations

from typing import Any

import numpy as np

from fe_image.data.frequency import iso
from fe_image.engineer import EngineeredData
from fe_image.model.target import last_observed
from fe_image.requests import request_windows


def importance(data: EngineeredData) -> dict[str, Any]:
    """Return ``importance.json``: permutation importance by feature, and the encoders' reconstruction errors."""
    report = data.importance
    if report is None:
        return {"scores": {}, "codes": data.codes}
    return {
        "method": "rise of the held-out mean squared error when the feature is shuffled, as a share of that error",
        "inputs": f"what the model sees of {data.template.predicted_asset}; scored by boosted trees, not by the model itself",
        "target": f"{data.template.target_transform} of {data.template.predicted_asset}",
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
    grid, price = data.grid, data.price[data.predicted]
    starts = [grid.window_start(window) for window in range(grid.windows)]
    windows = [
        {
            "kind": described["kind"],
            "forecast_start": described["start"],
            "first_step": start - data.series_start,
            "last_price": last_observed(price[:start]),
        }
        for start, described in zip(starts, request_windows(grid), strict=True)
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
