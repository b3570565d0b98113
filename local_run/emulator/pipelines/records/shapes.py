"""Checks requests with botocore's model of the SageMaker API, as the service does."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import botocore.session
from botocore.model import ServiceModel, Shape
from botocore.validate import ParamValidator


@functools.cache
def service_model() -> ServiceModel:
    return botocore.session.Session().get_service_model("sagemaker")


def request_problems(operation: str, request: Mapping[str, Any]) -> list[str]:
    """Return all violations of the operation's input shape: members, types, lengths, ranges, patterns, enums.

    botocore itself checks only types and lower bounds; the service checks the rest.
    """
    shape = service_model().operation_model(operation).input_shape
    return [] if shape is None else shape_problems(shape, request)


def shape_problems(shape: Shape, request: Mapping[str, Any]) -> list[str]:
    """Return the violations of an input shape of any service; see :func:`request_problems`."""
    errors = ParamValidator().validate(dict(request), shape)
    if errors.has_errors():
        report: str = errors.generate_report()
        return report.splitlines()
    return list(_constraint_problems(shape, request, ""))


def output_members(operation: str) -> frozenset[str]:
    """Return the names of the top-level members of the operation's response."""
    shape = service_model().operation_model(operation).output_shape
    return frozenset(shape.members) if shape is not None else frozenset()


def _constraint_problems(shape: Shape, value: Any, where: str) -> Iterator[str]:
    if shape.type_name == "structure":
        for name, item in value.items():
            yield from _constraint_problems(shape.members[name], item, f"{where}.{name}" if where else name)
    elif shape.type_name == "list":
        yield from _bound_problems(shape, len(value), where, "length")
        for index, item in enumerate(value):
            yield from _constraint_problems(shape.member, item, f"{where}[{index}]")
    elif shape.type_name == "map":
        yield from _bound_problems(shape, len(value), where, "length")
        for key, item in value.items():
            yield from _constraint_problems(shape.key, key, f"{where} (key {key!r})")
            yield from _constraint_problems(shape.value, item, f"{where}[{key!r}]")
    else:
        yield from _scalar_problems(shape, value, where)


def _scalar_problems(shape: Shape, value: Any, where: str) -> Iterator[str]:
    if shape.type_name == "string":
        yield from _bound_problems(shape, len(value), where, "length")
        pattern = shape.metadata.get("pattern")
        if pattern is not None and not _matches(pattern, value):
            yield f"Value {value!r} at {where} failed to satisfy constraint: must match the regular expression {pattern}"
        allowed = getattr(shape, "enum", None)
        if allowed and value not in allowed:
            yield f"Value {value!r} at {where} failed to satisfy constraint: must be one of [{', '.join(allowed)}]"
    elif shape.type_name in ("integer", "long", "float", "double"):
        yield from _bound_problems(shape, value, where, "value")


def _bound_problems(shape: Shape, size: float, where: str, noun: str) -> Iterator[str]:
    least, most = shape.metadata.get("min", -math.inf), shape.metadata.get("max", math.inf)
    if not least <= size <= most:
        yield f"The {noun} of {where} is {size:g}; allowed: {least:g} to {most:g}"


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.fullmatch(pattern, value, re.DOTALL) is not None
    except re.error:
        return True  # Python cannot read this Java pattern, so the value is not checked
