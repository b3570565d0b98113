"""Rules ``depends-on``, ``cycle`` and ``branch``: the steps can be put in an order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from contracts.problems import nearest
from pipeline_def.check.definition import Definition, Step, gets
from pipeline_def.check.finding import Finding, shown

_TRIGGERS = ("Completed", "Failed", "Stopped", "Any")


def dependencies(definition: Definition, step: Step) -> list[str]:
    """Names of the steps that must come before: by DependsOn, by reference, and the condition whose branch it stands in."""
    names = [name for name in map(_named, _depends_on(step)) if name]
    names += referenced_steps(step)
    names += [step.branches[-1][0]] if step.branches else []
    known = {item.name for item in definition.steps}
    return [name for name in dict.fromkeys(names) if name in known]


def referenced_steps(step: Step) -> list[str]:
    """Names of the steps whose properties the step's own arguments get."""
    return [target.split(".")[1] for _, target in gets(step.arguments, "") if target.startswith("Steps.")]


def _depends_on(step: Step) -> list[Any]:
    entries = step.raw.get("DependsOn")
    return entries if isinstance(entries, list) else []


def _named(entry: Any) -> str | None:
    if isinstance(entry, Mapping):
        entry = entry.get("Step")
    return entry if isinstance(entry, str) else None


def check_depends_on(definition: Definition) -> Iterator[Finding]:
    """Every entry names a step of this pipeline."""
    names = [step.name for step in definition.steps]
    for step in definition.steps:
        path = f"{step.path}.DependsOn"
        if "DependsOn" in step.raw and not isinstance(step.raw["DependsOn"], list):
            yield Finding("depends-on", step.name, path, shown(step.raw["DependsOn"]), "allowed: a list of step names")
        for index, entry in enumerate(_depends_on(step)):
            name = _named(entry)
            if name not in names:
                hint = nearest(str(name), names) or f"allowed: {', '.join(names)}"
                yield Finding("depends-on", step.name, f"{path}[{index}]", shown(entry), f"no such step; {hint}")
            if isinstance(entry, Mapping) and entry.get("Trigger", "Completed") not in _TRIGGERS:
                found = shown(entry.get("Trigger"))
                yield Finding("depends-on", step.name, f"{path}[{index}].Trigger", found, f"allowed: {', '.join(_TRIGGERS)}")


def check_cycles(definition: Definition) -> Iterator[Finding]:
    """Each cycle once, printed from its first step around to it again."""
    edges = {step.name: dependencies(definition, step) for step in definition.steps}
    reported: set[frozenset[str]] = set()
    for start in edges:
        cycle = _cycle_from(start, edges)
        if cycle and frozenset(cycle) not in reported:
            reported.add(frozenset(cycle))
            step = definition.step(start)
            path = step.path if step else "$.Steps"
            yield Finding("cycle", start, path, " → ".join([*cycle, start]), "allowed: steps that can be put in an order")


def _cycle_from(start: str, edges: Mapping[str, list[str]]) -> list[str] | None:
    """A way from a step back to it, without passing a step twice."""
    pending = [[start]]
    seen: set[str] = set()
    while pending:
        way = pending.pop()
        for name in edges.get(way[-1], []):
            if name == start:
                return way
            if name not in seen:
                seen.add(name)
                pending.append([*way, name])
    return None


def check_branches(definition: Definition) -> Iterator[Finding]:
    """A step never waits for one in the other branch of the same condition: only one of them ever runs."""
    for step in definition.steps:
        for name in dependencies(definition, step):
            other = definition.step(name)
            if other is None:
                continue
            mine, theirs = dict(step.branches), dict(other.branches)
            for condition in mine.keys() & theirs.keys():
                if mine[condition] != theirs[condition]:
                    allowed = f"allowed: a step that runs when {condition} takes {mine[condition]}"
                    yield Finding("branch", step.name, step.path, f"after {name} in {theirs[condition]}", allowed)
