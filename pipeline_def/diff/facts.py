"""A definition as facts to compare: parameters and steps by name, each step's members as named leaves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline_def.check.definition import Definition, Parameter, Step
from pipeline_def.check.graph import dependencies
from pipeline_def.diff.exact import exact, numbered
from pipeline_def.diff.leaves import Leaf, leaf, leaves, retry_leaves
from pipeline_def.diff.spell import spell, spell_condition

_BRANCHES = ("IfSteps", "ElseSteps")
#: Members of a step that are told in a way of their own.
_TOLD_APART = ("Name", "Type", "Arguments", "DependsOn", "RetryPolicies")


@dataclass(frozen=True)
class StepFacts:
    """``place`` is the branch it stands in (empty at the top), ``after`` the steps it waits for, each in words.

    ``depends_on`` is what is written of these, ``leaves`` path -> value, ``exact`` the whole without the steps in its branches.
    """

    name: str
    type: str
    place: str
    after: Mapping[str, str]
    depends_on: Leaf | None
    leaves: Mapping[str, Leaf]
    exact: str


@dataclass(frozen=True)
class Facts:
    """``parameters`` are members by name, ``whole`` the leaves of neither parameter nor step, ``exact`` all there is."""

    parameters: Mapping[str, Mapping[str, Any]]
    steps: Mapping[str, StepFacts]
    whole: Mapping[str, Leaf]
    exact: str


def facts(raw: Mapping[str, Any]) -> Facts:
    """The facts of a parsed definition; of two steps or parameters with one name the second has a number."""
    definition = Definition.read("", raw, None)
    parameters = numbered(((one.name, one) for one in definition.parameters), lambda one: exact(one.raw))
    steps = numbered(((one.name, one) for one in definition.steps), lambda one: exact(one.raw))
    return Facts(
        {name: _members(parameter) for name, parameter in parameters.items()},
        {name: _step(definition, name, step) for name, step in steps.items()},
        _by_path(_whole(definition)),
        exact(raw),
    )


def named_leaves(raw: Mapping[str, Any]) -> set[tuple[str, str]]:
    """What there is in a definition, whatever its values: (step, path of a leaf), a set's members as one."""
    return {(step.name, path.partition("[")[0]) for step in facts(raw).steps.values() for path in step.leaves}


def _by_path(pairs: Iterator[tuple[str, Leaf]]) -> dict[str, Leaf]:
    return numbered(pairs, lambda one: one.exact)


def _whole(definition: Definition) -> Iterator[tuple[str, Leaf]]:
    """Leaves of all but parameters and steps, and what stands among these without being one."""
    read = _read(definition)
    for key, value in definition.raw.items():
        if key not in ("Parameters", "Steps"):
            yield from leaves(value, key)
        elif rest := _unread(value, read):
            yield from leaves(rest, key)


def _read(definition: Definition) -> set[int]:
    return {id(step.raw) for step in definition.steps} | {id(parameter.raw) for parameter in definition.parameters}


def _unread(value: Any, read: set[int]) -> Any:
    return [item for item in value if id(item) not in read] if isinstance(value, list) else value


def _members(parameter: Parameter) -> dict[str, Any]:
    return {key: value for key, value in parameter.raw.items() if key != "Name"}


def _step(definition: Definition, name: str, step: Step) -> StepFacts:
    place = " → ".join(f"{branch} of {condition}" for condition, branch in step.branches)
    own = _own(definition, step)
    written = own.get("DependsOn")
    entries = written if isinstance(written, list) else [written]
    depends_on = leaf("DependsOn", written, ", ".join(sorted(map(spell, entries)))) if "DependsOn" in own else None
    found = _by_path(_leaves(own))
    return StepFacts(name, step.type, place, _after(definition, step), depends_on, found, exact(own))


def _own(definition: Definition, step: Step) -> dict[str, Any]:
    """A step's members, its branches without the steps in them: these are facts of their own."""
    own, arguments = dict(step.raw), step.raw.get("Arguments")
    if step.type == "Condition" and isinstance(arguments, Mapping):
        read = _read(definition)
        branches = {key: _unread(arguments[key], read) for key in _BRANCHES if key in arguments}
        own["Arguments"] = {**arguments, **branches}
    return own


def _after(definition: Definition, step: Step) -> dict[str, str]:
    """The steps that come before, with the trigger where one is written: after a failure is not after a success."""
    written = step.raw.get("DependsOn")
    entries = [entry for entry in written if isinstance(entry, Mapping)] if isinstance(written, list) else []
    triggers = {str(entry.get("Step")): spell(entry["Trigger"]) for entry in entries if "Trigger" in entry}
    names = dependencies(definition, step)
    return {name: f"{name} ({triggers[name]})" if name in triggers else name for name in names}


def _leaves(own: Mapping[str, Any]) -> Iterator[tuple[str, Leaf]]:
    arguments = own.get("Arguments")
    if isinstance(arguments, Mapping):
        for key, value in arguments.items():
            yield from _argument(key, value)
    elif "Arguments" in own:
        yield from leaves(arguments, "Arguments")
    if "RetryPolicies" in own:
        yield from retry_leaves(own["RetryPolicies"])
    for key, value in own.items():
        if key not in _TOLD_APART:
            yield from leaves(value, key)


def _argument(key: str, value: Any) -> Iterator[tuple[str, Leaf]]:
    if key == "Conditions" and isinstance(value, list):
        yield key, leaf(key, value, " and ".join(sorted(spell_condition(condition) for condition in value)))
    elif key in _BRANCHES and value == []:
        yield key, leaf(key, value, "a list of steps")
    else:
        yield from leaves(value, key)
