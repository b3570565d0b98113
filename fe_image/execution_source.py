"""Inputs of an execution: template, asset versions and, for a forecast, the model in its item's frozen snapshot."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, cast

from contracts import environment as names
from contracts.layout import ASSET_MAX_BYTES as MAX_BYTES
from contracts.problems import Problem, ProblemsError, one_problem
from contracts.ranges import LATEST
from contracts.snapshot import from_attribute
from contracts.tables import ExecutionAttribute as Attribute
from contracts.template import TrainingTemplate, parse_template
from fe_image.container.aws_clients import client
from fe_image.container.step_environment import StepEnvironment
from fe_image.data.prices import PriceHistory, Reading, read_history
from fe_image.forecast.fitted import FITTED_FILES

#: The step cannot work without the item. If DynamoDB throttles, boto3 retries with backoff and jitter; then the step fails.
_ATTEMPTS, _CONNECT_SECONDS, _READ_SECONDS = 8, 5, 10
_SHA256, _SHA256_ALLOWED = "[0-9a-f]{64}", "allowed: 64 hexadecimal digits, lower case"
_VERSION_FIELDS = (
    ("Key", r"(?s).+", "allowed: the key of the asset's object"),
    ("Sha256", _SHA256, _SHA256_ALLOWED),
)
_MODEL_FIELDS = {
    "PackageArn": "the ARN of a model package",
    "ExecutionId": "the id of the execution that trained the model",
    "FittedS3Uri": "the S3 URI of the model's fitted files",
    "BestBaseline": "the name of the best baseline in the model's evaluation",
}


@dataclass(frozen=True)
class ExecutionSource:
    """The part of a snapshot that the step needs."""

    template: TrainingTemplate
    assets: Mapping[str, Mapping[str, Any]]  # asset → contracts.snapshot.AssetVersion
    is_ablation: bool


@dataclass(frozen=True)
class ForecastSource(ExecutionSource):
    """The part of a forecast's snapshot that its steps need."""

    model: Mapping[str, Any]  # contracts.snapshot.ModelVersion
    horizon: int


def read_item(where: StepEnvironment) -> Mapping[str, Any]:
    """Return the execution's item. The step writes nothing before, because the execution may not be its own.

    Raises:
        ProblemsError: there is no table or item, or the item belongs to another pipeline execution.
    """
    dynamodb = client(
        "dynamodb", where.region, attempts=_ATTEMPTS, connect_seconds=_CONNECT_SECONDS, read_seconds=_READ_SECONDS
    )
    key = {Attribute.ID: {"S": where.execution_id}}
    try:
        item = dynamodb.get_item(TableName=where.execution_table, Key=key, ConsistentRead=True).get("Item")
    except dynamodb.exceptions.ResourceNotFoundException as error:
        allowed = f"allowed: a table of this account in {dynamodb.meta.region_name}"
        raise one_problem("environment of the step", names.EXECUTION_TABLE, where.execution_table, allowed) from error
    subject = f"execution {where.execution_id}"
    if item is None:
        allowed = f"allowed: the id of an item of {where.execution_table}"
        raise one_problem(subject, "--executionid", where.execution_id, allowed)
    owner = item.get(Attribute.PIPELINE_EXECUTION_ARN, {}).get("S")
    if where.pipeline_execution_arn and owner and owner != where.pipeline_execution_arn:
        allowed = f"this container runs for {where.pipeline_execution_arn}; start it with an id of its own"
        raise one_problem(subject, Attribute.PIPELINE_EXECUTION_ARN, owner, allowed)
    found: Mapping[str, Any] = item
    return found


def item_source(item: Mapping[str, Any], execution_id: str) -> ExecutionSource:
    """Return the checked snapshot of an execution's item.

    Raises:
        ProblemsError: the snapshot is missing or not valid.
    """
    return parse_snapshot(_snapshot(item, execution_id))


def forecast_source(item: Mapping[str, Any], execution_id: str) -> ForecastSource:
    """Return the checked snapshot of a forecast's item.

    Raises:
        ProblemsError: the snapshot is missing or not valid.
    """
    snapshot = _snapshot(item, execution_id)
    source = parse_snapshot(snapshot)
    model, horizon = snapshot.get("Model"), snapshot.get("Horizon")
    problems = [*_model_problems(model), *_horizon_problems(horizon, source.template)]
    if problems:
        raise ProblemsError("snapshot", problems)
    return ForecastSource(
        source.template, source.assets, source.is_ablation, model=cast(Mapping[str, Any], model), horizon=cast(int, horizon)
    )


def _model_problems(model: object) -> Iterator[Problem]:
    """Yield what is missing or wrong in the recorded model."""
    if not isinstance(model, Mapping):
        yield Problem("Model", model, "`runs forecast` records there which model an execution uses")
        return
    for name, allowed in _MODEL_FIELDS.items():
        if not isinstance(model.get(name), str) or not model[name]:
            yield Problem(f"Model.{name}", model.get(name), f"allowed: {allowed}")
    files = model.get("Files")
    for name in FITTED_FILES:
        digest = files.get(name) if isinstance(files, Mapping) else None
        if not isinstance(digest, str) or not re.fullmatch(_SHA256, digest):
            yield Problem(f"Model.Files.{name}", digest, _SHA256_ALLOWED)


def _horizon_problems(horizon: object, template: TrainingTemplate) -> Iterator[Problem]:
    longest = template.prediction_length
    if not isinstance(horizon, int) or isinstance(horizon, bool) or not 1 <= horizon <= longest:
        yield Problem("Horizon", horizon, f"allowed: from 1 to {longest}, the template's predictionLength")


def _snapshot(item: Mapping[str, Any], execution_id: str) -> Mapping[str, Any]:
    subject = f"execution {execution_id}"
    text = item.get(Attribute.SNAPSHOT, {}).get("S")
    if not text:
        raise one_problem(subject, Attribute.SNAPSHOT, None, "`runs start` stores there which inputs an execution reads")
    try:
        return from_attribute(text)
    except ValueError as error:
        raise one_problem(subject, Attribute.SNAPSHOT, text, f"allowed: one JSON object ({error})") from error


def parse_snapshot(snapshot: Mapping[str, Any]) -> ExecutionSource:
    """Return the template, validated again, and the version of each of its assets."""
    template = parse_template(snapshot.get("Template"))
    if template.end_training == LATEST:
        raise one_problem("snapshot", "Template.endTraining", LATEST, "a start replaces it by a date; start with `runs start`")
    assets = snapshot.get("Assets") or {}
    if not isinstance(assets, Mapping):
        raise one_problem("snapshot", "Assets", assets, "allowed: one JSON object")
    problems = [problem for asset in template.base_assets for problem in _version_problems(asset, assets.get(asset))]
    if problems:
        raise ProblemsError("snapshot", problems)
    return ExecutionSource(template, assets, is_ablation="AblationOf" in snapshot)


def _version_problems(asset: str, version: object) -> Iterator[Problem]:
    """Yield what is missing or wrong in an asset's recorded version."""
    where = f"Assets.{asset}"
    if version is None:
        yield Problem(where, None, "the snapshot records a version for each base asset")
    elif not isinstance(version, Mapping):
        yield Problem(where, version, "allowed: one JSON object")
    else:
        for name, pattern, allowed in _VERSION_FIELDS:
            value = version.get(name)
            if not isinstance(value, str) or not re.fullmatch(pattern, value):
                yield Problem(f"{where}.{name}", value, allowed)


def read_snapshot_assets(source: ExecutionSource, folder: Path) -> tuple[dict[str, PriceHistory], list[str]]:
    """Return the price histories of exactly the recorded versions, and notes for the log.

    Raises:
        ProblemsError: the problems of all files.
    """
    readings = {}
    for asset in source.template.base_assets:
        version = source.assets[asset]
        path = folder / PurePosixPath(str(version["Key"])).name
        readings[asset] = _read_version(asset, path, version, source.template)
    return collected(readings)


def collected(readings: Mapping[str, Reading]) -> tuple[dict[str, PriceHistory], list[str]]:
    """Return the histories and notes of all readings.

    Raises:
        ProblemsError: the problems of all readings.
    """
    problems = [problem for reading in readings.values() for problem in reading.problems]
    if problems:
        raise ProblemsError("price histories", problems)
    histories = {asset: reading.history for asset, reading in readings.items() if reading.history is not None}
    return histories, [note for reading in readings.values() for note in reading.notes]


def _read_version(asset: str, path: Path, version: Mapping[str, Any], template: TrainingTemplate) -> Reading:
    key = str(version["Key"])
    content = read_bytes(key, path)
    if isinstance(content, Problem):
        return Reading(problems=[content])
    digest = hashlib.sha256(content).hexdigest()
    if digest != version["Sha256"]:
        recorded = f"version {version.get('VersionId')} with SHA-256 {version['Sha256']}"
        allowed = f"the execution recorded {recorded}; start a new one for other data"
        return Reading(problems=[Problem(key, f"SHA-256 {digest}", allowed)])
    return read_history(asset, key, content, template)


def read_bytes(source: str, path: Path) -> bytes | Problem:
    """Return a file's content, or a problem if it is missing or too large."""
    if not path.is_file():
        return Problem(source, "0 rows", "there is no such file; allowed: a CSV with Date and Close")
    if (size := path.stat().st_size) > MAX_BYTES:
        return Problem(source, f"{size} bytes", f"allowed: at most {MAX_BYTES} bytes")
    return path.read_bytes()
