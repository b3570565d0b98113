"""What an execution may read: the template and the assets' versions that its item's frozen snapshot names."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from contracts.problems import Problem, ProblemsError, one_problem
from contracts.snapshot import from_attribute
from contracts.tables import ExecutionAttribute as Attribute
from contracts.template import TrainingTemplate, parse_template
from fe_image.aws_clients import client
from fe_image.engineer import TEST_QUANTILES
from fe_image.prices import MAX_BYTES, PriceHistory, Reading, read_history
from fe_image.step_environment import StepEnvironment

#: The item must be read, or there is nothing to do: throttling is waited out with backoff and jitter, then the step fails.
_ATTEMPTS, _CONNECT_SECONDS, _READ_SECONDS = 8, 5, 10


@dataclass(frozen=True)
class ExecutionSource:
    """A snapshot's part that the step needs."""

    template: TrainingTemplate
    assets: Mapping[str, Mapping[str, Any]]  # asset → contracts.snapshot.AssetVersion
    test_quantiles: tuple[float, ...]


def read_item(where: StepEnvironment) -> Mapping[str, Any]:
    """The execution's item; :class:`ProblemsError` where there is none, or it is another pipeline execution's.

    Until this returns, nothing of the execution may be written: it may not be ours.
    """
    dynamodb = client(
        "dynamodb", where.region, attempts=_ATTEMPTS, connect_seconds=_CONNECT_SECONDS, read_seconds=_READ_SECONDS
    )
    key = {Attribute.ID: {"S": where.execution_id}}
    item = dynamodb.get_item(TableName=where.execution_table, Key=key, ConsistentRead=True).get("Item")
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
    """The snapshot of an execution's item, checked; :class:`ProblemsError` where it has none, or a faulty one."""
    subject = f"execution {execution_id}"
    text = item.get(Attribute.SNAPSHOT, {}).get("S")
    if not text:
        raise one_problem(subject, Attribute.SNAPSHOT, None, "`runs start` records there what an execution may read")
    return parse_snapshot(from_attribute(text))


def parse_snapshot(snapshot: Mapping[str, Any]) -> ExecutionSource:
    """The template, validated again, and an asset version for each of its assets."""
    template = parse_template(snapshot.get("Template"))
    assets = snapshot.get("Assets") or {}
    missing = [
        Problem(f"Assets.{asset}", None, "the snapshot records a version for each base asset")
        for asset in template.base_assets
        if asset not in assets
    ]
    if missing:
        raise ProblemsError("snapshot", missing)
    return ExecutionSource(template, assets, _test_quantiles(snapshot.get("Parameters") or {}))


def _test_quantiles(parameters: Mapping[str, str]) -> tuple[float, ...]:
    """The gate scores what the algorithm scores: its hyperparameter, where the execution sets it."""
    text = parameters.get("test_quantiles")
    return tuple(json.loads(text)) if text else TEST_QUANTILES


def read_snapshot_assets(source: ExecutionSource, folder: Path) -> tuple[dict[str, PriceHistory], list[str]]:
    """Price histories of exactly the recorded versions, and notes for the log; every problem of every file at once."""
    readings = {}
    for asset in source.template.base_assets:
        version = source.assets[asset]
        path = folder / PurePosixPath(str(version["Key"])).name
        readings[asset] = _read_version(asset, path, version, source.template)
    return collected(readings)


def collected(readings: Mapping[str, Reading]) -> tuple[dict[str, PriceHistory], list[str]]:
    """Histories and notes of all readings, or all their problems."""
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
    return read_history(asset, key, content, template.data)


def read_bytes(source: str, path: Path) -> bytes | Problem:
    """A file's content, or what is wrong with it; a file that is too large is not read."""
    if not path.is_file():
        return Problem(source, "0 rows", "there is no such file; allowed: a CSV with Date and Close")
    if (size := path.stat().st_size) > MAX_BYTES:
        return Problem(source, f"{size} bytes", f"allowed: at most {MAX_BYTES} bytes")
    return path.read_bytes()
