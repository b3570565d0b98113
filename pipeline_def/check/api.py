"""Phase 2, rules ``required``, ``arguments`` and ``limits``: SageMaker's API accepts each step's arguments.

botocore's validator checks types, required members and lower bounds. Its model also contains upper bounds, patterns and
enumerations, which the validator leaves to the service. The table of step types adds members that the service requires but
botocore's model does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from botocore.model import Shape
from botocore.validate import ParamValidator

from contracts.problems import nearest
from pipeline_def.check.definition import Definition, Step, is_function, join_path, walk
from pipeline_def.check.finding import Finding, shown
from pipeline_def.check.resolve import SampleNumber, SampleText, resolve, sample
from pipeline_def.check.service_model import item_shape, member_shape, metadata, request_shape, shaped_gets

#: Members that name an item of a list.
_NAMES = (".OutputName", ".InputName", ".ChannelName", ".Key")


_ABSENT: tuple[Any, ...] = (None, "", [], {})


def check_required(definition: Definition) -> Iterator[Finding]:
    """Members that SageMaker or the project's contract requires, by step type."""
    for step in definition.steps:
        missing: dict[str, str] = {}
        for member, reason in step.kind.required.items():
            for path in _missing(step.arguments, member.split("."), step.arguments_path):
                missing.setdefault(path, reason)
        for path, reason in missing.items():
            yield Finding("required", step.name, path, None, f"needed: {reason}")


def _missing(value: Any, members: list[str], path: str) -> Iterator[str]:
    """Paths of a required member where it, or an object on the way to it, is absent or empty."""
    if is_function(value) or not isinstance(value, Mapping):
        return  # the rule ``arguments`` reports a value of another kind
    name, *rest = members
    member, *others = name.removesuffix("[]").split("/")
    if any(value.get(other) not in _ABSENT for other in others):
        return
    where = f"{path}.{member}"
    inner = value.get(member)
    if inner in _ABSENT:
        yield where
    elif name.endswith("[]"):
        for index, item in enumerate(inner if isinstance(inner, list) else ()):
            yield from _missing(item, rest, f"{where}[{index}]")
    elif rest:
        yield from _missing(inner, rest, where)


def check_arguments(definition: Definition) -> Iterator[Finding]:
    """What botocore rejects, and functions in the place of an object or a list."""
    for step, shape in _calls(definition):
        yield from _misplaced_functions(step, shape)
        found = ParamValidator().validate(_requested(definition, step, shape), shape)
        # generate_report() gives text with unmasked values; the list behind it has the same information in parts.
        for reason, name, details in found._errors:
            yield _rejected(definition, step, reason, name, details)
        if step.type == "RegisterModel":
            yield from _version_of_group(step)


def _calls(definition: Definition) -> Iterator[tuple[Step, Shape]]:
    for step in definition.steps:
        if step.kind.operation:
            yield step, request_shape(step.kind.operation)


def _requested(definition: Definition, step: Step, shape: Shape) -> dict[str, Any]:
    """The call's parameters: the step's arguments, evaluated, and the arguments that SageMaker adds."""
    params = {key: resolve(definition, value, member_shape(shape, key)) for key, value in step.arguments.items()}
    for name in step.kind.generated:
        params.setdefault(name, sample(shape.members[name]))
    return params


def _misplaced_functions(step: Step, shape: Shape) -> Iterator[Finding]:
    """Objects, lists and names are written out, so that later phases can rely on them."""
    for path, value in walk(step.arguments, step.arguments_path):
        if is_function(value) and path.endswith(_NAMES):
            yield Finding("arguments", step.name, path, shown(value), "allowed: text written out, because it is a name")
    for path, target, wanted, single in shaped_gets(step.arguments, step.arguments_path, shape):
        if wanted is not None and not single and wanted.type_name in ("structure", "list", "map"):
            allowed = f"allowed: a {wanted.type_name} written out; a reference gives a single value"
            yield Finding("arguments", step.name, path, shown(target), allowed)


def _version_of_group(step: Step) -> Iterator[Finding]:
    """Source: SageMaker API, CreateModelPackage: a version has the name and the tags of its group."""
    for member in ("ModelPackageName", "Tags"):
        if member in step.arguments:
            allowed = "allowed: none with ModelPackageGroupName; a version has the group's name and tags"
            yield Finding("arguments", step.name, step.path_of(member), shown(step.arguments[member]), allowed)


def _rejected(definition: Definition, step: Step, reason: str, name: str, details: Mapping[str, Any]) -> Finding:
    path = step.arguments_path + (name if name.startswith((".", "[")) or not name else f".{name}")
    if reason == "missing required field":
        return Finding("arguments", step.name, f"{path}.{details['required_name']}", None, "needed: the API requires it")
    if reason == "unknown field":
        unknown = str(details["unknown_param"])
        hint = nearest(unknown, details["valid_names"]) or f"allowed: {', '.join(details['valid_names'])}"
        return Finding("arguments", step.name, join_path(path, unknown), shown(unknown), f"the API has no such member; {hint}")
    value = details.get("param")
    if reason == "invalid type":
        kinds = ", ".join(str(kind).removeprefix("<class '").removesuffix("'>") for kind in details["valid_types"])
        to_text = "; Std:Join turns a number into text" if kinds == "str" and isinstance(value, (int, float)) else ""
        return Finding("arguments", step.name, path, shown(value, path) or "null", f"allowed type: {kinds}{to_text}")
    bound = reason.removeprefix("invalid ")
    return Finding("arguments", step.name, path, shown(value, path), f"allowed: {bound} of at least {details['min_allowed']}")


def check_limits(definition: Definition) -> Iterator[Finding]:
    """Upper bounds, patterns and enumerations of the API, also for every value that a start may choose."""
    for step, shape in _calls(definition):
        for key, value in _requested(definition, step, shape).items():
            yield from _bounds(step, join_path(step.arguments_path, key), value, member_shape(shape, key))
        yield from _choices(definition, step, shape)
        yield from _reserved_tags(step)


def _choices(definition: Definition, step: Step, shape: Shape) -> Iterator[Finding]:
    for path, target, wanted, single in shaped_gets(step.arguments, step.arguments_path, shape):
        parameter = definition.parameter(target.removeprefix("Parameters."))
        if parameter is None or wanted is None or single:
            continue
        for value in parameter.choices:
            allowed = _bound_problem(value, wanted) if value != parameter.default else None
            if allowed:
                found = f"{_measured(value, path)} in EnumValues of {parameter.name}"
                yield Finding("limits", step.name, path, found, allowed)


def _reserved_tags(step: Step) -> Iterator[Finding]:
    """Source: AWS General Reference, "Tagging AWS resources"."""
    for index, tag in enumerate(step.get("Tags", [])):
        if str(tag.get("Key")).lower().startswith("aws:"):
            allowed = "allowed: a key that does not begin with aws:, which AWS reserves"
            yield Finding("limits", step.name, step.path_of(f"Tags[{index}].Key"), shown(tag["Key"]), allowed)


def _bounds(step: Step, path: str, value: Any, shape: Shape | None) -> Iterator[Finding]:
    if shape is None:
        return
    allowed = _bound_problem(value, shape)
    if allowed:
        yield Finding("limits", step.name, path, _measured(value, path), allowed)
    if isinstance(value, Mapping):
        for key, item in value.items():
            if shape.type_name == "map" and (too_long := _bound_problem(key, shape.key)):
                yield Finding("limits", step.name, join_path(path, key), f"a name of {len(key)} characters", too_long)
            yield from _bounds(step, join_path(path, key), item, member_shape(shape, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _bounds(step, f"{path}[{index}]", item, item_shape(shape))


def _measured(value: Any, path: str) -> str | None:
    if isinstance(value, (Mapping, list)):
        return f"{len(value)} entries"
    text = shown(value, path)
    return f"{text} ({len(value)} characters)" if isinstance(value, str) and len(value) > 100 else text


def _bound_problem(value: Any, shape: Shape) -> str | None:
    return _too_much(value, metadata(shape).get("max")) or _no_match(value, shape)


def _too_much(value: Any, maximum: int | None) -> str | None:
    if maximum is None or isinstance(value, bool):
        return None
    if isinstance(value, (str, list, Mapping)):
        unit = "characters" if isinstance(value, str) else "entries"
        return f"allowed: at most {maximum} {unit}" if len(value) > maximum else None
    return f"allowed: at most {maximum}" if isinstance(value, (int, float)) and value > maximum else None


def _no_match(value: Any, shape: Shape) -> str | None:
    limits = metadata(shape)
    if not isinstance(value, str) or isinstance(value, (SampleText, SampleNumber)):
        return None
    # botocore's list of instance types is older than the service's; the rule ``instances`` checks their form.
    if "enum" in limits and not shape.name.endswith("InstanceType") and value not in limits["enum"]:
        return f"allowed: one of {', '.join(limits['enum'])}"
    pattern = _compiled(str(limits.get("pattern", "")))
    if pattern is not None and not pattern.fullmatch(value):
        return f"allowed: text that matches {pattern.pattern}"
    return None


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """The model's patterns are written for Java. Those that Python cannot compile are left to the service."""
    try:
        return re.compile(pattern) if pattern else None
    except re.error:
        return None
