"""The file ``evaluation/forecasts.json``: what a trained model forecasts for each test window, beside what came to be.

Written by whoever runs inference (the embedded default does it after registering; on AWS a transform job or an endpoint can),
read by ``runs report``. Prices are in the asset's own currency; a null is a day without trading.
"""

from __future__ import annotations

from typing import TypedDict


class WindowForecast(TypedDict):
    """One test window: all lists have prediction_length entries, on the calendar grid."""

    timestamps: list[str]  # ISO 8601 dates, no zone
    actual: list[float | None]  # price
    quantiles: dict[str, list[float]]  # quantile ("0.1") -> model's price forecast
    naive_quantiles: dict[str, list[float]]  # the naive forecast with the quantiles of its training residuals, as prices
    target_actual: list[float | None]  # on the transformed target, which the algorithm's metrics and the gate use
    target_quantiles: dict[str, list[float]]
    naive_target_quantiles: dict[str, list[float]]


class ForecastReport(TypedDict):
    """The whole file. ``metrics`` and ``naive_metrics`` are over all windows on the transformed target, as the gate scores."""

    execution_id: str
    asset: str
    frequency: str
    transform: str
    history: dict[str, list[float | None] | list[str]]  # "timestamps" and "price": the context before the first window
    windows: list[WindowForecast]
    metrics: dict[str, float]  # "mean_wQuantileLoss", "RMSE"
    naive_metrics: dict[str, float]
