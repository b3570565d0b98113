"""Phase 3, rule ``reference``: every reference resolves to something that exists, of the kind that its place needs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.model import Shape

from pipeline_def.check.definition import Definition, Step, gets, objects
from pipeline_def.check.finding import Finding, instead, shown
from pipeline_def.check.properties import find_property
from pipeline_def.check.service_model import request_shape, shaped_gets

#: Source: SageMaker developer guide, "Execution variables".
EXECUTION_VARIABLES = (
    "StartDateTime",
    "CurrentDateTime",
    "PipelineName",
    "PipelineArn",
    "PipelineExecutionId",
    "PipelineExecutionArn",
    "TrainingJobName",
    "ProcessingJobName",
    "TransformJobName",
)
PROPERTY_FILE = re.compile(r"Steps\.([A-Za-z0-9_\-]+)\.PropertyFiles\.(.+)")
_RULE = "reference"
_NUMBER = "a number"
_KINDS = {
    "string": "text",
    "timestamp": "text",
    "integer": _NUMBER,
    "long": _NUMBER,
    "float": _NUMBER,
    "double": _NUMBER,
    "boolean": "true or false",
}


def check_references(definition: Definition) -> Iterator[Finding]:
    """Every ``Get`` names a declared parameter, a property of a step, or a known execution variable."""
    for step in definition.steps:
        for path, target, wanted, single in _gets(step):
            allowed = _target_problem(definition, target) or _kind_problem(definition, target, wanted, single)
            if allowed:
                yield Finding(_RULE, step.name, path, shown(target), allowed)


def _gets(step: Step) -> Iterator[tuple[str, str, Shape | None, bool]]:
    if step.kind.operation:
        yield from shaped_gets(step.arguments, step.arguments_path, request_shape(step.kind.operation))
    else:
        yield from ((path, target, None, True) for path, target in gets(step.arguments, step.arguments_path))


def _target_problem(definition: Definition, target: str) -> str | None:
    """What is allowed instead of a reference that resolves to nothing."""
    root, _, rest = target.partition(".")
    if root == "Parameters":
        names = [parameter.name for parameter in definition.parameters]
        return None if rest in names else instead("a declared parameter", rest, names, "Parameters.")
    if root == "Execution":
        known = EXECUTION_VARIABLES
        return None if rest in known else instead("an execution variable", rest, known, "Execution.")
    if root != "Steps":
        return "allowed: Parameters.<name>, Steps.<name>.<property> or Execution.<variable>"
    name, _, property_path = rest.partition(".")
    step = definition.step(name)
    if step is None:
        return instead("a step of this pipeline", name, [item.name for item in definition.steps], "Steps.")
    return None if PROPERTY_FILE.fullmatch(target) else find_property(step, property_path)[1]


def _kind_problem(definition: Definition, target: str, wanted: Shape | None, single: bool) -> str | None:
    """What is allowed instead of a step's property whose kind differs from what the place accepts."""
    root, _, rest = target.partition(".")
    name, _, property_path = rest.partition(".")
    step = definition.step(name) if root == "Steps" else None
    shape = find_property(step, property_path)[0] if step else None
    if shape is None:
        return None
    kind = _KINDS.get(shape.type_name)
    needed = _KINDS.get(wanted.type_name) if wanted is not None and not single else None
    if kind is None and (single or needed):
        members = f": {', '.join(shape.members)}" if shape.type_name == "structure" else ""
        return f"allowed: a single value; this is a {shape.type_name}{members}"
    if needed is None or kind == needed:
        return None
    to_text = ", which Std:Join turns into text" if kind == _NUMBER else ""
    return f"allowed: {needed}; this is {kind or shape.type_name}{to_text}"


def check_property_files(definition: Definition) -> Iterator[Finding]:
    """Every ``Std:JsonGet`` reads a declared property file, and every property file belongs to an output of its step."""
    for step in definition.steps:
        outputs = [item["OutputName"] for item in step.get("ProcessingOutputConfig.Outputs", [])]
        for index, file in enumerate(step.raw.get("PropertyFiles", ())):
            if file["OutputName"] not in outputs:
                path = f"{step.path}.PropertyFiles[{index}].OutputName"
                allowed = instead(f"an output of {step.name}", file["OutputName"], outputs)
                yield Finding(_RULE, step.name, path, shown(file["OutputName"]), allowed)
        for path, value in objects(step.arguments, step.arguments_path):
            if "Std:JsonGet" in value:
                yield from _json_get(definition, step, f"{path}['Std:JsonGet'].PropertyFile", value["Std:JsonGet"])
            elif PROPERTY_FILE.fullmatch(str(value.get("Get"))) and not path.endswith("PropertyFile"):
                allowed = "allowed: a property file only inside Std:JsonGet"
                yield Finding(_RULE, step.name, path, shown(value["Get"]), allowed)


def _json_get(definition: Definition, step: Step, path: str, json_get: Mapping[str, Any]) -> Iterator[Finding]:
    target = json_get["PropertyFile"].get("Get", "")
    match = PROPERTY_FILE.fullmatch(target)
    owner = definition.step(match[1]) if match else None
    if match is None or owner is None:
        yield Finding(_RULE, step.name, path, shown(target), "allowed: Steps.<step>.PropertyFiles.<file> of an existing step")
    elif property_file(definition, json_get) is None:
        names = [file["PropertyFileName"] for file in owner.raw.get("PropertyFiles", ())]
        yield Finding(_RULE, step.name, path, shown(target), instead(f"a property file of {owner.name}", match[2], names))


def property_file(definition: Definition, json_get: Mapping[str, Any]) -> tuple[Step, Mapping[str, Any]] | None:
    """The step and the declaration of the property file that a ``Std:JsonGet`` reads, or None if there is none."""
    match = PROPERTY_FILE.fullmatch(json_get["PropertyFile"].get("Get", ""))
    owner = definition.step(match[1]) if match else None
    files = owner.raw.get("PropertyFiles", ()) if owner else ()
    found = [file for file in files if match and file["PropertyFileName"] == match[2]]
    return (owner, found[0]) if owner and found else None
