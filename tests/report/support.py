"""A made-up execution with its evaluation's files, for the tests of the report."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from contracts.forecasts import ForecastReport, WindowForecast
from contracts.snapshot import to_attribute
from runs.report import Files, ReportBundle

ID = "demo-20200101-000000-ab12"
NASTY = "</script><script>alert(1)</script>&\"'<b>"
SPREAD = {"0.025": -2.0, "0.1": -1.28, "0.25": -0.67, "0.5": 0.0, "0.75": 0.67, "0.9": 1.28, "0.975": 2.0}
SCORED = ("0.1", "0.5", "0.9")
DRIFT = "drift"


def window(number: int, steps: int = 6) -> WindowForecast:
    """One window of log returns whose third step has no trading."""
    dice = random.Random(number)
    target: list[float | None] = [dice.gauss(0, 0.01) for _ in range(steps)]
    target[2] = None
    bands = {level: [100 + spread] * steps for level, spread in SPREAD.items()}
    scored = {level: bands[level] for level in SCORED}
    return {
        "timestamps": [f"20{20 + number // 12}-{number % 12 + 1:02d}-{day:02d} 00:00:00" for day in range(1, steps + 1)],
        "actual": [None if value is None else 100 + 100 * value for value in target],
        "quantiles": scored,
        "naive_quantiles": {level: [value + 0.5 for value in values] for level, values in scored.items()},
        "target_actual": target,
        "target_quantiles": {level: [0.01 * SPREAD[level]] * steps for level in SCORED},
        "naive_target_quantiles": {level: [0.01 * SPREAD[level]] * steps for level in SCORED},
        "band_quantiles": bands,
    }


def forecasts(count: int = 3) -> ForecastReport:
    """One calibration window, then ``count`` test windows."""
    windows = [window(number) for number in range(count + 1)]
    return {
        "execution_id": ID,
        "asset": "sp500",
        "frequency": "D",
        "transform": "log_return",
        "baseline": DRIFT,
        "history": {"timestamps": ["2019-12-30 00:00:00", "2019-12-31 00:00:00"], "price": [99.0, None]},
        "calibration_windows": windows[:1],
        "windows": windows[1:],
        "metrics": {"RMSE": 0.01, "mean_wQuantileLoss": 0.8},
        "naive_metrics": {"RMSE": 0.01, "mean_wQuantileLoss": 0.9},
    }


def scored(loss: float, covered: float | None = 0.75, interval: Sequence[float] | None = (0.6, 0.9)) -> dict[str, Any]:
    coverage = {band: {"share": covered, "interval": list(interval) if interval else None} for band in ("0.5", "0.8", "0.95")}
    found = {"mean_wQuantileLoss": loss, "MASE": 40 * loss, "RMSE": 120 * loss, "MAE": 100 * loss, "MAPE": loss, "values": 15}
    return found | {"coverage": coverage}


def scores(
    skill: float = 0.1,
    interval: tuple[float, float] | None = (0.02, 0.2),
    windows: int = 8,
    covered: float | None = 0.75,
    interval_of_coverage: tuple[float, float] | None = (0.6, 0.9),
) -> dict[str, Any]:
    """The content of scores.json; the best baseline's loss is 2 %."""
    best, own = scored(0.02), scored(0.02 * (1 - skill), covered, interval_of_coverage)
    pair = {"model": own, "baseline": best}

    def forecaster(found: dict[str, Any]) -> dict[str, Any]:
        return {"price": {"test": {"predicted": found, "all": found}}}

    return {
        "version": 1,
        "asset": "sp500",
        "bestBaseline": DRIFT,
        "skill": {
            "baseline": DRIFT,
            "skill": skill,
            "interval": list(interval) if interval else None,
            "winRate": 0.625,
            "loss": 2 * (1 - skill),
            "baselineLoss": 2.0,
            "windows": windows,
        },
        "skillOfAllAssets": {"baseline": "last value"},
        "forecasters": {"model": forecaster(own), DRIFT: forecaster(best), "last value": forecaster(scored(0.025))},
        "windows": [
            {
                "kind": "calibration" if number == 0 else "test",
                "start": f"2020-0{number + 1}-01",
                "end": f"2020-0{number + 1}-06",
            }
            | pair
            for number in range(4)
        ],
        "horizons": [{"step": step} | pair for step in range(1, 7)],
        "assets": {"sp500": pair, "wti": pair},
    }


def coming(**changes: Any) -> dict[str, Any]:
    """The content of forecast.json of the forecast pipeline, with the rows of another asset among it."""
    rows = [
        {
            "asset": asset,
            "time": f"2020-02-0{day} 00:00:00",
            "mean": 101.0,
            "quantiles": {k: 100 + day * v for k, v in SPREAD.items()},
        }
        for asset in ("sp500", "wti")
        for day in (1, 2, 3)
    ]
    return {
        "version": 1,
        "execution_id": ID,
        "template": "demo",
        "asset": "sp500",
        "unit": "USD",
        "quantity": "index",
        "cutoff": "2020-01-31",
        "frequency": "1D",
        "history": {"timestamps": ["2020-01-30 00:00:00", "2020-01-31 00:00:00"], "price": [98.0, 100.0]},
        "rows": rows,
    } | changes


IMPORTANCE = {"scores": {"sp500:rsi_14": 0.02, "wti:sma_50": -0.001}, "held_out_r2": 0.1, "method": "shuffled"}
GATE = {"skill": 0.1, "requiredSkill": -0.05, "skillExcess": 0.15, "bestBaseline": DRIFT, "targetSha256": "ab"}
BASELINES = {"baselines": [{"name": DRIFT, "description": "the last value and its mean change"}]}
CHAMPION = {
    "version": 1,
    "modelPackage": "arn:aws:sagemaker:eu-central-1:123456789012:model-package/demo/3",
    "compared": True,
    "values": 12,
    "from": "2020-02-01",
    "to": "2020-03-06",
    "stepsAhead": 3.5,
    "championStepsAhead": 2.0,
    "skill": -0.031,
    "interval": [-0.1, 0.02],
    "winRate": 0.5,
    "windows": 3,
    "loss": 2.062,
    "championLoss": 2.0,
}
CALIBRATION = {"applied": False, "reason": "the template does not ask for it"}


def files(**changes: Any) -> Files:
    """All files of a training execution."""
    found: dict[str, Any] = {
        "forecasts": forecasts(),
        "scores": scores(),
        "baselines": BASELINES,
        "calibration": CALIBRATION,
        "gate": GATE,
        "champion": CHAMPION,
        "importance": IMPORTANCE,
    }
    return Files(**(found | changes))


def bundle(found: Files | None = None, **changes: Any) -> ReportBundle:
    return ReportBundle.of_item(item(**changes), found or files())


def item(**changes: Any) -> dict[str, Any]:
    snapshot = {
        "Template": {"predictedAsset": "sp500", "unit": "USD"},
        "Parameters": {"epochs": "7", "likelihood": "student-T", "ExecutionId": ID},
        "ImageUri": "repository/image@sha256:12",
        "DefinitionDigest": "digest",
        "Assets": {"sp500": {"Key": "assets/sp500.csv", "VersionId": "v1", "Sha256": "ab" * 32, "Size": 1234}},
    }
    return {
        "Id": ID,
        "TemplateId": "demo",
        "Status": "Succeeded",
        "Outcome": "Registered",
        "CreatedAt": "2020-01-01T00:00:00+00:00",
        "GateThreshold": "-0.05",
        "GateMetric": "0.1",
        "GateBaseline": DRIFT,
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
