"""The file ``evaluation/forecasts.json``: a trained model's forecast for each test window, with the actual values.

The code that runs inference writes it: the embedded default after registering a model, a transform job or an endpoint on AWS.
``runs report`` reads it. Prices are in the asset's own currency; null means a day without trading.
"""

from __future__ import annotations

from typing import TypedDict


class WindowForecast(TypedDict):
    """One test window: all lists have prediction_length entries, on the calendar grid."""

    timestamps: list[str]  # ISO 8601 dates, no zone
    actual: list[float | None]  # price
    quantiles: dict[str, list[float]]  # quantile ("0.1") -> model's price forecast
    naive_quantiles: dict[str, list[float]]  # the naive forecast's, from its training residuals
    target_actual: list[float | None]  # on the transformed target, like the algorithm's metrics and the gate
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
