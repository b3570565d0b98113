"""What an execution may read: the template and the assets' versions that its item's frozen snapshot names."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from contracts import environment as names
from contracts.layout import ASSET_MAX_BYTES as MAX_BYTES
from contracts.problems import Problem, ProblemsError, one_problem
from contracts.snapshot import from_attribute
from contracts.tables import ExecutionAttribute as Attribute
from contracts.template import TrainingTemplate, parse_template
from fe_image.container.aws_clients import client
from fe_image.container.step_environment import StepEnvironment
from fe_image.data.prices import PriceHistory, Reading, read_history

#: The item must be read, or there is nothing to do: throttling is waited out with backoff and jitter, then the step fails.
_ATTEMPTS, _CONNECT_SECONDS, _READ_SECONDS = 8, 5, 10
_VERSION_FIELDS = (
    ("Key", r"(?s).+", "allowed: the key of the asset's object"),
    ("Sha256", "[0-9a-f]{64}", "allowed: 64 hexadecimal digits, lower case"),
)


@dataclass(frozen=True)
class ExecutionSource:
    """A snapshot's part that the step needs."""

    template: TrainingTemplate
    assets: Mapping[str, Mapping[str, Any]]  # asset → contracts.snapshot.AssetVersion


def read_item(where: StepEnvironment) -> Mapping[str, Any]:
    """The execution's item; :class:`ProblemsError` where there is none, or it is another pipeline execution's.

    Until this returns, nothing of the execution may be written: it may not be ours.
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
    """The snapshot of an execution's item, checked; :class:`ProblemsError` where it has none, or a faulty one."""
    subject = f"execution {execution_id}"
    text = item.get(Attribute.SNAPSHOT, {}).get("S")
    if not text:
        raise one_problem(subject, Attribute.SNAPSHOT, None, "`runs start` records there what an execution may read")
    try:
        snapshot = from_attribute(text)
    except ValueError as error:
        raise one_problem(subject, Attribute.SNAPSHOT, text, f"allowed: one JSON object ({error})") from error
    return parse_snapshot(snapshot)


def parse_snapshot(snapshot: Mapping[str, Any]) -> ExecutionSource:
    """The template, validated again, and an asset version for each of its assets."""
    template = parse_template(snapshot.get("Template"))
    assets = snapshot.get("Assets") or {}
    if not isinstance(assets, Mapping):
        raise one_problem("snapshot", "Assets", assets, "allowed: one JSON object")
    problems = [problem for asset in template.base_assets for problem in _version_problems(asset, assets.get(asset))]
    if problems:
        raise ProblemsError("snapshot", problems)
    return ExecutionSource(template, assets)


def _version_problems(asset: str, version: object) -> Iterator[Problem]:
    """What the step needs of an asset's recorded version, and does not find."""
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
    return read_history(asset, key, content, template)


def read_bytes(source: str, path: Path) -> bytes | Problem:
    """A file's content, or what is wrong with it; a file that is too large is not read."""
    if not path.is_file():
        return Problem(source, "0 rows", "there is no such file; allowed: a CSV with Date and Close")
    if (size := path.stat().st_size) > MAX_BYTES:
        return Problem(source, f"{size} bytes", f"allowed: at most {MAX_BYTES} bytes")
    return path.read_bytes()
