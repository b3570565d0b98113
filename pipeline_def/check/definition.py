"""A parsed definition as the rules see it: parameters and steps in one flat list, each with its JSON path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.status import GATE_STEP, PROCESSING_STEP

Json = Any
_BRANCHES = ("IfSteps", "ElseSteps")
_FUNCTION_PREFIX = "Std:"
#: Step types that make a model of an artefact.
MODEL_STEPS = ("Model", "RegisterModel")
#: Members whose names are the author's own, and say what stands under them.
FREE_FORM = ("Environment", "HyperParameters", "CustomerMetadataProperties", "Metadata")


@dataclass(frozen=True)
class Step:
    """One step. ``branches`` are the (condition step, branch) pairs it stands in, outermost first."""

    name: str
    type: str
    raw: Mapping[str, Json]
    path: str
    branches: tuple[tuple[str, str], ...] = ()

    @property
    def arguments(self) -> Mapping[str, Json]:
        """The step's own arguments: of a condition step without the steps in its branches."""
        arguments = self.raw.get("Arguments")
        if not isinstance(arguments, Mapping):
            return {}
        if self.type != "Condition":
            return arguments
        return {key: value for key, value in arguments.items() if key not in _BRANCHES}

    @property
    def arguments_path(self) -> str:
        return f"{self.path}.Arguments"


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


@dataclass(frozen=True)
class Definition:
    """What could be read of a definition; what could not is the structure rule's business.

    ``contract`` says that it is our own pipeline's, which more is asked of than of another.
    """

    text: str
    raw: Mapping[str, Json]
    region: str | None
    steps: list[Step] = field(default_factory=list)
    parameters: list[Parameter] = field(default_factory=list)
    contract: bool = False

    @classmethod
    def read(cls, text: str, raw: Mapping[str, Json], region: str | None, *, contract: bool | None = False) -> Definition:
        """``contract=None`` takes a definition for ours when it has the two steps that name our pipeline."""
        steps = list(_steps(raw.get("Steps"), "$.Steps", ()))
        if contract is None:
            contract = {PROCESSING_STEP, GATE_STEP} <= {step.name for step in steps}
        return cls(text, raw, region, steps, list(_parameters(raw.get("Parameters"))), contract)

    def step(self, name: str) -> Step | None:
        return next((step for step in self.steps if step.name == name), None)

    def parameter(self, name: str) -> Parameter | None:
        return next((parameter for parameter in self.parameters if parameter.name == name), None)


def _steps(raw: Json, path: str, branches: tuple[tuple[str, str], ...]) -> Iterator[Step]:
    for index, item in enumerate(raw if isinstance(raw, list) else []):
        if not isinstance(item, Mapping) or not isinstance(item.get("Name"), str) or not isinstance(item.get("Type"), str):
            continue
        step = Step(item["Name"], item["Type"], item, f"{path}[{index}]", branches)
        yield step
        arguments = item.get("Arguments")
        if step.type == "Condition" and isinstance(arguments, Mapping):
            for branch in _BRANCHES:
                inner = (*branches, (step.name, branch))
                yield from _steps(arguments.get(branch), f"{step.arguments_path}.{branch}", inner)


def _parameters(raw: Json) -> Iterator[Parameter]:
    for index, item in enumerate(raw if isinstance(raw, list) else []):
        if isinstance(item, Mapping) and isinstance(item.get("Name"), str):
            yield Parameter(item["Name"], str(item.get("Type")), item, f"$.Parameters[{index}]")


def walk(value: Json, path: str) -> Iterator[tuple[str, Json]]:
    """Every value inside a value, itself first, each with its JSON path."""
    yield path, value
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from walk(item, join_path(path, str(key)))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from walk(item, f"{path}[{index}]")


def join_path(path: str, key: str) -> str:
    """``$.A`` and ``b`` give ``$.A.b``; a key that is no plain name is quoted."""
    return f"{path}.{key}" if key.replace("_", "").replace("-", "").isalnum() else f"{path}['{key}']"


def is_function(value: Json) -> bool:
    """Whether a value is evaluated at run time: ``{"Get": …}`` or ``{"Std:…": …}``."""
    return isinstance(value, Mapping) and len(value) == 1 and (key := next(iter(value))) is not None and _names_function(key)


def _names_function(key: object) -> bool:
    return key == "Get" or (isinstance(key, str) and key.startswith(_FUNCTION_PREFIX))


def gets(value: Json, path: str) -> Iterator[tuple[str, str]]:
    """Every ``Get`` inside a value: its JSON path and what it gets (those of a property file in a JsonGet included)."""
    for inner_path, inner in walk(value, path):
        if isinstance(inner, Mapping) and set(inner) == {"Get"} and isinstance(inner["Get"], str):
            yield f"{inner_path}.Get", inner["Get"]
