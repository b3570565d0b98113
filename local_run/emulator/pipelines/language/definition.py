"""A pipeline definition as an execution uses it: parameters, and steps with their predecessors.

It is read from the JSON of DescribePipeline, never from Python objects. The steps of a condition's branches are in the same
list as all others, and name their condition and branch.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from local_run.emulator.pipelines.errors import validation
from local_run.emulator.pipelines.language.conditions import CONDITION_TYPES
from local_run.emulator.pipelines.language.expressions import references, unknown_functions
from local_run.emulator.pipelines.language.retries import policy_problems

PROCESSING, TRAINING, TRANSFORM, CONDITION, MODEL, REGISTER, FAIL = (
    "Processing", "Training", "Transform", "Condition", "Model", "RegisterModel", "Fail",
)  # fmt: skip
STEP_TYPES = (PROCESSING, TRAINING, TRANSFORM, CONDITION, MODEL, REGISTER, FAIL)
PARAMETER_TYPES = ("String", "Integer", "Float", "Boolean")


@dataclass(frozen=True)
class Parameter:
    """A declared parameter. ``default`` None means that a start must set the value."""

    name: str
    kind: str
    default: Any = None
    allowed: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Guard:
    """A step in a branch runs only if the condition's outcome is ``branch``."""

    condition: str
    branch: bool


@dataclass(frozen=True)
class Step:
    """One step. ``waits_for`` names the steps that must succeed first, including its conditions."""

    name: str
    kind: str
    arguments: Mapping[str, Any]
    waits_for: frozenset[str] = frozenset()
    guard: Guard | None = None
    display_name: str | None = None
    description: str | None = None
    property_files: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    retry_policies: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Definition:
    """The parsed definition of an execution."""

    parameters: Mapping[str, Parameter]
    steps: Mapping[str, Step]


def parse_definition(text: str) -> Definition:
    """Parse a definition. One ValidationException contains all its problems."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise validation(f"Unable to parse pipeline definition. {error}") from error
    if not isinstance(document, Mapping) or not isinstance(document.get("Steps"), list):
        raise validation("Unable to parse pipeline definition. Expecting an object with a list of Steps.")
    try:
        steps = list(_steps(document["Steps"], None))
        parameters = [_parameter(item) for item in document.get("Parameters") or ()]
    except (KeyError, TypeError, AttributeError) as error:
        raise validation(f"Unable to parse pipeline definition. Missing or malformed: {error}") from error
    problems = list(_problems(parameters, steps))
    if problems:
        raise validation("Invalid pipeline definition: " + "; ".join(problems))
    return Definition({item.name: item for item in parameters}, {item.name: item for item in steps})


def _parameter(item: Mapping[str, Any]) -> Parameter:
    return Parameter(item["Name"], item["Type"], item.get("DefaultValue"), tuple(item.get("EnumValues") or ()))


def _steps(items: Sequence[Mapping[str, Any]], guard: Guard | None) -> Iterator[Step]:
    for item in items:
        arguments = item.get("Arguments") or {}
        is_condition = item["Type"] == CONDITION
        waits = {*(item.get("DependsOn") or ()), *_referenced_steps(arguments["Conditions"] if is_condition else arguments)}
        yield Step(
            name=item["Name"],
            kind=item["Type"],
            arguments=arguments,
            waits_for=frozenset(waits | ({guard.condition} if guard else set())),
            guard=guard,
            display_name=item.get("DisplayName"),
            description=item.get("Description"),
            property_files={entry["PropertyFileName"]: entry for entry in item.get("PropertyFiles") or ()},
            retry_policies=tuple(item.get("RetryPolicies") or ()),
        )
        if is_condition:
            yield from _steps(arguments.get("IfSteps") or (), Guard(item["Name"], True))
            yield from _steps(arguments.get("ElseSteps") or (), Guard(item["Name"], False))


def _referenced_steps(value: Any) -> Iterator[str]:
    for path in references(value):
        parts = path.split(".")
        if parts[0] == "Steps" and len(parts) > 1:
            yield parts[1]


def _problems(parameters: Sequence[Parameter], steps: Sequence[Step]) -> Iterator[str]:
    yield from _duplicates("parameter", [item.name for item in parameters])
    yield from _duplicates("step", [item.name for item in steps])
    for parameter in parameters:
        if parameter.kind not in PARAMETER_TYPES:
            yield f"parameter {parameter.name}: unknown type {parameter.kind!r}; known: {', '.join(PARAMETER_TYPES)}"
    names = {item.name: item for item in steps}
    declared = {item.name for item in parameters}
    for step in steps:
        yield from _step_problems(step, names, declared)
    yield from _cycles(names)


def _step_problems(step: Step, steps: Mapping[str, Step], parameters: set[str]) -> Iterator[str]:
    if step.kind not in STEP_TYPES:
        yield f"step {step.name}: type {step.kind!r} is not run here; known: {', '.join(STEP_TYPES)}"
    conditions = step.arguments.get("Conditions") or []
    own: Any = conditions if step.kind == CONDITION else step.arguments
    for function in unknown_functions(own):
        yield f"step {step.name}: unknown function {function!r}"
    for path in references(own):
        root, _, name = path.partition(".")
        if root == "Parameters" and name not in parameters:
            yield f"step {step.name}: parameter {name!r} is not declared"
    for problem in policy_problems(step.retry_policies):
        yield f"step {step.name}: retry policy: {problem}"
    for name in sorted(step.waits_for - steps.keys()):
        yield f"step {step.name}: there is no step {name!r} to depend on"
    if step.kind == CONDITION:
        for kind in _condition_types(conditions):
            if kind not in CONDITION_TYPES:
                yield f"step {step.name}: unknown condition type {kind!r}; known: {', '.join(CONDITION_TYPES)}"


def _condition_types(conditions: Sequence[Mapping[str, Any]]) -> Iterator[Any]:
    for condition in conditions:
        yield condition.get("Type")
        yield from _condition_types(condition.get("Conditions") or ())
        if isinstance(condition.get("Condition"), Mapping):
            yield from _condition_types([condition["Condition"]])


def _duplicates(noun: str, names: Sequence[str]) -> Iterator[str]:
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            yield f"{noun} name {name!r} is used {names.count(name)} times"


def _cycles(steps: Mapping[str, Step]) -> Iterator[str]:
    """Report steps that wait for each other and could never start."""
    waiting = {name: set(step.waits_for) & steps.keys() for name, step in steps.items()}
    while ready := {name for name, waits in waiting.items() if not waits}:
        waiting = {name: waits - ready for name, waits in waiting.items() if name not in ready}
    if waiting:
        yield f"steps wait for one another: {', '.join(sorted(waiting))}"
