"""Paths such as ``ModelArtifacts.S3ModelArtifacts`` through what the service describes of a step that ran."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from botocore.model import Shape

from pipeline_def.check.definition import Definition, Step
from pipeline_def.check.finding import instead
from pipeline_def.check.images import is_deepar
from pipeline_def.check.shapes import DESCRIPTIONS, item_shape, member_shape, property_shapes

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
#: Lists that the service indexes by the name of the item, and where the step's arguments name the items.
_NAMED = {
    "ProcessingOutputConfig.Outputs": (("ProcessingOutputConfig", "Outputs"), "OutputName"),
    "ProcessingInputs": (("ProcessingInputs",), "InputName"),
    "InputDataConfig": (("InputDataConfig",), "ChannelName"),
}
#: Maps that a job is described with as it was given them.
_GIVEN = ("Environment", "HyperParameters")


def find_property(definition: Definition, step: Step, path: str) -> tuple[Shape | None, str | None]:
    """The shape of a step's property, None where it is not known, and what is allowed where there is no such property."""
    if step.type == "Condition":
        return None, None if path == "Outcome" else "allowed: Outcome is the one property of a condition step"
    if step.type not in DESCRIPTIONS:
        return None, None
    found = [_follow(definition, step, shape, path) for shape in property_shapes(step.type)]
    return next((item for item in found if item[1] is None), found[0])


def _follow(definition: Definition, step: Step, root: Shape, path: str) -> tuple[Shape | None, str | None]:
    """Follow a path such as ``A.B['key'].C[0]`` through a shape and the step's own arguments side by side."""
    shape: Shape | None = root
    position = 0
    trail = ""
    while position < len(path):
        token = _TOKEN.match(path, position)
        if token is None:
            return None, f"allowed: a property path such as ModelArtifacts.S3ModelArtifacts; {path[position:]!r} is none"
        member, index, key = token.groups()
        if member is None and (shape is None or shape.type_name not in ("list", "map")):
            return None, f"allowed: {trail or 'this'} is no list, so nothing in it has an index"
        missing = _missing_item(definition, step, trail, index, key or member)
        if missing:
            return None, missing
        known = list(shape.members) if shape is not None and shape.type_name == "structure" else []
        shape = item_shape(shape) if member is None else member_shape(shape, member)
        if shape is None:
            return None, instead(f"a property of a {step.type} step", str(member), known)
        trail += token.group()
        position = token.end()
    return shape, None if path else "allowed: a property of the step, such as Steps.<name>.<property>"


def _missing_item(definition: Definition, step: Step, trail: str, index: str | None, key: str | None) -> str | None:
    if trail == "FinalMetricDataList" and key is not None:
        wrong = is_deepar(definition, step) and key not in DEEPAR_METRICS
        return instead("a metric that DeepAR logs", key, DEEPAR_METRICS) if wrong else None
    if trail in _GIVEN and key is not None:
        given = step.arguments.get(trail)
        names = [str(name) for name in given] if isinstance(given, Mapping) else []
        return None if key in names else instead(f"a name in the step's {trail}", key, names)
    if trail not in _NAMED:
        return None
    where, name = _NAMED[trail]
    items: Any = step.arguments
    for part in where:
        items = items.get(part) if isinstance(items, Mapping) else None
    if not isinstance(items, list):
        return f"allowed: the step has no {trail}"
    names = [str(item.get(name)) for item in items if isinstance(item, Mapping)]
    if key is not None:
        return None if key in names else instead(f"an item of the step's {trail}", key, names)
    return None if int(index or 0) < len(names) else f"allowed: the step has {len(names)} items in {trail}"
