"""The file ``forecast/forecast.json``: the forecast of the steps after the last price, for all base assets.

The publishing step writes it, ``runs forecast`` and the report read it. Values are in the asset's own unit, times are ISO 8601
without a zone. Steps in which no trading is expected have no row.
"""

from __future__ import annotations

from typing import TypedDict

VERSION = 1
FORECAST_JSON = "forecast.json"
FORECAST_CSV = "forecast.csv"
FORECAST_PARQUET = "forecast.parquet"


class ForecastRow(TypedDict):
    """The forecast of one asset for one time. ``baseline_quantiles`` is empty if the baseline does not forecast the asset."""

    asset: str
    cutoff: str  # the last time whose value was known
    time: str
    mean: float  # of the sampled paths, without recalibration
    quantiles: dict[str, float]  # level ("0.1") -> value
    baseline_quantiles: dict[str, float]


class PublishedForecast(TypedDict):
    """The whole file. ``history`` is that of the predicted asset before the forecast; null means a step without trading."""

    version: int
    execution_id: str
    template: str  # its id
    asset: str  # the predicted one
    assets: list[str]
    unit: str
    quantity: str
    cutoff: str
    trained_until: str  # endTraining of the model's template
    model_package: str
    frequency: str
    baseline: str  # name of the best baseline of the model's evaluation
    history: dict[str, list[float | None] | list[str]]  # "timestamps" and "price"
    rows: list[ForecastRow]
