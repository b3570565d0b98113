"""Rules ``instances`` and ``spot``: what a job runs on, and how long it may wait for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from contracts.parameters import INSTANCE_TYPE_PATTERN, MAX_INSTANCES, has_local_storage
from pipeline_def.check.definition import Definition, Step, join_path, walk
from pipeline_def.check.finding import Finding, shown
from pipeline_def.check.images import is_deepar
from pipeline_def.check.resolve import SampleNumber, SampleText, resolve

_INSTANCE_TYPE = re.compile(INSTANCE_TYPE_PATTERN)
_LISTS = ("SupportedRealtimeInferenceInstanceTypes", "SupportedTransformInstanceTypes")
#: Where a job says what it runs on, and what may say so in the place of a type. Source: SageMaker API, ResourceConfig.
_CLUSTERS = ("ClusterConfig", "ResourceConfig")
_INSTEAD = ("InstanceGroups", "InstancePreferences")
#: Source: SageMaker API, CheckpointConfig and StoppingCondition: built-in algorithms that write no checkpoints.
SPOT_WAIT_WITHOUT_CHECKPOINTS = 3600


def check_instances(definition: Definition) -> Iterator[Finding]:
    """Every instance type, a parameter's default included, has the form of one; a job has at least one instance."""
    for step in definition.steps:
        for path, value in walk(step.arguments, step.arguments_path):
            if not isinstance(value, Mapping):
                continue
            if "InstanceType" in value:
                yield from _instance_type(definition, step, f"{path}.InstanceType", value["InstanceType"])
                yield from _volume_key(definition, step, path, value)
                yield from _instance_count(definition, step, f"{path}.InstanceCount", value.get("InstanceCount"))
            elif path.endswith(_CLUSTERS) and not any(name in value for name in _INSTEAD):
                allowed = f"the job needs it, or {' or '.join(_INSTEAD)}"
                yield Finding("instances", step.name, f"{path}.InstanceType", None, allowed)
            for name in _LISTS:
                items = value.get(name)
                for index, item in enumerate(items if isinstance(items, list) else []):
                    yield from _instance_type(definition, step, f"{path}.{name}[{index}]", item)


def _instance_type(definition: Definition, step: Step, path: str, value: Any) -> Iterator[Finding]:
    resolved = resolve(definition, value)
    if not isinstance(resolved, str) or isinstance(resolved, SampleText) or _INSTANCE_TYPE.fullmatch(resolved):
        return
    hint = f"did you mean 'ml.{resolved}'?" if _INSTANCE_TYPE.fullmatch(f"ml.{resolved}") else "allowed: such as ml.m5.xlarge"
    yield Finding("instances", step.name, path, shown(resolved), hint)


def _instance_count(definition: Definition, step: Step, path: str, value: Any) -> Iterator[Finding]:
    """Botocore's model lets a training have none, which the service takes for instance groups alone."""
    resolved = resolve(definition, value)
    if type(resolved) is int and not 1 <= resolved <= MAX_INSTANCES:
        yield Finding("instances", step.name, path, shown(resolved), f"allowed: from 1 to {MAX_INSTANCES} instances")


def _volume_key(definition: Definition, step: Step, path: str, cluster: Mapping[str, Any]) -> Iterator[Finding]:
    """Storage that an instance brings is encrypted by its own hardware: the service takes no key for it."""
    kind = resolve(definition, cluster["InstanceType"])
    if "VolumeKmsKeyId" in cluster and isinstance(kind, str) and has_local_storage(kind):
        allowed = f"allowed: none with {kind}, whose own storage takes no key; or an instance type without such storage"
        yield Finding("instances", step.name, f"{path}.VolumeKmsKeyId", shown(cluster["VolumeKmsKeyId"]), allowed)


def check_spot(definition: Definition) -> Iterator[Finding]:
    """The waiting time of managed spot training: there if and only if spot is on, and within the algorithm's limit."""
    for step in definition.steps:
        if step.type != "Training":
            continue
        path = f"{step.arguments_path}.StoppingCondition"
        resolved = resolve(definition, step.arguments.get("StoppingCondition"))
        limits = resolved if isinstance(resolved, Mapping) else {}
        spot = step.arguments.get("EnableManagedSpotTraining") is True
        runtime, wait = limits.get("MaxRuntimeInSeconds"), limits.get("MaxWaitTimeInSeconds")
        for member, value, allowed in _spot_problems(spot, runtime, wait, is_deepar(definition, step)):
            yield Finding("spot", step.name, join_path(path, member), shown(value), allowed)


def _spot_problems(spot: bool, runtime: Any, wait: Any, deepar: bool) -> Iterator[tuple[str, Any, str]]:
    if wait is None:
        if spot:
            yield "MaxWaitTimeInSeconds", None, "managed spot training needs it"
        return
    if not spot:
        yield "MaxWaitTimeInSeconds", wait, "allowed: with EnableManagedSpotTraining alone"
        return
    if any(isinstance(value, SampleNumber) or not isinstance(value, int) for value in (runtime, wait)):
        return
    if wait < runtime:
        yield "MaxWaitTimeInSeconds", wait, f"allowed: at least MaxRuntimeInSeconds ({runtime}), which it includes"
    if deepar and wait > SPOT_WAIT_WITHOUT_CHECKPOINTS:
        limit = f"allowed: at most {SPOT_WAIT_WITHOUT_CHECKPOINTS}, since DeepAR writes no checkpoints"
        yield "MaxWaitTimeInSeconds", wait, limit
