"""A well-formed definition as the rules see it: parameters and steps in flat lists, each with its JSON path.

The shape phase guarantees that all members used here exist and have the right type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from contracts.status import FORECAST_STEP, PREPARE_STEP, PUBLISH_STEP, TRAINING_STEP
from pipeline_def.check.step_types import STEP_TYPES, StepType

Json = Any
BRANCHES = ("IfSteps", "ElseSteps")
#: Members that map names chosen by the author.
FREE_FORM = ("Environment", "HyperParameters", "CustomerMetadataProperties", "Metadata")


@dataclass(frozen=True)
class Step:
    """One step. ``branches`` are the (condition step, branch) pairs that contain it, outermost first."""

    name: str
    kind: StepType
    raw: Mapping[str, Json]
    path: str
    branches: tuple[tuple[str, str], ...] = ()

    @property
    def type(self) -> str:
        return self.kind.name

    @cached_property
    def arguments(self) -> Mapping[str, Json]:
        """The step's own arguments; a condition step's exclude the steps in its branches."""
        return {
            key: value for key, value in self.raw["Arguments"].items() if not (key in BRANCHES and self.type == "Condition")
        }

    @property
    def arguments_path(self) -> str:
        return f"{self.path}.Arguments"

    def get(self, path: str, default: Json = None) -> Json:
        """The argument at a path such as ``StoppingCondition.MaxRuntimeInSeconds``, or ``default`` if there is none."""
        value: Json = self.arguments
        for key in path.split("."):
            if not isinstance(value, Mapping) or key not in value:
                return default
            value = value[key]
        return value

    def path_of(self, path: str) -> str:
        return f"{self.arguments_path}.{path}"


@dataclass(frozen=True)
class Parameter:
    """One pipeline parameter."""

    name: str
    type: str
    raw: Mapping[str, Json]
    path: str

    @property
    def default(self) -> Json:
        return self.raw.get("DefaultValue")

    @property
    def choices(self) -> list[Json]:
        return list(self.raw.get("EnumValues", ()))


class Definition:
    """A well-formed definition. ``region`` is the stack's, if it is known."""

    def __init__(self, text: str, raw: Mapping[str, Json], region: str | None = None) -> None:
        self.text = text
        self.raw = raw
        self.region = region
        self.steps = list(_steps(raw["Steps"], "$.Steps", ()))
        self.parameters = [
            Parameter(item["Name"], item["Type"], item, f"$.Parameters[{index}]")
            for index, item in enumerate(raw.get("Parameters", ()))
        ]
        self._steps = {step.name: step for step in reversed(self.steps)}
        self._parameters = {parameter.name: parameter for parameter in reversed(self.parameters)}

    def step(self, name: str) -> Step | None:
        return self._steps.get(name)

    @property
    def is_forecast(self) -> bool:
        """True for the forecast pipeline: it has one of its steps, and no training."""
        own = (PREPARE_STEP, FORECAST_STEP, PUBLISH_STEP)
        return self.step(TRAINING_STEP) is None and any(self.step(name) for name in own)

    def parameter(self, name: str) -> Parameter | None:
        return self._parameters.get(name)


def _steps(raw: list[Json], path: str, branches: tuple[tuple[str, str], ...]) -> Iterator[Step]:
    for index, item in enumerate(raw):
        step = Step(item["Name"], STEP_TYPES[item["Type"]], item, f"{path}[{index}]", branches)
        yield step
        if step.type == "Condition":
            for branch in BRANCHES:
                inner = (*branches, (step.name, branch))
                yield from _steps(item["Arguments"].get(branch, []), f"{step.arguments_path}.{branch}", inner)


def walk(value: Json, path: str) -> Iterator[tuple[str, Json]]:
    """Every value inside a value, itself first, each with its JSON path."""
    yield path, value
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from walk(item, join_path(path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from walk(item, f"{path}[{index}]")


def objects(value: Json, path: str) -> Iterator[tuple[str, Mapping[str, Json]]]:
    """Every object inside a value, with its JSON path, except objects whose names the author chooses."""
    for inner_path, inner in walk(value, path):
        if isinstance(inner, Mapping) and not inner_path.endswith(FREE_FORM):
            yield inner_path, inner


def join_path(path: str, key: str) -> str:
    """``$.A`` and ``b`` give ``$.A.b``; a key with other characters than letters, digits, ``_`` and ``-`` is quoted."""
    return f"{path}.{key}" if key.replace("_", "").replace("-", "").isalnum() else f"{path}['{key}']"


def is_function_name(key: str) -> bool:
    return key == "Get" or key.startswith("Std:")


def is_function(value: Json) -> bool:
    """True if SageMaker evaluates the value at run time: ``{"Get": …}`` or ``{"Std:…": …}``."""
    return isinstance(value, Mapping) and len(value) == 1 and is_function_name(next(iter(value)))


def gets(value: Json, path: str) -> Iterator[tuple[str, str]]:
    """Every ``Get`` inside a value, including that of a property file: its JSON path and its target."""
    for inner_path, inner in walk(value, path):
        if is_function(inner) and "Get" in inner:
            yield f"{inner_path}.Get", inner["Get"]
