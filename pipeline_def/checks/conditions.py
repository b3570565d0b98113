"""Rule ``condition``: conditions have known types and all their operands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from contracts.problems import nearest
from pipeline_def.checks.definition import Definition, Step
from pipeline_def.checks.finding import Finding, shown

#: Type -> its operands besides the type itself.
OPERANDS = {
    "Equals": ("LeftValue", "RightValue"),
    "GreaterThan": ("LeftValue", "RightValue"),
    "GreaterThanOrEqualTo": ("LeftValue", "RightValue"),
    "LessThan": ("LeftValue", "RightValue"),
    "LessThanOrEqualTo": ("LeftValue", "RightValue"),
    "In": ("QueryValue", "Values"),
    "Not": ("Condition",),
    "Or": ("Conditions",),
}


def check_conditions(definition: Definition) -> Iterator[Finding]:
    for step in definition.steps:
        if step.type != "Condition":
            continue
        path = f"{step.arguments_path}.Conditions"
        yield from _list_problems(step, path, step.arguments.get("Conditions"))
        arguments = step.raw.get("Arguments")
        branches = [arguments.get(name) for name in ("IfSteps", "ElseSteps")] if isinstance(arguments, Mapping) else []
        if not any(branches):
            yield Finding("condition", step.name, step.arguments_path, "both branches empty", "allowed: steps in one at least")


def _list_problems(step: Step, path: str, conditions: Any) -> Iterator[Finding]:
    if not isinstance(conditions, list) or not conditions:
        yield Finding("condition", step.name, path, shown(conditions), "allowed: a list of at least one condition")
        return
    for index, condition in enumerate(conditions):
        yield from _problems(step, f"{path}[{index}]", condition)


def _problems(step: Step, path: str, condition: Any) -> Iterator[Finding]:
    kind = condition.get("Type") if isinstance(condition, Mapping) else None
    if not isinstance(kind, str) or kind not in OPERANDS:
        hint = nearest(str(kind), OPERANDS) or f"allowed: {', '.join(OPERANDS)}"
        yield Finding("condition", step.name, f"{path}.Type", shown(kind), hint)
        return
    for name in OPERANDS[kind]:
        if condition.get(name) is None:
            yield Finding("condition", step.name, f"{path}.{name}", None, f"a condition of type {kind} needs it")
    if kind == "Not" and "Condition" in condition:
        yield from _problems(step, f"{path}.Condition", condition["Condition"])
    if kind == "Or" and "Conditions" in condition:
        yield from _list_problems(step, f"{path}.Conditions", condition["Conditions"])
