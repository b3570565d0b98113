"""Rule ``parameter``: types are known, and defaults and enumerations match them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from contracts.parameters import EXECUTION_ID
from contracts.problems import nearest
from pipeline_def.check.definition import Definition, Parameter
from pipeline_def.check.finding import Finding, shown

TYPES = ("String", "Integer", "Float", "Boolean")
_MEMBERS = ("Name", "Type", "DefaultValue", "EnumValues")


def check_parameters(definition: Definition) -> Iterator[Finding]:
    for parameter in definition.parameters:
        if definition.contract and parameter.name != EXECUTION_ID and "DefaultValue" not in parameter.raw:
            needed = f"parameter {parameter.name}: a scheduled start sets {EXECUTION_ID} and what changes alone"
            yield Finding("parameter", None, f"{parameter.path}.DefaultValue", None, needed)
        for member, value, allowed in _problems(parameter):
            path = f"{parameter.path}.{member}"
            # The parameter's own name decides whether its value may be shown.
            found = shown(value, parameter.name) or "null"
            yield Finding("parameter", None, path, found, f"parameter {parameter.name}: {allowed}")


def _problems(parameter: Parameter) -> Iterator[tuple[str, Any, str]]:
    if parameter.type not in TYPES:
        yield "Type", parameter.type, nearest(parameter.type, TYPES) or f"allowed: {', '.join(TYPES)}"
        return
    for member in parameter.raw:
        if member not in _MEMBERS:
            yield str(member), str(member), f"allowed members: {', '.join(_MEMBERS)}"
    if "DefaultValue" in parameter.raw and not _matches(parameter.type, parameter.default):
        yield "DefaultValue", parameter.default, f"allowed: {_described(parameter.type)}, or no such member"
    yield from _enum_problems(parameter)


def _enum_problems(parameter: Parameter) -> Iterator[tuple[str, Any, str]]:
    if "EnumValues" not in parameter.raw:
        return
    values = parameter.raw["EnumValues"]
    if not isinstance(values, list) or not values or not all(_matches(parameter.type, value) for value in values):
        yield "EnumValues", values, f"allowed: a list of at least one value, each {_described(parameter.type)}"
    elif len({repr(value) for value in values}) != len(values):
        yield "EnumValues", values, "allowed: each value once"
    elif parameter.default is not None and parameter.default not in values:
        yield "DefaultValue", parameter.default, f"allowed: one of {', '.join(str(value) for value in values)}"


def _matches(kind: str, value: Any) -> bool:
    if kind == "String":
        return isinstance(value, str)
    if kind == "Boolean":
        return isinstance(value, bool)
    if kind == "Integer":
        return type(value) is int
    return type(value) in (int, float) and math.isfinite(value)


def _described(kind: str) -> str:
    return {"String": "text", "Integer": "an integer", "Float": "a number", "Boolean": "true or false"}[kind]
