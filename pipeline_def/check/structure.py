"""Rules ``structure``, ``step-type``, ``unique`` and ``name``: the definition is one at all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from contracts.problems import nearest
from pipeline_def.check.definition import Definition, Step, is_function, join_path
from pipeline_def.check.finding import Finding, instead, shown

VERSION = "2020-12-01"
STEP_TYPES = (
    "Processing",
    "Training",
    "Condition",
    "Model",
    "RegisterModel",
    "Transform",
    "Tuning",
    "Callback",
    "Lambda",
    "QualityCheck",
    "ClarifyCheck",
    "EMR",
    "EMRServerless",
    "Fail",
    "AutoML",
    "EndpointConfig",
    "Endpoint",
    "InferenceComponent",
    "Lineage",
    "Job",
    "Cleanup",
    "ForEach",
)
_TOP = ("Version", "Metadata", "Parameters", "PipelineExperimentConfig", "MlflowConfig", "Steps")
_STEP_MEMBERS = (
    "Name",
    "Type",
    "Arguments",
    "DependsOn",
    "DisplayName",
    "Description",
    "RetryPolicies",
    "CacheConfig",
    "PropertyFiles",
)
_CHECK_MEMBERS = (
    "CheckType",
    "SkipCheck",
    "FailOnViolation",
    "RegisterNewBaseline",
    "SuppliedBaselineConstraints",
    "SuppliedBaselineStatistics",
    "ModelPackageGroupName",
    "ModelName",
)
#: Step type -> members that stand beside its arguments.
_MEMBERS_OF_TYPE = {
    "Lambda": ("FunctionArn", "OutputParameters"),
    "Callback": ("SqsQueueUrl", "OutputParameters"),
    "QualityCheck": _CHECK_MEMBERS,
    "ClarifyCheck": _CHECK_MEMBERS,
}
_TEXTS = ("DisplayName", "Description")
_EXPERIMENT = ("ExperimentName", "TrialName")
_NAME = re.compile(r"[A-Za-z0-9\-_]{1,64}")


def check_structure(definition: Definition) -> Iterator[Finding]:
    """Members of the definition, and of every step, are there and of the right kind."""
    raw = definition.raw
    if raw.get("Version") != VERSION:
        yield Finding("structure", None, "$.Version", shown(raw.get("Version")), f"allowed: {VERSION!r}")
    for name in raw:
        if name not in _TOP:
            hint = nearest(str(name), _TOP) or f"allowed: {', '.join(_TOP)}"
            yield Finding("structure", None, f"$.{name}", shown(str(name)), f"a definition has no such member; {hint}")
    if not isinstance(raw.get("Metadata", {}), Mapping):
        yield Finding("structure", None, "$.Metadata", shown(raw["Metadata"]) or "null", "allowed: an object")
    yield from _experiment_problems(raw.get("PipelineExperimentConfig"))
    yield from _list_of_objects(raw.get("Parameters", []), "$.Parameters", ("Name", "Type"))
    steps = raw.get("Steps")
    if not isinstance(steps, list) or not steps:
        yield Finding("structure", None, "$.Steps", shown(steps), "allowed: a list of at least one step")
    yield from _list_of_objects(steps, "$.Steps", ("Name", "Type", "Arguments"))
    for step in definition.steps:
        yield from _step_problems(step)


def _experiment_problems(config: Any) -> Iterator[Finding]:
    """The experiment that executions are listed under; null turns it off."""
    path = "$.PipelineExperimentConfig"
    if config is not None and not isinstance(config, Mapping):
        yield Finding("structure", None, path, shown(config), f"allowed: an object with {', '.join(_EXPERIMENT)}, or null")
    for name, value in config.items() if isinstance(config, Mapping) else ():
        if name not in _EXPERIMENT:
            hint = instead("a member of it", str(name), _EXPERIMENT)
            yield Finding("structure", None, join_path(path, str(name)), shown(str(name)), hint)
        elif not isinstance(value, str) and not is_function(value):
            yield Finding("structure", None, join_path(path, name), shown(value) or "null", "allowed: text")


def _list_of_objects(items: Any, path: str, required: tuple[str, ...]) -> Iterator[Finding]:
    if items is not None and not isinstance(items, list):
        yield Finding("structure", None, path, shown(items), "allowed: a list")
        return
    for index, item in enumerate(items or []):
        if not isinstance(item, Mapping):
            yield Finding("structure", None, f"{path}[{index}]", shown(item), f"allowed: an object with {', '.join(required)}")
            continue
        for name in required:
            kind = Mapping if name == "Arguments" else str
            if not isinstance(item.get(name), kind):
                allowed = f"allowed: {'an object' if kind is Mapping else 'text'}"
                yield Finding("structure", None, f"{path}[{index}].{name}", shown(item.get(name)), allowed)


def _step_problems(step: Step) -> Iterator[Finding]:
    known = (*_STEP_MEMBERS, *_MEMBERS_OF_TYPE.get(step.type, ()))
    for name in step.raw:
        if name not in known:
            hint = nearest(str(name), known) or f"allowed: {', '.join(known)}"
            allowed = f"a {step.type} step has no such member; {hint}"
            yield Finding("structure", step.name, f"{step.path}.{name}", shown(str(name)), allowed)
    for name in _TEXTS:
        if not isinstance(step.raw.get(name, ""), str):
            yield Finding("structure", step.name, f"{step.path}.{name}", shown(step.raw[name]) or "null", "allowed: text")
    if step.type == "Condition":
        arguments = step.raw.get("Arguments")
        for branch in ("IfSteps", "ElseSteps"):
            inner = arguments.get(branch) if isinstance(arguments, Mapping) else None
            yield from _list_of_objects(inner, f"{step.arguments_path}.{branch}", ("Name", "Type", "Arguments"))


def check_step_types(definition: Definition) -> Iterator[Finding]:
    for step in definition.steps:
        if step.type not in STEP_TYPES:
            hint = nearest(step.type, STEP_TYPES) or f"allowed: {', '.join(STEP_TYPES)}"
            yield Finding("step-type", step.name, f"{step.path}.Type", shown(step.type), hint)


def check_unique(definition: Definition) -> Iterator[Finding]:
    """Names of steps (in branches too), parameters, and of a step's inputs, outputs, channels, tags and property files."""
    yield from _twice("a step", [(step.name, f"{step.path}.Name", step.name) for step in definition.steps])
    yield from _twice("a parameter", [(item.name, f"{item.path}.Name", None) for item in definition.parameters])
    for step in definition.steps:
        for kind, items, path, name in _named_lists(step):
            found = [
                (str(item[name]), f"{path}[{index}].{name}", step.name)
                for index, item in enumerate(items)
                if isinstance(item, Mapping) and isinstance(item.get(name), str)
            ]
            yield from _twice(kind, found)


def _named_lists(step: Step) -> Iterator[tuple[str, list[Any], str, str]]:
    arguments = step.arguments
    config = arguments.get("ProcessingOutputConfig")
    outputs = config.get("Outputs") if isinstance(config, Mapping) else None
    root = step.arguments_path
    for kind, items, path, name in (
        ("an input", arguments.get("ProcessingInputs"), f"{root}.ProcessingInputs", "InputName"),
        ("an output", outputs, f"{root}.ProcessingOutputConfig.Outputs", "OutputName"),
        ("a channel", arguments.get("InputDataConfig"), f"{root}.InputDataConfig", "ChannelName"),
        ("a tag", arguments.get("Tags"), f"{root}.Tags", "Key"),
        ("a property file", step.raw.get("PropertyFiles"), f"{step.path}.PropertyFiles", "PropertyFileName"),
    ):
        if isinstance(items, list):
            yield kind, items, path, name


def _twice(kind: str, found: Sequence[tuple[str, str, str | None]]) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for name, path, step in found:
        if name in first:
            yield Finding("unique", step, path, shown(name), f"allowed: a name once; {kind} at {first[name]} has it already")
        first.setdefault(name, path)


def check_names(definition: Definition) -> Iterator[Finding]:
    """Names of steps and parameters as the service takes them."""
    named = [(step.name, f"{step.path}.Name", step.name) for step in definition.steps]
    named += [(item.name, f"{item.path}.Name", "") for item in definition.parameters]
    for name, path, step in named:
        if not _NAME.fullmatch(name):
            allowed = "allowed: 1 to 64 letters, digits, hyphens and underscores"
            yield Finding("name", step or None, path, f"{shown(name)} ({len(name)} characters)", allowed)
