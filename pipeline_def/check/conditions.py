"""Rule ``condition``: conditions have known types and all their operands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from contracts.problems import nearest
from pipeline_def.check.definition import Definition, Step, is_function
from pipeline_def.check.finding import Finding, instead, shown
from pipeline_def.check.resolve import SampleText, resolve

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
#: Types that put their operands in an order.
_ORDERED = tuple(name for name in OPERANDS if name.startswith(("Greater", "Less")))


def check_conditions(definition: Definition) -> Iterator[Finding]:
    for step in definition.steps:
        if step.type != "Condition":
            continue
        path = f"{step.arguments_path}.Conditions"
        yield from _list_problems(definition, step, path, step.arguments.get("Conditions"))
        arguments = step.raw.get("Arguments")
        branches = [arguments.get(name) for name in ("IfSteps", "ElseSteps")] if isinstance(arguments, Mapping) else []
        if not any(branches):
            yield Finding("condition", step.name, step.arguments_path, "both branches empty", "allowed: steps in one at least")


def _list_problems(definition: Definition, step: Step, path: str, conditions: Any) -> Iterator[Finding]:
    if not isinstance(conditions, list) or not conditions:
        yield Finding("condition", step.name, path, shown(conditions), "allowed: a list of at least one condition")
        return
    for index, condition in enumerate(conditions):
        yield from _problems(definition, step, f"{path}[{index}]", condition)


def _problems(definition: Definition, step: Step, path: str, condition: Any) -> Iterator[Finding]:
    kind = condition.get("Type") if isinstance(condition, Mapping) else None
    if not isinstance(kind, str) or kind not in OPERANDS:
        hint = nearest(str(kind), OPERANDS) or f"allowed: {', '.join(OPERANDS)}"
        yield Finding("condition", step.name, f"{path}.Type", shown(kind), hint)
        return
    yield from _unknown_members(step, path, condition, ("Type", *OPERANDS[kind]))
    yield from _mixed_kinds(definition, step, path, kind, condition)
    for name in OPERANDS[kind]:
        if condition.get(name) is None:
            yield Finding("condition", step.name, f"{path}.{name}", None, f"a condition of type {kind} needs it")
        elif name == "Condition":
            yield from _problems(definition, step, f"{path}.{name}", condition[name])
        elif name == "Conditions":
            yield from _list_problems(definition, step, f"{path}.{name}", condition[name])
        else:
            allowed = _operand_problem(name, condition[name])
            if allowed:
                yield Finding("condition", step.name, f"{path}.{name}", shown(condition[name]), allowed)


def _unknown_members(step: Step, path: str, condition: Mapping[str, Any], known: tuple[str, ...]) -> Iterator[Finding]:
    for name in condition:
        if name not in known:
            hint = instead(f"a member of a condition of type {condition['Type']}", str(name), known)
            yield Finding("condition", step.name, f"{path}.{name}", shown(str(name)), hint)


def _mixed_kinds(definition: Definition, step: Step, path: str, kind: str, condition: Mapping[str, Any]) -> Iterator[Finding]:
    kinds = {_kind(definition, condition.get(name)) for name in OPERANDS[kind]} - {None} if kind in _ORDERED else set()
    if len(kinds) > 1:
        found = " and ".join(sorted(map(str, kinds)))
        yield Finding("condition", step.name, path, found, f"allowed: operands of one kind, so that {kind} can order them")


def _operand_problem(name: str, value: Any) -> str | None:
    """What is allowed instead of an operand that can not be compared, or None."""
    if name == "Values":
        good = isinstance(value, list) and value and all(_is_single(item) for item in value)
        return None if good else "allowed: a list of at least one single value"
    return None if _is_single(value) else "allowed: a single value, or a function"


def _is_single(value: Any) -> bool:
    return isinstance(value, (str, int, float)) or is_function(value)


def _kind(definition: Definition, value: Any) -> str | None:
    """The kind of an operand as far as the definition tells it: what a file or a job holds is known at run time alone."""
    known = resolve(definition, value)
    if isinstance(known, SampleText):
        return None
    if isinstance(known, bool):
        return "true or false"
    if isinstance(known, (int, float)):
        return "a number"
    return "text" if isinstance(known, str) else None
