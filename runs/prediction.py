"""Forecasts from an endpoint: request lines that the forecast pipeline prepared or a file has, one request for each.

The endpoint answers with quantiles of the target, as the model knows it. Only the forecast pipeline undoes the target
transform, because that is done for each sampled path. Source: Amazon SageMaker developer guide, "DeepAR inference formats".
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from contracts.backtest import INDEX_FILE, LINES_FOLDER, SAMPLES
from contracts.files import unreadable_file
from contracts.frequency import Frequency
from contracts.layout import ExecutionLayout
from contracts.manifest import parse_manifest
from contracts.problems import Problem, ProblemsError, listed, one_problem
from contracts.status import PUBLISHED
from contracts.strict_json import parse
from contracts.tables import EndpointAttribute, ExecutionAttribute
from contracts.times import format_time
from runs.endpoints import IN_SERVICE, Endpoint, endpoint
from runs.forecasting import forecast_model, forecasts_of
from runs.models import Model, model_package
from runs.stack import Stack

#: The median and the edges of the 50, 80 and 95 % bands.
LEVELS = ("0.025", "0.1", "0.25", "0.5", "0.75", "0.9", "0.975")
CONFIGURATION = {"num_samples": SAMPLES, "output_types": ["mean", "quantiles"], "quantiles": list(LEVELS)}
JSON = "application/json"
_PROBLEMS_SHOWN = 10
#: Target transform -> the target in words, with the template's quantity.
_TARGETS = {
    "level": "{}",
    "log": "natural logarithm of {}",
    "log1p": "natural logarithm of 1 + {}",
    "log_return": "log return of {}",
}


@dataclass(frozen=True)
class Request:
    """One request line: ``line`` is a DeepAR instance with ``start`` and ``target``."""

    asset: str
    line: Mapping[str, Any]


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
        ProblemsError: no such endpoint, one that does not answer now, a bad horizon or file, or no forecast with the model yet.
        ClientError: SageMaker or the model refuses a request.
    """
    found = endpoint(stack, name)
    model = model_package(stack, str(found.row.get(EndpointAttribute.MODEL_PACKAGE_ARN, "")))
    length = int(model.template["predictionLength"])
    if problems := [*_status_problems(found), *_horizon_problems(horizon, length)]:
        raise ProblemsError("predict", problems)
    source, content = (str(file), _file_content(file)) if file else _latest_lines(stack, model)
    requests = read_requests(content, model.template, source)
    frequency = Frequency.parse(model.template["frequency"])
    rows = [row for request in requests for row in _ask(stack, name, request, frequency, horizon or length)]
    return Prediction(name, model, target_in_words(model.template), source, tuple(rows))


def target_in_words(template: Mapping[str, Any]) -> str:
    """Return what the model forecasts, such as ``log return of price``; with the unit if it is the quantity itself."""
    transform, unit = str(template["targetTransform"]), template.get("unit")
    words = _TARGETS[transform].format(template["quantity"])
    return f"{words} ({unit})" if transform == "level" and unit else words


def read_requests(content: str, template: Mapping[str, Any], source: str) -> list[Request]:
    """Return the requests of JSON Lines. A line's ``cat`` says which base asset it is about.

    Raises:
        ProblemsError: every line that is no request, or there is none.
    """
    requests, problems = [], []
    for number, text in enumerate(content.splitlines(), start=1):
        if text.strip():
            try:
                requests.append(_request(text, template))
            except (KeyError, TypeError, ValueError) as error:
                allowed = f"allowed: a DeepAR request with start, target and cat, as JSON on one line ({error})"
                problems.append(Problem(f"{source} line {number}", text, allowed))
    if not requests and not problems:
        problems.append(Problem(source, "", "allowed: at least one line with a DeepAR request"))
    if problems:
        raise ProblemsError("predict", problems[:_PROBLEMS_SHOWN])
    return requests


def _request(text: str, template: Mapping[str, Any]) -> Request:
    line = parse(text)
    if not isinstance(line, dict) or not isinstance(line.get("target"), list):
        raise ValueError("target is not a list")
    if datetime.fromisoformat(line["start"]).tzinfo is not None:
        raise ValueError("start has a time zone")
    assets: Sequence[str] = template["baseAssets"]
    category = line["cat"][0] if isinstance(line["cat"], list) else line["cat"]
    if not isinstance(category, int) or not 0 <= category < len(assets):
        raise ValueError(f"cat is {category!r}; the model knows 0 to {len(assets) - 1}: {listed(assets)}")
    return Request(assets[category], line)


def _status_problems(found: Endpoint) -> Iterator[Problem]:
    if found.status != IN_SERVICE:
        yield Problem(
            "endpoint", f"{found.name} ({found.status})", f"allowed: one that is {IN_SERVICE}; see `runs endpoint list`"
        )


def _horizon_problems(horizon: int | None, length: int) -> Iterator[Problem]:
    if horizon is not None and not 1 <= horizon <= length:
        yield Problem("--horizon", horizon, f"allowed: from 1 to {length}, the template's predictionLength")


def _file_content(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise unreadable_file(file, error, "allowed: JSON Lines with one DeepAR request each") from error


def _latest_lines(stack: Stack, model: Model) -> tuple[str, str]:
    """The id of the latest forecast with this model, and its request lines."""
    template_id = str(model.template["id"])
    for item in forecasts_of(stack, template_id):
        if item.get(ExecutionAttribute.OUTCOME) == PUBLISHED and forecast_model(stack, item) == model.arn:
            execution_id = str(item[ExecutionAttribute.ID])
            return execution_id, _lines_of(stack, ExecutionLayout(execution_id))
    advice = f"start one: `runs forecast {template_id} --model {model.arn}`, or give request lines: --request"
    raise one_problem("predict", "model package", model.arn, f"no forecast with it has been published; {advice}")


def _lines_of(stack: Stack, layout: ExecutionLayout) -> str:
    """All request lines of a forecast, compared with the manifest of the step that wrote them."""
    bucket = stack.outputs.models_bucket

    def content(key: str) -> bytes:
        found: bytes = stack.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return found

    manifest = parse_manifest(content(layout.manifest))
    texts = []
    for file in json.loads(content(f"{layout.requests}/{INDEX_FILE}"))["files"]:
        key = f"{layout.requests}/{LINES_FOLDER}/{file}"
        found = content(key)
        expected, actual = manifest[key.removeprefix(f"{layout.prefix}/")]["sha256"], hashlib.sha256(found).hexdigest()
        if actual != expected:
            raise one_problem("predict", f"s3://{bucket}/{key}", f"SHA-256 {actual}", f"the manifest has {expected}")
        texts.append(found.decode())
    return "".join(texts)


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
