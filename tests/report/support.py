"""A made-up execution with forecasts, for the tests of the report."""

from __future__ import annotations

import random
from typing import Any

from contracts.forecasts import ForecastReport, WindowForecast
from contracts.metrics import weighted_quantile_losses
from contracts.snapshot import to_attribute

ID = "demo-20200101-000000-ab12"
LEVELS = ("0.1", "0.3", "0.5", "0.7", "0.9")
NASTY = "</script><script>alert(1)</script>&\"'<b>"


def window(number: int, model: float = 0.9, steps: int = 6) -> WindowForecast:
    """One window of log returns; ``model`` scales its spread, the naive forecast's is 1."""
    dice = random.Random(number)
    target: list[float | None] = [dice.gauss(0, 0.01) for _ in range(steps)]
    target[2] = None
    spread = {"0.1": -0.0128, "0.3": -0.0052, "0.5": 0.0, "0.7": 0.0052, "0.9": 0.0128}
    return {
        "timestamps": [f"2020-0{number + 1}-{day:02d} 00:00:00" for day in range(1, steps + 1)],
        "actual": [None if value is None else 100 + 100 * value for value in target],
        "quantiles": {level: [100 + 100 * value * model] * steps for level, value in spread.items()},
        "naive_quantiles": {level: [100 + 100 * value] * steps for level, value in spread.items()},
        "target_actual": target,
        "target_quantiles": {level: [value * model] * steps for level, value in spread.items()},
        "naive_target_quantiles": {level: [value] * steps for level, value in spread.items()},
    }


def metrics(windows: list[WindowForecast], key: str) -> dict[str, float]:
    """The metrics over all windows, as the algorithm has them."""
    actual = [value for item in windows for value in item["target_actual"]]
    quantiles = {level: [value for item in windows for value in item[key][level]] for level in LEVELS}  # type: ignore[literal-required]
    losses = weighted_quantile_losses(actual, quantiles)
    found = {f"wQuantileLoss[{level}]": loss for level, loss in losses.items()}
    return {"RMSE": 0.01, "mean_wQuantileLoss": sum(losses.values()) / len(losses), **found}


def forecasts(model: float = 0.9, count: int = 3) -> ForecastReport:
    windows = [window(number, model) for number in range(count)]
    return {
        "execution_id": ID,
        "asset": "sp500",
        "frequency": "D",
        "transform": "log_return",
        "history": {"timestamps": ["2019-12-30 00:00:00", "2019-12-31 00:00:00"], "price": [99.0, None]},
        "windows": windows,
        "metrics": metrics(windows, "target_quantiles"),
        "naive_metrics": metrics(windows, "naive_target_quantiles"),
    }


def item(**changes: Any) -> dict[str, Any]:
    snapshot = {
        "Template": {"predictedAsset": "sp500"},
        "Parameters": {"epochs": "7", "likelihood": "student-T", "ExecutionId": ID},
        "ImageUri": "image",
        "DefinitionDigest": "digest",
        "Assets": {"sp500": {"Key": "assets/sp500.csv", "VersionId": "v1", "Sha256": "ab" * 32, "Size": 1234}},
    }
    return {
        "Id": ID,
        "TemplateId": "demo",
        "Status": "Succeeded",
        "Outcome": "Registered",
        "CreatedAt": "2020-01-01T00:00:00+00:00",
        "GateThreshold": "1.2345",
        "GateMetric": "1.1111",
        "Snapshot": to_attribute(snapshot),  # type: ignore[arg-type]
        "Steps": {
            "Training": {
                "Status": "Failed",
                "StartedAt": "2020-01-01T00:00:10Z",
                "EndedAt": "2020-01-01T00:01:40Z",
                "Attempt": 2,
            },
            "FeatureEngineering": {
                "Status": "Succeeded",
                "StartedAt": "2020-01-01T00:00:00Z",
                "EndedAt": "2020-01-01T00:00:10Z",
            },
            "Extra": {"Status": "Executing", "StartedAt": "2020-01-01T00:01:40Z"},
        },
        **changes,
    }
