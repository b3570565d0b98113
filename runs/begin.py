"""Starting an execution: freeze what it will read, create its item, start the pipeline. Once per id, however often tried.

Used by ``runs start`` and by the retraining schedule's handler.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from contracts import parameters as names
from contracts.hyperparameters import HYPERPARAMETERS, hyperparameter_problems
from contracts.ids import client_request_token, execution_id_problem, new_execution_id, template_id_problem
from contracts.layout import ASSET_MAX_BYTES, asset_key
from contracts.problems import Problem, ProblemsError, nearest, one_problem
from contracts.snapshot import AssetVersion, Snapshot, digest, from_attribute
from contracts.status import PROCESSING_STEP
from contracts.tables import ExecutionAttribute, TemplateAttribute
from runs.ranges import misfits
from runs.stack import Stack
from runs.store import ExecutionStore, Item

_READ_CHUNK = 1 << 20


@dataclass(frozen=True)
class Started:
    """What became of a start. ``new`` is False where the same start had been made before."""

    execution_id: str
    pipeline_execution_arn: str
    new: bool


def start(
    stack: Stack,
    template_id: str,
    execution_id: str | None = None,
    overrides: Mapping[str, str] | None = None,
    origin: str = "runs",
    problems: Sequence[Problem] = (),
) -> Started:
    """Start an execution of a stored template. ``problems`` are those that the caller found, told with the others.

    The same id with the same snapshot again starts what was never started, else changes nothing; the same id with another
    snapshot is a conflict. Everything that can be refused is refused before anything is written.

    Raises:
        ProblemsError: unknown template, bad id, unknown or bad override, missing asset, prices that the template can not work
            with, or a conflict.
    """
    overrides = dict(overrides or {})
    template = stored_template(stack, template_id)
    definition = _definition(stack)
    problems = [*problems, *override_problems(overrides, definition)]
    if execution_id is not None and (problem := execution_id_problem(execution_id, "--id")):
        problems.append(problem)
    assets, missing = _asset_versions(stack, list(template[TemplateAttribute.ASSETS]))
    problems += _size_problems(assets, _volume_gb(definition, overrides))
    content = json.loads(template[TemplateAttribute.TEMPLATE])
    problems += [*missing, *misfits(stack, content, assets)]
    if problems:
        raise ProblemsError("start", problems)
    snapshot: Snapshot = {
        "Template": content,
        "Parameters": {**{name: str(value) for name, value in template[TemplateAttribute.PARAMETERS].items()}, **overrides},
        "ImageUri": _image_uri(definition),
        "DefinitionDigest": digest(definition),
        "Assets": assets,
    }
    return _start_once(stack, execution_id or new_execution_id(template_id), snapshot, template_id, origin)


def stored_template(stack: Stack, template_id: str) -> Item:
    """The stored template's item; a :class:`ProblemsError` names it where there is none, or can be none of that name."""
    if problem := template_id_problem(template_id):
        raise ProblemsError("template", [problem])
    table = stack.dynamodb.Table(stack.outputs.template_table)
    item = table.get_item(Key={TemplateAttribute.ID: template_id}, ConsistentRead=True).get("Item")
    if item is None:
        raise one_problem("template", "template id", template_id, f"template {template_id} not found; see `runs template list`")
    return dict(item)


def execution_store(stack: Stack) -> ExecutionStore:
    return ExecutionStore(stack.dynamodb, stack.outputs.execution_table, stack.outputs.event_table)


def override_problems(overrides: Mapping[str, str], definition: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with ``--set`` values: names the definition does not have, those the template sets, bad values."""
    declared = {parameter["Name"]: parameter for parameter in definition.get("Parameters", [])}
    fixed = {name for name, item in HYPERPARAMETERS.items() if item.from_template} | {names.EXECUTION_ID}
    problems = []
    for name, value in overrides.items():
        where = f"--set {name}"
        if name in fixed:
            owner = "--id" if name == names.EXECUTION_ID else "the training template"
            problems.append(Problem(where, value, f"it is set by {owner} and can not be overridden at start"))
        elif name not in declared:
            hint = nearest(name, declared.keys() - fixed)
            problems.append(Problem(where, value, hint or f"known: {', '.join(sorted(declared.keys() - fixed))}"))
        elif name in HYPERPARAMETERS:
            problems += hyperparameter_problems({name: value}, "--set")
        else:
            problems += _parameter_problems(where, value, declared[name])
            problems += _volume_key_problems(where, name, value, definition)
    return problems


def _volume_key_problems(where: str, name: str, value: str, definition: Mapping[str, Any]) -> list[Problem]:
    """A stack with a key of its own encrypts each job's volume by it, which instances with local storage do not take."""
    if not names.has_local_storage(value):
        return []
    for step in definition["Steps"]:
        arguments = step.get("Arguments", {})
        cluster = arguments.get("ResourceConfig") or arguments.get("ProcessingResources", {}).get("ClusterConfig", {})
        if cluster.get("InstanceType") == {"Get": f"Parameters.{name}"} and "VolumeKmsKeyId" in cluster:
            return [Problem(where, value, "allowed with the stack's encryptionKey: a type without local storage")]
    return []


def _parameter_problems(where: str, value: str, declared: Mapping[str, Any]) -> list[Problem]:
    allowed = declared.get("EnumValues")
    if allowed and value not in [str(item) for item in allowed]:
        return [Problem(where, value, f"allowed: one of {', '.join(map(str, allowed))}")]
    instead = names.allowed_instead(str(declared["Name"]), value)
    if instead is None and declared["Type"] == "Integer" and not re.fullmatch("-?[0-9]{1,18}", value):
        instead = "a whole number"
    return [Problem(where, value, f"allowed: {instead}")] if instead else []


def _start_once(stack: Stack, execution_id: str, snapshot: Snapshot, template_id: str, origin: str) -> Started:
    store = execution_store(stack)
    standing = store.create(execution_id, snapshot, template_id, origin)
    if standing is not None:
        _refuse_conflict(standing, snapshot)
        if arn := standing.get(ExecutionAttribute.PIPELINE_EXECUTION_ARN):
            return Started(execution_id, str(arn), new=False)
    arn = _start_pipeline(stack, store, execution_id, snapshot)
    store.attach(execution_id, arn)
    return Started(execution_id, arn, new=standing is None)


def _refuse_conflict(standing: Item, snapshot: Snapshot) -> None:
    if standing.get(ExecutionAttribute.SNAPSHOT_DIGEST) == digest(snapshot):
        return
    execution_id = standing[ExecutionAttribute.ID]
    if ExecutionAttribute.SNAPSHOT not in standing:
        allowed = "it belongs to an execution that was started elsewhere; choose another id"
        raise one_problem("start", "execution id", execution_id, allowed)
    before = from_attribute(standing[ExecutionAttribute.SNAPSHOT])
    changed = ", ".join(key for key, value in snapshot.items() if before.get(key) != value)
    allowed = f"conflict: it exists with another snapshot (different: {changed}); choose another id"
    raise one_problem("start", "execution id", execution_id, allowed)


def _start_pipeline(stack: Stack, store: ExecutionStore, execution_id: str, snapshot: Snapshot) -> str:
    values = {**snapshot["Parameters"], names.EXECUTION_ID: execution_id}
    try:
        answer = stack.sagemaker.start_pipeline_execution(
            PipelineName=stack.outputs.pipeline_name,
            PipelineExecutionDisplayName=execution_id,
            PipelineParameters=[{"Name": name, "Value": value} for name, value in sorted(values.items())],
            ClientRequestToken=client_request_token(execution_id),
        )
    except ClientError as error:
        if error.response["Error"]["Code"] in ("ValidationException", "ResourceNotFound", "AccessDeniedException"):
            store.discard(execution_id)
        raise
    return str(answer["PipelineExecutionArn"])


def _definition(stack: Stack) -> dict[str, Any]:
    answer = stack.sagemaker.describe_pipeline(PipelineName=stack.outputs.pipeline_name)
    definition: dict[str, Any] = json.loads(answer["PipelineDefinition"])
    return definition


def _image_uri(definition: Mapping[str, Any]) -> str:
    for step in definition["Steps"]:
        if step["Name"] == PROCESSING_STEP:
            return str(step["Arguments"]["AppSpecification"]["ImageUri"])
    raise one_problem("start", "pipeline definition", None, f"it must have a step {PROCESSING_STEP}; deploy the stack again")


def _asset_versions(stack: Stack, assets: list[str]) -> tuple[dict[str, AssetVersion], list[Problem]]:
    versions: dict[str, AssetVersion] = {}
    problems = []
    for asset in assets:
        try:
            versions[asset] = _asset_version(stack, asset)
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("404", "NoSuchKey", "NotFound"):
                raise
            where = f"asset {asset}"
            uri = f"s3://{stack.outputs.assets_bucket}/{asset_key(asset)}"
            problems.append(Problem(where, uri, f"it does not exist; put it there with `runs assets put {asset}.csv`"))
    return versions, problems


def _size_problems(assets: Mapping[str, AssetVersion], volume_gb: int) -> list[Problem]:
    """Histories that the step would refuse, or that its volume does not hold."""
    problems = [
        Problem(f"asset {asset}", f"{version['Size']} bytes", f"allowed: at most {ASSET_MAX_BYTES} bytes")
        for asset, version in assets.items()
        if version["Size"] > ASSET_MAX_BYTES
    ]
    total = sum(version["Size"] for version in assets.values())
    if total > volume_gb << 30:
        allowed = f"allowed: what {names.PROCESSING_VOLUME_GB} of {volume_gb} GB holds"
        problems.append(Problem("assets", f"{total} bytes", allowed))
    return problems


def _volume_gb(definition: Mapping[str, Any], overrides: Mapping[str, str]) -> int:
    """The processing volume of this start; what is no number is reported as such by the override's own check."""
    defaults = {parameter["Name"]: parameter.get("DefaultValue") for parameter in definition.get("Parameters", [])}
    value = str(overrides.get(names.PROCESSING_VOLUME_GB, defaults.get(names.PROCESSING_VOLUME_GB)))
    return int(value) if re.fullmatch("[0-9]{1,6}", value) else 1 << 20


def _asset_version(stack: Stack, asset: str) -> AssetVersion:
    """Version and digest of the asset's current object: S3's own checksum where it has one, else read in full."""
    key, bucket = asset_key(asset), stack.outputs.assets_bucket
    head = stack.s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
    version = str(head.get("VersionId", "null"))
    checksum = head.get("ChecksumSHA256")
    whole = head.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT"
    sha256 = base64.b64decode(checksum).hex() if checksum and whole else _read_digest(stack, key, version)
    return {"Key": key, "VersionId": version, "Sha256": sha256, "Size": int(head["ContentLength"])}


def _read_digest(stack: Stack, key: str, version: str) -> str:
    request = {"Bucket": stack.outputs.assets_bucket, "Key": key}
    if version != "null":
        request["VersionId"] = version
    body = stack.s3.get_object(**request)["Body"]
    hasher = hashlib.sha256()
    for chunk in iter(lambda: body.read(_READ_CHUNK), b""):
        hasher.update(chunk)
    return hasher.hexdigest()

