"""Forecasts of an execution's test windows by its trained model: ``evaluation/forecasts.json`` and the prediction table.

Samples are drawn as training's own test did (same model, windows, seed and number), so that the metrics here are those of
the training job's log. On AWS a transform job or an endpoint can serve the same requests.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from botocore.exceptions import ClientError
from numpy.typing import NDArray

from contracts.forecasts import ForecastReport, WindowForecast
from contracts.layout import ExecutionLayout
from contracts.metrics import level_name, loss_name, mean_weighted_quantile_loss
from contracts.problems import one_problem
from contracts.snapshot import canonical_json
from contracts.tables import PredictionAttribute
from fe_image.data.frequency import Frequency, iso
from fe_image.model.target import Transform, expected_trading, undo_paths
from local_run.deepar.data import Series, read_channel
from local_run.deepar.metrics import quantiles_of, score
from local_run.deepar.model import Model
from local_run.deepar.sampling import sample_paths
from local_run.deepar.training import without_end
from runs.stack import Stack

Doubles = NDArray[np.float64]
MODEL_ARCHIVE = "model.tar.gz"
_WRITTEN_BY = "written by an execution that went through training"
#: Paths for the quantiles of prices: a hundred draw a ragged band. The metrics keep to the algorithm's num_eval_samples.
PRICE_PATHS = 1000
SMALLEST_DRAW = 50
#: History shown before the first window, in context lengths.
HISTORY_CONTEXTS = 3


@dataclass(frozen=True)
class ForecastInputs:
    """What an execution left behind: the test channel, ``target.json``, ``baselines.json`` and the model."""

    test: Sequence[Series]
    target: Mapping[str, Any]
    baselines: Mapping[str, Any]
    model: Model


def forecast(stack: Stack, execution_id: str) -> ForecastReport:
    """Forecast the test windows of a finished execution; store and return the report.

    Raises :class:`~contracts.problems.ProblemsError` naming the object that is not there.
    """
    layout = ExecutionLayout(execution_id)
    report = forecast_report(execution_id, _download(stack, layout))
    body = canonical_json(report).encode()
    stack.s3.put_object(Bucket=stack.outputs.models_bucket, Key=layout.forecasts, Body=body, ContentType="application/json")
    table = stack.dynamodb.Table(stack.outputs.prediction_table)
    with table.batch_writer() as batch:
        for window in report["windows"]:
            batch.put_item(Item=prediction_row(report, window))
    return report


def forecast_report(execution_id: str, inputs: ForecastInputs) -> ForecastReport:
    """The whole report; no AWS."""
    model, target = inputs.model, inputs.target
    config = model.config
    series = [model.schema.conform(item) for item in inputs.test]
    known = [without_end(item, config.prediction_length) for item in series]
    samples = sample_paths(model, known, config.num_eval_samples)
    actual = np.stack([item.target[-config.prediction_length :] for item in series])
    if len(inputs.baselines["windows"]) != len(series):
        found = f"{len(inputs.baselines['windows'])} windows"
        raise one_problem("forecast", "baselines.json", found, f"allowed: {len(series)}, as test.json has lines")
    # With other seeds, but where they are enough, as many at a time: the network is compiled for that number already.
    at_once = max(config.num_eval_samples, SMALLEST_DRAW)
    draws = range(1, 1 + -(-max(0, PRICE_PATHS - config.num_eval_samples) // at_once))
    further = [sample_paths(model, known, at_once, config.seed + number) for number in draws]
    paths = np.concatenate([samples, *further], axis=1)
    windows = [_window(inputs, number, samples[number], paths[number], actual[number]) for number in range(len(series))]
    return {
        "execution_id": execution_id,
        "asset": str(target["asset"]),
        "frequency": config.time_freq,
        "transform": str(target["transform"]),
        "history": _history(inputs, known[0]),
        "windows": windows,
        "metrics": _finite(score(actual, samples, config.test_quantiles)),
        "naive_metrics": _naive_metrics(inputs.baselines),
    }


def _window(inputs: ForecastInputs, number: int, samples: Doubles, paths: Doubles, actual: Doubles) -> WindowForecast:
    """One window; ``samples`` and ``paths`` have shape (samples, steps), on the transformed target."""
    levels = inputs.model.config.test_quantiles
    naive = inputs.baselines["windows"][number]
    prices = undo_paths(_transform(inputs), paths, _last_price(inputs, number), _trading(inputs, naive["timestamps"]))
    return {
        "timestamps": list(naive["timestamps"]),
        "actual": list(naive["price_actual"]),
        "quantiles": _by_level(levels, prices),
        "naive_quantiles": naive["price_quantiles"],
        "target_actual": _nullable(actual),
        "target_quantiles": _by_level(levels, samples),
        "naive_target_quantiles": naive["target_quantiles"],
    }


def _transform(inputs: ForecastInputs) -> Transform:
    transform: Transform = inputs.target["transform"]
    return transform


def _last_price(inputs: ForecastInputs, number: int) -> float:
    return float(inputs.target["windows"][number]["last_price"])


def _trading(inputs: ForecastInputs, timestamps: Sequence[str]) -> NDArray[np.bool_]:
    times = np.array(timestamps, dtype="datetime64[s]")
    return expected_trading(times, inputs.target["trading_profile"], Frequency.parse(inputs.target["frequency"]))


def _history(inputs: ForecastInputs, known: Series) -> dict[str, list[float | None] | list[str]]:
    """The days before the first window, as prices."""
    steps = min(len(known.target), HISTORY_CONTEXTS * inputs.model.config.context_length)
    prices = past_prices(_transform(inputs), known.target[-steps:], _last_price(inputs, 0))
    frequency = Frequency.parse(inputs.target["frequency"])
    first = np.array([inputs.target["windows"][0]["forecast_start"]], dtype="datetime64[s]")
    anchor = int(frequency.units(first)[0]) - steps * frequency.multiple
    return {"timestamps": iso(frequency.times(np.arange(steps), anchor)), "price": _nullable(prices)}


def past_prices(transform: str, target: Doubles, last_price: float) -> Doubles:
    """Observed prices from the transformed target (steps,) whose last observed price is known; NaN where nothing was traded."""
    if transform == "level":
        return target
    if transform == "log":
        return np.exp(target)
    returns = np.nan_to_num(target)
    after = returns[::-1].cumsum()[::-1] - returns  # of the steps after each one
    return np.where(np.isnan(target), np.nan, last_price * np.exp(-after))


def _by_level(levels: Sequence[float], paths: Doubles) -> dict[str, list[float]]:
    rows = quantiles_of(paths[None], levels)[0]
    return {level_name(level): row.tolist() for level, row in zip(levels, rows, strict=True)}


def _nullable(values: Doubles) -> list[float | None]:
    return [None if math.isnan(value) else float(value) for value in values]


def _naive_metrics(baselines: Mapping[str, Any]) -> dict[str, float]:
    losses = {loss_name(level): loss for level, loss in baselines["wQuantileLoss"].items()}
    return _finite({"RMSE": baselines["RMSE"], "mean_wQuantileLoss": baselines["mean_wQuantileLoss"], **losses})


def _finite(metrics: Mapping[str, float | None]) -> dict[str, float]:
    return {name: value for name, value in metrics.items() if value is not None and math.isfinite(value)}


def prediction_row(report: ForecastReport, window: WindowForecast) -> dict[str, Any]:
    """Return a window as an item of the prediction table, limited in size for any prediction length and number of quantiles."""
    levels = sorted(window["quantiles"], key=float)
    shown = dict.fromkeys((levels[0], min(levels, key=lambda level: abs(float(level) - 0.5)), levels[-1]))
    quantiles = {level: [float(f"{value:.7g}") for value in window["quantiles"][level]] for level in shown}
    text = canonical_json({"timestamps": window["timestamps"], "actual": window["actual"], "quantiles": quantiles})
    losses = {
        PredictionAttribute.LOSS: mean_weighted_quantile_loss(window["target_actual"], window["target_quantiles"]),
        PredictionAttribute.NAIVE_LOSS: mean_weighted_quantile_loss(window["target_actual"], window["naive_target_quantiles"]),
    }
    return {
        PredictionAttribute.EXECUTION_ID: report["execution_id"],
        PredictionAttribute.WINDOW_END: _moment(window["timestamps"][-1]),
        PredictionAttribute.WINDOW_START: _moment(window["timestamps"][0]),
        PredictionAttribute.ASSET: report["asset"],
        PredictionAttribute.FORECAST: text,
        **{name: Decimal(f"{loss:.9g}") for name, loss in losses.items() if loss is not None},
    }


def _moment(text: str) -> str:
    return datetime.fromisoformat(text).isoformat()


def _download(stack: Stack, layout: ExecutionLayout) -> ForecastInputs:
    bucket = stack.outputs.models_bucket
    with tempfile.TemporaryDirectory() as folder:
        test, model = Path(folder) / "test" / "test.json", Path(folder) / MODEL_ARCHIVE
        test.parent.mkdir()
        _fetch(stack.s3, bucket, layout.test_json, test)
        _fetch(stack.s3, bucket, _model_key(stack.s3, bucket, layout), model)
        files = {name: Path(folder) / name for name in ("target.json", "baselines.json")}
        for name, path in files.items():
            _fetch(stack.s3, bucket, f"{layout.evaluation}/{name}", path)
        target, baselines = (json.loads(path.read_text()) for path in files.values())
        return ForecastInputs(read_channel(test.parent), target, baselines, Model.load(model))


def _fetch(s3: Any, bucket: str, key: str, path: Path) -> None:
    try:
        s3.download_file(bucket, key, str(path))
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchKey"):
            raise
        raise one_problem("forecast", f"s3://{bucket}/{key}", None, _WRITTEN_BY) from error


def _model_key(s3: Any, bucket: str, layout: ExecutionLayout) -> str:
    """The newest artefact under the execution's model prefix (a retried training leaves more than one)."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{layout.model}/")
    found = [item for page in pages for item in page.get("Contents", ()) if item["Key"].endswith(f"/{MODEL_ARCHIVE}")]
    if not found:
        where = f"s3://{bucket}/{layout.model}/<job>/output/{MODEL_ARCHIVE}"
        raise one_problem("forecast", where, None, _WRITTEN_BY)
    newest: str = max(found, key=lambda item: (item["LastModified"], item["Key"]))["Key"]
    return newest
