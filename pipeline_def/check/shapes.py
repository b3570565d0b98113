"""SageMaker's API as botocore describes it: what a step's arguments must look like, and which properties a step has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape

from pipeline_def.check.definition import join_path

#: Step type -> the operation its arguments are passed to, and the required members that the service fills in itself.
OPERATIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "Processing": ("CreateProcessingJob", ("ProcessingJobName",)),
    "Training": ("CreateTrainingJob", ("TrainingJobName",)),
    "Model": ("CreateModel", ("ModelName",)),
    "RegisterModel": ("CreateModelPackage", ()),
    "Transform": ("CreateTransformJob", ("TransformJobName",)),
    "Tuning": ("CreateHyperParameterTuningJob", ("HyperParameterTuningJobName",)),
}
#: Step type -> the operations whose answers are the step's properties.
DESCRIPTIONS: dict[str, tuple[str, ...]] = {
    "Processing": ("DescribeProcessingJob",),
    "Training": ("DescribeTrainingJob",),
    "Model": ("DescribeModel",),
    "RegisterModel": ("DescribeModelPackage",),
    "Transform": ("DescribeTransformJob",),
    "Tuning": ("DescribeHyperParameterTuningJob", "ListTrainingJobsForHyperParameterTuningJob"),
}


@cache
def sagemaker_model() -> ServiceModel:
    """The service model, read from botocore's own files; about 60 ms the first time in a process."""
    return ServiceModel(Loader().load_service_model("sagemaker", "service-2"), "sagemaker")


@cache
def request_shape(step_type: str) -> Shape:
    return sagemaker_model().operation_model(OPERATIONS[step_type][0]).input_shape


@cache
def property_shapes(step_type: str) -> tuple[Shape, ...]:
    return tuple(sagemaker_model().operation_model(name).output_shape for name in DESCRIPTIONS[step_type])


def member_shape(shape: Shape | None, key: str) -> Shape | None:
    """The shape of a structure's member or a map's value; None where there is no such member."""
    if shape is None:
        return None
    if shape.type_name == "structure":
        members: dict[str, Shape] = shape.members
        return members.get(key)
    return shape.value if shape.type_name == "map" else None


def item_shape(shape: Shape | None) -> Shape | None:
    """The shape of a list's items, or a map's values (the SDK indexes both)."""
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
    """Every ``Get``: its path, its target, the shape it stands in, and whether it must be a single value of any kind."""
    if isinstance(value, Mapping):
        if set(value) == {"Get"} and isinstance(value["Get"], str):
            yield f"{path}.Get", value["Get"], shape, single
            return
        for key, item in value.items():
            inner = member_shape(shape, str(key))
            yield from shaped_gets(item, join_path(path, str(key)), inner, single or key == "Std:Join")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from shaped_gets(item, f"{path}[{index}]", item_shape(shape), single)
