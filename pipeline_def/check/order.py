"""Phase 3, rules ``name``, ``order`` and ``condition``: names are unique, steps can be ordered, operands can be compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from contracts.problems import nearest
from pipeline_def.check.definition import Definition, Step, gets
from pipeline_def.check.finding import Finding, shown
from pipeline_def.check.resolve import is_known, resolve
from pipeline_def.check.shape import ORDERING

_RULE = "order"
#: Lists of a step whose items are named: what an item is called, the list's path and the member that names an item.
_NAMED_LISTS = (
    ("an input", "ProcessingInputs", "InputName"),
    ("an output", "ProcessingOutputConfig.Outputs", "OutputName"),
    ("a channel", "InputDataConfig", "ChannelName"),
    ("a tag", "Tags", "Key"),
)


def dependencies(definition: Definition, step: Step) -> list[str]:
    """Names of the steps that run before a step: by DependsOn, by reference, and the condition whose branch contains it."""
    names = [*step.raw.get("DependsOn", ()), *referenced_steps(step)]
    names += [step.branches[-1][0]] if step.branches else []
    return [name for name in dict.fromkeys(names) if definition.step(name)]


def referenced_steps(step: Step) -> list[str]:
    """Names of the steps whose properties the step's own arguments get."""
    return [target.split(".")[1] for _, target in gets(step.arguments, "") if target.startswith("Steps.")]


def check_names(definition: Definition) -> Iterator[Finding]:
    """Names of steps, parameters, and of a step's inputs, outputs, channels, tags and property files occur once."""
    yield from _repeated("a step", ((step.name, f"{step.path}.Name", step.name) for step in definition.steps))
    yield from _repeated("a parameter", ((item.name, f"{item.path}.Name", None) for item in definition.parameters))
    for step in definition.steps:
        for noun, path, member in _NAMED_LISTS:
            items = enumerate(step.get(path, []))
            yield from _repeated(
                noun, ((item[member], f"{step.path_of(path)}[{at}].{member}", step.name) for at, item in items)
            )
        files = enumerate(step.raw.get("PropertyFiles", ()))
        path, member = f"{step.path}.PropertyFiles", "PropertyFileName"
        yield from _repeated("a property file", ((file[member], f"{path}[{at}].{member}", step.name) for at, file in files))


def _repeated(noun: str, found: Iterable[tuple[str, str, str | None]]) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for name, path, step in found:
        if name in first:
            yield Finding("name", step, path, shown(name), f"allowed: another name; {noun} at {first[name]} already has it")
        first.setdefault(name, path)


def check_order(definition: Definition) -> Iterator[Finding]:
    """DependsOn names existing steps, no step waits for itself, and none waits for a step of the other branch."""
    names = [step.name for step in definition.steps]
    for step in definition.steps:
        for index, name in enumerate(step.raw.get("DependsOn", ())):
            if name not in names:
                hint = nearest(name, names) or f"allowed: {', '.join(names)}"
                yield Finding(_RULE, step.name, f"{step.path}.DependsOn[{index}]", shown(name), f"no such step; {hint}")
        yield from _other_branch(definition, step)
    yield from _cycles(definition)


def _other_branch(definition: Definition, step: Step) -> Iterator[Finding]:
    """Only one branch of a condition ever runs."""
    for name in dependencies(definition, step):
        other = definition.step(name)
        mine, theirs = dict(step.branches), dict(other.branches if other else ())
        for condition in mine.keys() & theirs.keys():
            if mine[condition] != theirs[condition]:
                allowed = f"allowed: a step that runs when {condition} takes {mine[condition]}"
                yield Finding(_RULE, step.name, step.path, f"after {name} in {theirs[condition]}", allowed)


def _cycles(definition: Definition) -> Iterator[Finding]:
    """Each cycle once, printed from its first step around to that step again."""
    edges = {step.name: dependencies(definition, step) for step in definition.steps}
    reported: set[frozenset[str]] = set()
    for step in definition.steps:
        cycle = _cycle_from(step.name, edges)
        if cycle and frozenset(cycle) not in reported:
            reported.add(frozenset(cycle))
            allowed = "allowed: steps that do not wait for one another in a circle"
            yield Finding(_RULE, step.name, step.path, " → ".join([*cycle, step.name]), allowed)


def _cycle_from(start: str, edges: Mapping[str, list[str]]) -> list[str] | None:
    """A path from a step back to it that passes no step twice."""
    pending = [[start]]
    seen: set[str] = set()
    while pending:
        path = pending.pop()
        for name in edges[path[-1]]:
            if name == start:
                return path
            if name not in seen:
                seen.add(name)
                pending.append([*path, name])
    return None


def check_conditions(definition: Definition) -> Iterator[Finding]:
    """The operands of an ordering condition are of one kind."""
    for step in definition.steps:
        for index, condition in enumerate(step.get("Conditions", [])):
            operands = [resolve(definition, condition[name]) for name in ("LeftValue", "RightValue")]
            kinds = {_kind(operand) for operand in operands if is_known(operand)}
            if condition["Type"] in ORDERING and len(kinds) > 1:
                path = f"{step.arguments_path}.Conditions[{index}]"
                allowed = f"allowed: operands of one kind, so that {condition['Type']} can compare them"
                yield Finding("condition", step.name, path, " and ".join(sorted(kinds)), allowed)


def _kind(operand: Any) -> str:
    if isinstance(operand, bool):
        return "true or false"
    return "a number" if isinstance(operand, (int, float)) else "text"
