"""What the rule ``gate`` asks of a model itself: it is the artefact whose metric the gate compared, and nothing besides.

A step in the right branch is not enough: it could take another training's artefact, a file of anybody, or another version's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from contracts.status import TRAINING_STEP
from pipeline_def.check.definition import FREE_FORM, MODEL_STEPS, Definition, Step, walk
from pipeline_def.check.finding import Finding, shown
from pipeline_def.check.references import is_no_text, leads_nowhere

_ARTEFACT = f"Steps.{TRAINING_STEP}.ModelArtifacts.S3ModelArtifacts"
_ALLOWED = f"allowed: {_ARTEFACT}, the model that the gate saw"
#: Members that bring another model, or files next to it. Source: SageMaker API, CreateModel and CreateModelPackage.
_OTHERS = (
    "AdditionalModelDataSources",
    "AdditionalS3DataSource",
    "ModelDataSource",
    "ModelPackageName",
    "SourceAlgorithmSpecification",
    "SourceUri",
)


def artefact_problems(definition: Definition) -> Iterator[Finding]:
    """Every model is of the training's own artefact, and the training's metric is the algorithm's own."""
    for step in definition.steps:
        if step.type in MODEL_STEPS:
            for path, value in walk(step.arguments, step.arguments_path):
                if isinstance(value, Mapping) and not path.endswith(FREE_FORM):
                    yield from _container_problems(definition, step, path, value)
    training = definition.step(TRAINING_STEP)
    specification = training.arguments.get("AlgorithmSpecification") if training else None
    if training and isinstance(specification, Mapping) and "MetricDefinitions" in specification:
        path = f"{training.arguments_path}.AlgorithmSpecification.MetricDefinitions"
        found = shown(specification["MetricDefinitions"]) or "null"
        yield Finding("gate", training.name, path, found, "allowed: none; the gate compares what the algorithm itself measures")


def _container_problems(definition: Definition, step: Step, path: str, container: Mapping[str, Any]) -> Iterator[Finding]:
    others = [member for member in _OTHERS if member in container and not _own_name(step, path, member)]
    for member in others:
        yield Finding("gate", step.name, f"{path}.{member}", shown(container[member]) or "null", "allowed: none; " + _ALLOWED)
    data = container.get("ModelDataUrl")
    if data is None and "Image" in container and "ModelDataSource" not in others:
        yield Finding("gate", step.name, f"{path}.ModelDataUrl", None, _ALLOWED)
    elif data not in (None, {"Get": _ARTEFACT}) and not (leads_nowhere(definition, data) or is_no_text(definition, data)):
        yield Finding("gate", step.name, f"{path}.ModelDataUrl", shown(data), _ALLOWED)


def _own_name(step: Step, path: str, member: str) -> bool:
    """Whether a member names what the step registers, and not what it takes."""
    return step.type == "RegisterModel" and member == "ModelPackageName" and path == step.arguments_path
