"""The file ``evaluation/forecasts.json``: the model's forecast for each window of the predicted asset, with the actual values.

The evaluation step writes it, ``runs report`` reads it. Prices are in the asset's own unit; null means a step without trading.
"Naive" members are those of the best baseline, which ``baseline`` names.
"""

from __future__ import annotations

from typing import TypedDict


class WindowForecast(TypedDict):
    """One window: all lists have prediction_length entries, on the calendar grid."""

    timestamps: list[str]  # ISO 8601 dates, no zone
    actual: list[float | None]  # price
    quantiles: dict[str, list[float]]  # quantile ("0.1") -> model's price forecast
    naive_quantiles: dict[str, list[float]]  # the best baseline's
    target_actual: list[float | None]  # on the transformed target, like the algorithm's metrics and the gate
    target_quantiles: dict[str, list[float]]
    naive_target_quantiles: dict[str, list[float]]
    band_quantiles: dict[str, list[float]]  # the model's price at all levels, also the edges of the 50, 80 and 95 % bands


class ForecastReport(TypedDict):
    """The whole file. ``metrics`` and ``naive_metrics`` are over the test windows, on the transformed target."""

    execution_id: str
    asset: str
    frequency: str
    transform: str
    baseline: str
    history: dict[str, list[float | None] | list[str]]  # "timestamps" and "price": the context before the first window
    calibration_windows: list[WindowForecast]
    windows: list[WindowForecast]  # the test windows
    metrics: dict[str, float]  # "mean_wQuantileLoss", "RMSE"
    naive_metrics: dict[str, float]
