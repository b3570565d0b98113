"""Rules ``instances``, ``spot`` and ``deepar``: what a job runs on, how long it may wait, and what the algorithm accepts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from contracts.hyperparameters import HYPERPARAMETERS
from contracts.job_rules import WITHOUT_LOCAL_STORAGE, allowed_spot_wait, has_local_storage
from contracts.parameters import INSTANCE_TYPE_PATTERN, MAX_INSTANCES
from contracts.problems import nearest
from pipeline_def.check.definition import Definition, Step, join_path, objects
from pipeline_def.check.finding import Finding, shown
from pipeline_def.check.resolve import is_known, resolve

_INSTANCE_TYPE = re.compile(INSTANCE_TYPE_PATTERN)
_LISTS = ("SupportedRealtimeInferenceInstanceTypes", "SupportedTransformInstanceTypes")
#: Channels that DeepAR reads. Source: SageMaker developer guide, "DeepAR input/output interface".
CHANNELS = ("train", "test")
#: Member of a training step or of a channel -> values that DeepAR supports. Source: as above, and "Common information about
#: built-in algorithms".
_MODES = ("File",)
_CONTENT_TYPES = ("json", "json.gz", "parquet", "auto")
_CHANNEL_VALUES: Mapping[str, tuple[str, ...]] = {
    "InputMode": _MODES,
    "ContentType": _CONTENT_TYPES,
    "CompressionType": ("None",),
    "RecordWrapperType": ("None",),
}


def check_instances(definition: Definition) -> Iterator[Finding]:
    """Every instance type has the form of one, and a job has at least one instance; a parameter counts as its default."""
    for step in definition.steps:
        for path, value in objects(step.arguments, step.arguments_path):
            if "InstanceType" in value:
                kind, count = resolve(definition, value["InstanceType"]), resolve(definition, value.get("InstanceCount", 1))
                yield from _instance_type(step, f"{path}.InstanceType", kind)
                if is_known(count) and not 1 <= count <= MAX_INSTANCES:
                    allowed = f"allowed: from 1 to {MAX_INSTANCES} instances"
                    yield Finding("instances", step.name, f"{path}.InstanceCount", shown(count), allowed)
                if "VolumeKmsKeyId" in value and has_local_storage(kind):
                    allowed = f"allowed: no key with {kind}, or {WITHOUT_LOCAL_STORAGE}"
                    yield Finding("instances", step.name, f"{path}.VolumeKmsKeyId", shown(value["VolumeKmsKeyId"]), allowed)
            for name in _LISTS:
                for index, item in enumerate(value.get(name, ())):
                    yield from _instance_type(step, f"{path}.{name}[{index}]", resolve(definition, item))


def _instance_type(step: Step, path: str, value: str) -> Iterator[Finding]:
    if is_known(value) and not _INSTANCE_TYPE.fullmatch(value):
        is_near = _INSTANCE_TYPE.fullmatch(f"ml.{value}")
        hint = f"did you mean 'ml.{value}'?" if is_near else "allowed: an instance type such as ml.m5.xlarge"
        yield Finding("instances", step.name, path, shown(value), hint)


def check_spot(definition: Definition) -> Iterator[Finding]:
    """Managed spot training has a waiting time within the algorithm's limit; other training has none."""
    for step in _trainings(definition):
        limits = resolve(definition, step.get("StoppingCondition")) or {}
        if "MaxRuntimeInSeconds" not in limits:
            continue
        wait, runtime = limits.get("MaxWaitTimeInSeconds"), limits["MaxRuntimeInSeconds"]
        spot = resolve(definition, step.get("EnableManagedSpotTraining", False))
        for value, allowed in _spot_problems(bool(spot), wait, runtime):
            yield Finding("spot", step.name, step.path_of("StoppingCondition.MaxWaitTimeInSeconds"), shown(value), allowed)


def _spot_problems(spot: bool, wait: int | None, runtime: int) -> Iterator[tuple[int | None, str]]:
    if wait is None and spot:
        yield None, "needed: managed spot training has a waiting time"
    elif wait is not None and not spot:
        yield wait, "allowed: only with EnableManagedSpotTraining"
    elif wait is not None and is_known(wait):
        allowed = allowed_spot_wait(wait, runtime if is_known(runtime) else 1, "MaxRuntimeInSeconds")
        if allowed is not None:
            yield wait, f"allowed: {allowed}"


def check_deepar(definition: Definition) -> Iterator[Finding]:
    """DeepAR gets known hyperparameters within their ranges, and channels that it can read."""
    for step in _trainings(definition):
        path = "AlgorithmSpecification.TrainingInputMode"
        yield from _supported(definition, step, step.path_of(path), step.get(path), _MODES)
        for index, channel in enumerate(step.get("InputDataConfig", [])):
            for member, supported in _CHANNEL_VALUES.items():
                where = step.path_of(f"InputDataConfig[{index}].{member}")
                yield from _supported(definition, step, where, channel.get(member, supported[0]), supported)
        for name, value in step.get("HyperParameters", {}).items():
            yield from _hyperparameter(definition, step, join_path(step.path_of("HyperParameters"), name), name, value)


def _trainings(definition: Definition) -> Iterator[Step]:
    yield from (step for step in definition.steps if step.type == "Training")


def _supported(definition: Definition, step: Step, path: str, value: Any, supported: tuple[str, ...]) -> Iterator[Finding]:
    resolved = resolve(definition, value)
    if resolved not in supported:
        yield Finding("deepar", step.name, path, shown(value), f"DeepAR allows {' or '.join(supported)}")


def _hyperparameter(definition: Definition, step: Step, path: str, name: str, value: Any) -> Iterator[Finding]:
    known = HYPERPARAMETERS.get(name)
    if known is None:
        hint = nearest(name, HYPERPARAMETERS) or f"known: {', '.join(HYPERPARAMETERS)}"
        yield Finding("deepar", step.name, path, shown(name), f"DeepAR has no such hyperparameter; {hint}")
        return
    resolved = resolve(definition, value)
    for text in dict.fromkeys([*([resolved] if is_known(resolved) else []), *_choices(definition, value)]):
        if not known.accepts(text):
            yield Finding("deepar", step.name, path, shown(text), known.allowed)


def _choices(definition: Definition, value: Any) -> Iterator[str]:
    """Values that a start may choose, if the hyperparameter is exactly one parameter."""
    if isinstance(value, Mapping) and "Std:Join" in value and len(value["Std:Join"]["Values"]) == 1:
        value = value["Std:Join"]["Values"][0]
    target = value.get("Get", "") if isinstance(value, Mapping) else ""
    parameter = definition.parameter(target.removeprefix("Parameters."))
    yield from map(str, parameter.choices if parameter else ())
