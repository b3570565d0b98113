"""Controls of the pipeline definition: it is valid, and its jobs are isolated, limited in time and encrypted."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any

from pipeline_def.check.definition import Step
from pipeline_def.check.phases import check_definition, read_definition
from policies.controls import Control, Finding, Verbatim, resource_control
from policies.kinds import OBJECT, PIPELINE
from policies.resources import Resource, plain

INPUT = "pipelineDefinition"
LOCATION = "pipelineDefinitionS3Location"
#: Key of the object with a definition that is too large for the resource itself: the SHA-256 of the content.
_STORED_KEY = re.compile(r"definitions/([0-9a-f]{64})\.json")


def steps(pipeline: Resource, *types: str) -> list[Step]:
    """Return the steps of some types, or all steps; none if the definition cannot be read, which :func:`_valid` reports."""
    text = _text(pipeline)
    definition = read_definition(text) if isinstance(text, str) else None
    return [step for step in definition.steps if not types or step.type in types] if definition else []


def _text(resource: Resource) -> Any:
    """Return the definition that a pipeline contains, or that an object stores for it."""
    if resource.kind == PIPELINE:
        return plain(resource.get(INPUT))
    return plain(resource.get("content")) if _STORED_KEY.fullmatch(str(resource.get("key"))) else None


def _finding(step: Step, path: str, allowed: str) -> Finding:
    return Finding(f"{INPUT} step {step.name}, {step.arguments_path}.{path}", step.get(path), allowed)


@resource_control(
    "pipeline-definition",
    "The pipeline definition is valid, has the quality gate and no secrets, and names immutable images in its region",
    "pipeline-definition",
    (PIPELINE, OBJECT),
)
def _valid(resource: Resource) -> Iterator[Finding]:
    text = _text(resource)
    stored = _STORED_KEY.fullmatch(str(resource.get(f"{LOCATION}.objectKey" if resource.kind == PIPELINE else "key")))
    if resource.kind == PIPELINE and not text:
        if stored is None:
            allowed = "needed: the definition, or an object definitions/<SHA-256>.json of the pipeline bucket that contains it"
            yield Finding(INPUT, None, allowed)
        return
    if resource.kind == OBJECT and stored is None:
        return
    if stored is not None and hashlib.sha256(str(text).encode()).hexdigest() != stored[1]:
        yield Finding("key", stored[0], "allowed: the SHA-256 of the object's content")
    for finding in check_definition(str(text), resource.region):
        where = f"{INPUT} step {finding.step}, {finding.path}" if finding.step else f"{INPUT} {finding.path}"
        value = Verbatim(finding.value) if finding.value is not None else None
        yield Finding(where, value, f"{finding.allowed} [{finding.rule}]")


def keys_missing(pipeline: Resource) -> Iterator[Finding]:
    """Yield each volume and output of a job that has no customer-managed key."""
    for step in steps(pipeline):
        for path in step.kind.sections.get("kms", ()):
            if not step.get(path) or "alias/aws/" in str(step.get(path)):
                yield _finding(step, path, "allowed: the ARN of a customer-managed key")


def uses_key(pipeline: Resource) -> bool:
    """Whether any job has a key; False if the definition is not known yet."""
    if pipeline.known(INPUT) is None:
        return False
    return any(step.get(path) for step in steps(pipeline) for path in step.kind.sections.get("kms", ()))


def _step_control(name: str, description: str, ids: str, type_: str, paths: tuple[str, ...], limit: str = "") -> Control:
    """Return the control that steps of a type have True at some paths, and a number of seconds at the path ``limit``."""

    def check(resource: Resource) -> Iterator[Finding]:
        for step in steps(resource, type_):
            for path in paths:
                if step.get(path) is not True:
                    yield _finding(step, path, "allowed: True")
            if limit and (not step.get(limit) or isinstance(step.get(limit), bool)):
                yield _finding(step, limit, "needed: the number of seconds after which the job is stopped")

    return resource_control(name, description, ids, (PIPELINE, OBJECT), unknown_reported_by="pipeline-definition")(check)


_ISOLATION = "EnableNetworkIsolation"
_TRAFFIC = "EnableInterContainerTrafficEncryption"
_TIME_LIMIT = "StoppingCondition.MaxRuntimeInSeconds"
_ISOLATION_ID = "sagemaker_training_jobs_network_isolation_enabled"
_TRAFFIC_ID = "sagemaker_training_jobs_intercontainer_encryption_enabled"

# The formatter would put each argument on its own line, and the table would no longer read as rows.
# fmt: off
CONTROLS = (
    _valid,
    _step_control("pipeline-model-isolation", "Models run without network access", "SageMaker.5 CKV_AWS_370",
        "Model", (_ISOLATION,)),
    _step_control("pipeline-training",
        "Training jobs have no network access, encrypt traffic between instances, and have a time limit",
        f"{_ISOLATION_ID} {_TRAFFIC_ID}", "Training", (_ISOLATION, _TRAFFIC), _TIME_LIMIT),
    _step_control("pipeline-processing", "Processing jobs encrypt traffic between instances and have a time limit",
        _TRAFFIC_ID, "Processing", (f"NetworkConfig.{_TRAFFIC}",), _TIME_LIMIT),
)
# fmt: on
