"""Forecasts from an endpoint: request lines that the forecast pipeline prepared or a file has, one request for each.

The endpoint answers with quantiles of the target, as the model knows it. Only the forecast pipeline undoes the target
transform, because that is done for each sampled path. Source: Amazon SageMaker developer guide, "DeepAR inference formats".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from contracts.backtest import SAMPLES
from contracts.frequency import Frequency
from contracts.problems import Problem, ProblemsError, one_problem
from contracts.status import PUBLISHED
from contracts.tables import EndpointAttribute, ExecutionAttribute
from contracts.times import format_time
from runs.endpoints import IN_SERVICE, Endpoint, endpoint
from runs.forecasting import forecast_model, forecasts_of
from runs.models import Model, model_package
from runs.request_lines import Request, file_content, read_requests, stored_lines
from runs.stack import Stack

#: The median and the edges of the 50, 80 and 95 % bands.
LEVELS = ("0.025", "0.1", "0.25", "0.5", "0.75", "0.9", "0.975")
CONFIGURATION = {"num_samples": SAMPLES, "output_types": ["mean", "quantiles"], "quantiles": list(LEVELS)}
JSON = "application/json"
#: Target transform -> the target in words, with the template's quantity.
_TARGETS = {
    "level": "{}",
    "log": "natural logarithm of {}",
    "log1p": "natural logarithm of 1 + {}",
    "log_return": "log return of {}",
}


@dataclass(frozen=True)
class Row:
    """The forecast of the target of one asset for one time: mean and quantiles by level."""

    asset: str
    time: str  # ISO 8601
    mean: float
    quantiles: Mapping[str, float]


@dataclass(frozen=True)
class Prediction:
    """What an endpoint answered. ``target`` says what the values are; ``source`` is where the request lines come from."""

    endpoint: str
    model: Model
    target: str
    source: str
    rows: tuple[Row, ...]

    @property
    def predicted(self) -> list[Row]:
        """Rows of the predicted asset, or all if it has none."""
        own = [row for row in self.rows if row.asset == self.model.template["predictedAsset"]]
        return own or list(self.rows)


def predict(stack: Stack, name: str, *, file: Path | None = None, horizon: int | None = None) -> Prediction:
    """Ask an endpoint for the steps after each request line; by default the lines of the model's latest forecast.

    Raises:
        ProblemsError: no such endpoint, one that does not answer now, a bad horizon or file, no forecast with the model yet, or
            one whose objects have expired.
        ClientError: SageMaker or the model refuses a request.
    """
    found = endpoint(stack, name)
    model = model_package(stack, str(found.row.get(EndpointAttribute.MODEL_PACKAGE_ARN, "")))
    length = int(model.template["predictionLength"])
    if problems := [*_status_problems(found), *_horizon_problems(horizon, length)]:
        raise ProblemsError("predict", problems)
    source, content = (str(file), file_content(file)) if file else _latest_lines(stack, model)
    requests = read_requests(content, model.template, source)
    frequency = Frequency.parse(model.template["frequency"])
    rows = [row for request in requests for row in _ask(stack, name, request, frequency, horizon or length)]
    return Prediction(name, model, target_in_words(model.template), source, tuple(rows))


def target_in_words(template: Mapping[str, Any]) -> str:
    """Return what the model forecasts, such as ``log return of price``; with the unit if it is the quantity itself."""
    transform, unit = str(template["targetTransform"]), template.get("unit")
    words = _TARGETS[transform].format(template["quantity"])
    return f"{words} ({unit})" if transform == "level" and unit else words


def _status_problems(found: Endpoint) -> Iterator[Problem]:
    if found.status != IN_SERVICE:
        yield Problem(
            "endpoint", f"{found.name} ({found.status})", f"allowed: one that is {IN_SERVICE}; see `runs endpoint list`"
        )


def _horizon_problems(horizon: int | None, length: int) -> Iterator[Problem]:
    if horizon is not None and not 1 <= horizon <= length:
        yield Problem("--horizon", horizon, f"allowed: from 1 to {length}, the template's predictionLength")


def _latest_lines(stack: Stack, model: Model) -> tuple[str, str]:
    """The id of the latest forecast with this model, and its request lines."""
    template_id = str(model.template["id"])
    advice = f"start one: `runs forecast {template_id} --model {model.arn}`, or give request lines: --request"
    for item in forecasts_of(stack, template_id):
        if item.get(ExecutionAttribute.OUTCOME) == PUBLISHED and forecast_model(stack, item) == model.arn:
            execution_id = str(item[ExecutionAttribute.ID])
            return execution_id, stored_lines(stack, execution_id, advice)
    raise one_problem("predict", "model package", model.arn, f"no forecast with it has been published; {advice}")


def _ask(stack: Stack, name: str, request: Request, frequency: Frequency, horizon: int) -> list[Row]:
    """Send one line to the endpoint, and return the first steps of its answer."""
    body = json.dumps({"instances": [request.line], "configuration": CONFIGURATION})
    answer = stack.endpoints.invoke_endpoint(EndpointName=name, ContentType=JSON, Accept=JSON, Body=body)
    text = answer["Body"].read().decode()
    try:
        (found,) = json.loads(text)["predictions"]
        return list(_rows(request, found, frequency, horizon))
    except (IndexError, KeyError, TypeError, ValueError) as error:
        allowed = f"allowed: the JSON of one DeepAR prediction with mean and quantiles ({error!r})"
        raise one_problem("predict", f"answer of {name}", text, allowed) from error


def _rows(request: Request, answer: Mapping[str, Any], frequency: Frequency, horizon: int) -> Iterator[Row]:
    """The forecast by step. A line's target ends where the forecast begins."""
    start, known = datetime.fromisoformat(request.line["start"]), len(request.line["target"])
    moments = [frequency.later(start, known + step) for step in range(horizon)]
    for step, moment in enumerate(moments):
        quantiles = {level: float(answer["quantiles"][level][step]) for level in LEVELS}
        yield Row(request.asset, format_time(moment, *moments), float(answer["mean"][step]), quantiles)
