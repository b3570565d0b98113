"""The pipeline's definition: valid, immutably named images, no secrets, jobs isolated, bounded and encrypted."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any

from pipeline_def.check.definition import Step
from pipeline_def.check.phases import check_definition, read_definition
from policies.controls import Finding, ResourceControl, Verbatim
from policies.resources import Resource

PIPELINE = "aws:sagemaker/pipeline:Pipeline"
ENDPOINT = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
OBJECT = "aws:s3/bucketObject:BucketObject"
INPUT = "pipelineDefinition"
LOCATION = "pipelineDefinitionS3Location"
#: Key of a definition that is too large for the resource itself: the hash of its content.
_STORED_KEY = re.compile(r"definitions/([0-9a-f]{64})\.json")


def steps(pipeline: Resource, *types: str) -> list[Step]:
    """The definition's steps of some types, or all steps; none if it cannot be read, which :func:`_valid` reports."""
    text = _text(pipeline)
    definition = read_definition(text) if isinstance(text, str) else None
    return [step for step in definition.steps if not types or step.type in types] if definition else []


def _text(resource: Resource) -> Any:
    """The definition that a pipeline contains, or that an object stores for it."""
    if resource.kind == PIPELINE:
        return resource.get(INPUT)
    return resource.get("content") if _STORED_KEY.fullmatch(str(resource.get("key"))) else None


def _finding(step: Step, path: str, allowed: str) -> Finding:
    return Finding(f"{INPUT} step {step.name}, {step.arguments_path}.{path}", step.get(path), allowed)


def _must_be_true(step: Step, *paths: str) -> Iterator[Finding]:
    for path in paths:
        if step.get(path) is not True:
            yield _finding(step, path, "allowed: True")


def _bounded(step: Step) -> Iterator[Finding]:
    path = "StoppingCondition.MaxRuntimeInSeconds"
    value = step.get(path)
    if not value or isinstance(value, bool):
        yield _finding(step, path, "needed: after how many seconds the job is ended")


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


def _model_isolated(pipeline: Resource) -> Iterator[Finding]:
    for step in steps(pipeline, "Model"):
        yield from _must_be_true(step, "EnableNetworkIsolation")


def _training(pipeline: Resource) -> Iterator[Finding]:
    for step in steps(pipeline, "Training"):
        yield from _must_be_true(step, "EnableNetworkIsolation", "EnableInterContainerTrafficEncryption")
        yield from _bounded(step)


def _processing(pipeline: Resource) -> Iterator[Finding]:
    for step in steps(pipeline, "Processing"):
        yield from _must_be_true(step, "NetworkConfig.EnableInterContainerTrafficEncryption")
        yield from _bounded(step)


def _processing_isolated(pipeline: Resource) -> Iterator[Finding]:
    for step in steps(pipeline, "Processing"):
        yield from _must_be_true(step, "NetworkConfig.EnableNetworkIsolation")


def key_places(pipeline: Resource) -> Iterator[Finding]:
    """Where a job's volume or output is under no key of ours."""
    for step in steps(pipeline):
        for path in step.kind.sections.get("kms", ()):
            if not step.get(path) or "alias/aws/" in str(step.get(path)):
                yield _finding(step, path, "allowed: the ARN of a customer-managed key")


def uses_key(pipeline: Resource) -> bool:
    if pipeline.known(INPUT) is None:
        return False
    return any(step.get(path) for step in steps(pipeline) for path in step.kind.sections.get("kms", ()))


def _endpoint(endpoint: Resource) -> Iterator[Finding]:
    if not endpoint.production:
        return
    for index in range(len(endpoint.items("productionVariants"))):
        path = f"productionVariants.{index}.initialInstanceCount"
        count = endpoint.number(path)
        if endpoint.get(f"productionVariants.{index}.serverlessConfig") is None and (count or 1) < 2:
            yield Finding(path, count, "allowed in production: at least 2")


CONTROLS = (
    ResourceControl(
        "pipeline-definition",
        "The definition is valid and our pipeline's: gated, without secrets, its images immutably named in the stack's region",
        "pipeline-definition",
        (PIPELINE, OBJECT),
        look=_valid,
    ),
    ResourceControl(
        "pipeline-model-isolation",
        "Models run without a network",
        "SageMaker.5 CKV_AWS_370",
        (PIPELINE, OBJECT),
        look=_model_isolated,
        unknown_told_by="pipeline-definition",
    ),
    ResourceControl(
        "pipeline-training",
        "Training runs without a network, encrypted between its machines, and ends",
        "sagemaker_training_jobs_network_isolation_enabled sagemaker_training_jobs_intercontainer_encryption_enabled",
        (PIPELINE, OBJECT),
        look=_training,
        unknown_told_by="pipeline-definition",
    ),
    ResourceControl(
        "pipeline-processing",
        "Processing is encrypted between its machines, and ends",
        "sagemaker_training_jobs_intercontainer_encryption_enabled",
        (PIPELINE, OBJECT),
        look=_processing,
        unknown_told_by="pipeline-definition",
    ),
    ResourceControl(
        "pipeline-processing-isolation",
        "Processing runs without a network",
        "sagemaker_training_jobs_network_isolation_enabled",
        (PIPELINE,),
        look=_processing_isolated,
        unknown_told_by="pipeline-definition",
    ),
    ResourceControl(
        "endpoint-instances",
        "An endpoint of production survives the loss of a machine",
        "SageMaker.4",
        (ENDPOINT,),
        look=_endpoint,
        stricter_in_production=True,
    ),
)
