"""Rules ``arguments`` and ``limits``: a step's arguments, placeholders substituted, are what SageMaker's API takes.

botocore checks types, required members and lower bounds; upper bounds, patterns and enumerations stand in its model too, but
its validator leaves them to the service, so they are checked here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from botocore.model import Shape
from botocore.validate import ParamValidator

from contracts.problems import nearest
from pipeline_def.check.definition import Definition, Step, join_path
from pipeline_def.check.finding import Finding, shown
from pipeline_def.check.images import is_deepar
from pipeline_def.check.local_paths import input_path_problems
from pipeline_def.check.resolve import SampleNumber, SampleText, resolve, sample
from pipeline_def.check.shapes import OPERATIONS, item_shape, member_shape, metadata, request_shape, shaped_gets

DEFINITION_CHARS = 1_048_576
PARAMETERS_AT_START = 200
TEXT_DEFAULT_CHARS = 4096
#: Source: SageMaker API, StepDisplayName and StepDescription.
STEP_TEXT_CHARS = {"DisplayName": 256, "Description": 3072}


def check_arguments(definition: Definition) -> Iterator[Finding]:
    """What botocore itself refuses of each step's arguments."""
    for step in definition.steps:
        if step.type not in OPERATIONS:
            continue
        shape = request_shape(step.type)
        params = _requested(definition, step, shape)
        found = ParamValidator().validate(params, shape)
        # generate_report() would give text with the values unmasked; the list behind it says the same in parts.
        for reason, name, details in found._errors:
            if not (name.startswith(".HyperParameters") and is_deepar(definition, step)):  # the hyperparameter rule's business
                yield _refused(step, reason, name, details)
        for member, value, allowed in (*_combined(step), *input_path_problems(definition, step)):
            yield Finding("arguments", step.name, f"{step.arguments_path}.{member}", shown(value), allowed)


def _combined(step: Step) -> Iterator[tuple[str, Any, str]]:
    """What the service asks of members together, which its model does not say. Source: SageMaker API, by operation."""
    given = step.arguments
    if step.type == "Model" and not {"PrimaryContainer", "Containers"} & set(given):
        yield "PrimaryContainer", None, "the API requires it, or Containers"
    if step.type == "RegisterModel" and "ModelPackageGroupName" in given:
        for member in ("ModelPackageName", "Tags"):
            if member in given:
                yield member, given[member], "allowed: none with ModelPackageGroupName; a version has the group's name and tags"


def _requested(definition: Definition, step: Step, shape: Shape) -> dict[str, Any]:
    """The call's parameters: the step's arguments with everything evaluated, and the names that the service makes up."""
    params = {str(key): resolve(definition, value, member_shape(shape, str(key))) for key, value in step.arguments.items()}
    for name in OPERATIONS[step.type][1]:
        params.setdefault(name, sample(shape.members[name]))
    return params


def _refused(step: Step, reason: str, name: str, details: Mapping[str, Any]) -> Finding:
    path = step.arguments_path + (name if name.startswith((".", "[")) or not name else f".{name}")
    if reason == "missing required field":
        return Finding("arguments", step.name, f"{path}.{details['required_name']}", None, "the API requires it")
    if reason == "unknown field":
        unknown = str(details["unknown_param"])
        hint = nearest(unknown, details["valid_names"]) or f"allowed: {', '.join(details['valid_names'])}"
        return Finding("arguments", step.name, join_path(path, unknown), shown(unknown), f"the API has no such member; {hint}")
    value = shown(details.get("param"), path)
    if reason == "invalid type":
        kinds = ", ".join(getattr(kind, "__name__", str(kind)) for kind in details["valid_types"])
        return Finding("arguments", step.name, path, value, f"allowed type: {kinds}")
    bound = reason.removeprefix("invalid ")
    return Finding("arguments", step.name, path, value, f"allowed: {bound} of {details.get('min_allowed')} or more")


def check_limits(definition: Definition) -> Iterator[Finding]:
    """Upper bounds, patterns and enumerations of the API, and the limits of a definition as a whole."""
    yield from _whole(definition)
    for step in definition.steps:
        if step.type in OPERATIONS:
            shape = request_shape(step.type)
            for key, value in _requested(definition, step, shape).items():
                yield from _bounds(step, join_path(step.arguments_path, key), value, member_shape(shape, key))
            yield from _enumerated(definition, step, shape)
        yield from _reserved_tags(step)
        for name, maximum in STEP_TEXT_CHARS.items():
            text = step.raw.get(name)
            if isinstance(text, str) and len(text) > maximum:
                allowed = f"allowed: at most {maximum} characters"
                yield Finding("limits", step.name, f"{step.path}.{name}", f"{len(text)} characters", allowed)


def _enumerated(definition: Definition, step: Step, shape: Shape) -> Iterator[Finding]:
    """Every value that a start may choose, not the default alone, is one that the API takes there."""
    for path, target, wanted, single in shaped_gets(step.arguments, step.arguments_path, shape):
        parameter = definition.parameter(target.removeprefix("Parameters."))
        if parameter is None or wanted is None or single:
            continue
        values = parameter.raw.get("EnumValues")
        for value in values if isinstance(values, list) else ():
            allowed = _bound_problem(value, wanted) if value != parameter.default else None
            if allowed:
                found = f"{_measured(value, path)} in EnumValues of {parameter.name}"
                yield Finding("limits", step.name, path, found, allowed)


def _reserved_tags(step: Step) -> Iterator[Finding]:
    """Source: AWS General Reference, "Tagging AWS resources"."""
    tags = step.arguments.get("Tags")
    for index, tag in enumerate(tags if isinstance(tags, list) else []):
        key = tag.get("Key") if isinstance(tag, Mapping) else None
        if isinstance(key, str) and key.lower().startswith("aws:"):
            allowed = "allowed: a key that does not begin with aws:, which AWS keeps for itself"
            yield Finding("limits", step.name, f"{step.arguments_path}.Tags[{index}].Key", shown(key), allowed)


def _whole(definition: Definition) -> Iterator[Finding]:
    if len(definition.text) > DEFINITION_CHARS:
        yield Finding("limits", None, "$", f"{len(definition.text)} characters", f"allowed: at most {DEFINITION_CHARS}")
    if len(definition.parameters) > PARAMETERS_AT_START:
        found = f"{len(definition.parameters)} parameters"
        yield Finding("limits", None, "$.Parameters", found, f"allowed: at most {PARAMETERS_AT_START}, a start's limit")
    for parameter in definition.parameters:
        if isinstance(parameter.default, str) and len(parameter.default) > TEXT_DEFAULT_CHARS:
            path = f"{parameter.path}.DefaultValue"
            found = f"{len(parameter.default)} characters"
            yield Finding("limits", None, path, found, f"allowed: at most {TEXT_DEFAULT_CHARS} characters")


def _bounds(step: Step, path: str, value: Any, shape: Shape | None) -> Iterator[Finding]:
    if shape is None:
        return
    allowed = _bound_problem(value, shape)
    if allowed:
        yield Finding("limits", step.name, path, _measured(value, path), allowed)
    if isinstance(value, Mapping):
        for key, item in value.items():
            if shape.type_name == "map" and (too_long := _bound_problem(str(key), shape.key)):
                yield Finding("limits", step.name, join_path(path, str(key)), f"a name of {len(str(key))} characters", too_long)
            yield from _bounds(step, join_path(path, str(key)), item, member_shape(shape, str(key)))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _bounds(step, f"{path}[{index}]", item, item_shape(shape))


def _measured(value: Any, path: str) -> str | None:
    if isinstance(value, (Mapping, list)):
        return f"{len(value)} entries"
    text = shown(value, path)
    return f"{text} ({len(value)} characters)" if isinstance(value, str) and len(value) > 100 else text


def _bound_problem(value: Any, shape: Shape) -> str | None:
    limits = metadata(shape)
    maximum = limits.get("max")
    if maximum is not None and not isinstance(value, bool):
        if isinstance(value, (str, list, Mapping)):
            if len(value) > maximum:
                return f"allowed: at most {maximum} {'characters' if isinstance(value, str) else 'entries'}"
        elif isinstance(value, (int, float)) and value > maximum:
            return f"allowed: at most {maximum}"
    if not isinstance(value, str) or isinstance(value, (SampleText, SampleNumber)):
        return None
    if "enum" in limits and not shape.name.endswith("InstanceType") and value not in limits["enum"]:
        return f"allowed: one of {', '.join(limits['enum'])}"
    pattern = _compiled(str(limits.get("pattern", "")))
    if pattern is not None and not pattern.fullmatch(value):
        return f"allowed: text that matches {pattern.pattern}"
    return None


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """The model's patterns are Java's; the few that Python can not read are left to the service."""
    try:
        return re.compile(pattern) if pattern else None
    except re.error:
        return None
