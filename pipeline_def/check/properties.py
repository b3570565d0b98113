"""Follows property paths such as ``ModelArtifacts.S3ModelArtifacts`` through what the service describes of a finished step."""

from __future__ import annotations

import re
from typing import Any

from botocore.model import Shape

from pipeline_def.check.definition import Step
from pipeline_def.check.finding import instead
from pipeline_def.check.service_model import item_shape, member_shape, response_shape

#: Final metrics of the built-in DeepAR. Source: SageMaker developer guide, "Tune a DeepAR model"; its job log.
DEEPAR_METRICS = (
    "test:mean_wQuantileLoss",
    "test:RMSE",
    "train:final_loss",
    "train:loss",
    "train:loss:batch",
    "train:progress",
    "train:throughput",
)
_TOKEN = re.compile(r"\.?([A-Za-z0-9_]+)|\[(\d+)\]|\['([^']*)'\]")
#: Lists that the service indexes by an item's name -> the member of the arguments' items that contains the name.
_NAMED = {
    "ProcessingOutputConfig.Outputs": "OutputName",
    "ProcessingInputs": "InputName",
    "InputDataConfig": "ChannelName",
}
#: Maps that a job's description repeats from the arguments.
_GIVEN = ("Environment", "HyperParameters")


def find_property(step: Step, path: str) -> tuple[Shape | None, str | None]:
    """The shape of a step's property (None if unknown), and what is allowed instead if there is no such property."""
    if step.kind.description is None:
        return None, None if path in step.kind.properties else instead("a property of it", path, step.kind.properties)
    shape: Shape | None = response_shape(step.kind.description)
    position = 0
    trail = ""
    while position < len(path):
        token = _TOKEN.match(path, position)
        if token is None:
            return None, f"allowed: a property path such as ModelArtifacts.S3ModelArtifacts; {path[position:]!r} is not one"
        member, index, key = token.groups()
        if member is None and (shape is None or shape.type_name not in ("list", "map")):
            return None, f"allowed: no index here, because {trail or 'this'} is no list"
        missing = _missing_item(step, trail, index, key or member)
        if missing:
            return None, missing
        known = list(shape.members) if shape is not None and shape.type_name == "structure" else []
        shape = item_shape(shape) if member is None else member_shape(shape, member)
        if shape is None:
            return None, instead(f"a property of a {step.type} step", str(member), known)
        trail += token.group()
        position = token.end()
    return shape, None if path else "allowed: a property of the step, such as Steps.<name>.<property>"


def _missing_item(step: Step, trail: str, index: str | None, key: str | None) -> str | None:
    """What is allowed instead of an item that the step's own arguments do not have."""
    if trail == "FinalMetricDataList" and key is not None:
        return None if key in DEEPAR_METRICS else instead("a metric that DeepAR logs", key, DEEPAR_METRICS)
    if trail in _GIVEN and key is not None:
        names = list(step.get(trail, {}))
        return None if key in names else instead(f"a name in the step's {trail}", key, names)
    if trail not in _NAMED:
        return None
    items: list[Any] = step.get(trail, [])
    names = [item[_NAMED[trail]] for item in items]
    if key is not None:
        return None if key in names else instead(f"an item of the step's {trail}", key, names)
    return None if int(index or 0) < len(names) else f"allowed: an index below {len(names)}, the number of items in {trail}"
