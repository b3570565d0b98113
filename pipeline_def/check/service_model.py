"""SageMaker's API as botocore describes it: the shape of a step's arguments, and of its properties."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape

from pipeline_def.check.definition import is_function, join_path


@cache
def sagemaker_model() -> ServiceModel:
    """The service model, read from botocore's files; takes about 60 ms the first time in a process."""
    return ServiceModel(Loader().load_service_model("sagemaker", "service-2"), "sagemaker")


@cache
def request_shape(operation: str) -> Shape:
    return sagemaker_model().operation_model(operation).input_shape


@cache
def response_shape(operation: str) -> Shape:
    return sagemaker_model().operation_model(operation).output_shape


def member_shape(shape: Shape | None, key: str) -> Shape | None:
    """The shape of a structure's member or of a map's value; None if there is no such member."""
    if shape is None:
        return None
    if shape.type_name == "structure":
        members: dict[str, Shape] = shape.members
        return members.get(key)
    return shape.value if shape.type_name == "map" else None


def item_shape(shape: Shape | None) -> Shape | None:
    """The shape of a list's items, or of a map's values (the SDK indexes both)."""
    if shape is None:
        return None
    if shape.type_name == "list":
        return shape.member
    return shape.value if shape.type_name == "map" else None


def metadata(shape: Shape) -> dict[str, Any]:
    found: dict[str, Any] = shape.metadata
    return found


def shaped_gets(
    value: Any, path: str, shape: Shape | None, single: bool = False
) -> Iterator[tuple[str, str, Shape | None, bool]]:
    """Every ``Get``: its path, its target, the shape of its place, and whether any single value is accepted there."""
    if is_function(value) and "Get" in value:
        yield f"{path}.Get", value["Get"], shape, single
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from shaped_gets(item, join_path(path, key), member_shape(shape, key), single or key == "Std:Join")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from shaped_gets(item, f"{path}[{index}]", item_shape(shape), single)
