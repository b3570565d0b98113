"""Evaluates values as far as the definition determines them: defaults for parameters, samples for everything else.

A sample is a value that its place accepts, so no rule reports what is not known before the pipeline runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.model import Shape

from pipeline_def.check.definition import Definition, is_function
from pipeline_def.check.service_model import item_shape, member_shape, metadata


class SampleText(str):
    """Text that is not completely known: its length is a lower bound, and patterns do not apply to it."""

    __slots__ = ()


class SampleNumber(int):
    """A number that is known only at run time."""


_SAMPLE_OF_TYPE = {"Integer": SampleNumber(1), "Float": 1.0, "Boolean": True}


def resolve(definition: Definition, value: Any, shape: Shape | None = None) -> Any:
    """A copy of ``value`` without functions."""
    if is_function(value):
        return _function(definition, value, shape)
    if isinstance(value, Mapping):
        return {key: resolve(definition, item, member_shape(shape, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve(definition, item, item_shape(shape)) for item in value]
    return value


def _function(definition: Definition, value: Mapping[str, Any], shape: Shape | None) -> Any:
    ((name, inner),) = value.items()
    if name == "Std:Join":
        parts = [resolve(definition, item) for item in inner["Values"]]
        text = str(inner.get("On", "")).join(map(str, parts))
        return SampleText(text) if any(isinstance(part, (SampleText, SampleNumber)) for part in parts) else text
    if name == "Get" and inner.startswith("Parameters."):
        return _parameter(definition, inner.removeprefix("Parameters."), shape)
    return sample(shape)


def _parameter(definition: Definition, name: str, shape: Shape | None) -> Any:
    parameter = definition.parameter(name)
    if parameter is None:
        return sample(shape)
    if parameter.default is not None:
        return parameter.default
    if shape is not None and shape.type_name == "string" and parameter.type == "String":
        return sample(shape)
    return _SAMPLE_OF_TYPE.get(parameter.type, SampleText("x"))


def is_known(value: Any) -> bool:
    """False for a value that is known only at run time."""
    return not isinstance(value, (SampleText, SampleNumber))


def sample(shape: Shape | None) -> Any:
    """A value that botocore accepts for the shape."""
    if shape is None or shape.type_name == "string":
        return SampleText("x" * max(1, int(metadata(shape).get("min", 1)) if shape is not None else 1))
    if shape.type_name in ("integer", "long"):
        return SampleNumber(max(1, int(metadata(shape).get("min", 1))))
    if shape.type_name == "structure":
        return {name: sample(shape.members[name]) for name in metadata(shape).get("required", [])}
    if shape.type_name == "list":
        return [sample(shape.member)]
    return {"boolean": True, "float": 1.0, "double": 1.0, "map": {}}.get(shape.type_name, SampleText("x"))
