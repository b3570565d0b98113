"""A definition as facts to compare: parameters and steps by name, each step's arguments as named leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline_def.checks.definition import Definition, Parameter, Step
from pipeline_def.checks.graph import dependencies
from pipeline_def.compare.spell import leaves, spell_condition, spell_retries


@dataclass(frozen=True)
class StepFacts:
    """``place`` is the branch it stands in (empty at the top), ``after`` the steps it waits for, ``leaves`` path -> value."""

    name: str
    type: str
    place: str
    after: frozenset[str]
    leaves: Mapping[str, str]


@dataclass(frozen=True)
class Facts:
    parameters: Mapping[str, Mapping[str, Any]]
    steps: Mapping[str, StepFacts]
    whole: Mapping[str, str]


def facts(raw: Mapping[str, Any]) -> Facts:
    """The facts of a parsed definition."""
    definition = Definition.read("", raw, None)
    return Facts(
        {parameter.name: _parameter(parameter) for parameter in definition.parameters},
        {step.name: _step(definition, step) for step in definition.steps},
        {path: text for path, text in leaves({key: raw[key] for key in raw if key not in ("Parameters", "Steps", "Metadata")})},
    )


def named_leaves(raw: Mapping[str, Any]) -> set[tuple[str, str]]:
    """What there is in a definition, whatever its values: (step, path of a leaf), a set's members as one."""
    return {(step.name, path.partition("[")[0]) for step in facts(raw).steps.values() for path in step.leaves}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {key: value for key, value in parameter.raw.items() if key != "Name"}


def _step(definition: Definition, step: Step) -> StepFacts:
    place = " → ".join(f"{branch} of {condition}" for condition, branch in step.branches)
    return StepFacts(step.name, step.type, place, frozenset(dependencies(definition, step)), dict(_leaves(step)))


def _leaves(step: Step) -> dict[str, str]:
    arguments = dict(step.arguments)
    conditions = arguments.pop("Conditions", None)
    found = dict(leaves(arguments))
    if isinstance(conditions, list):
        found["Conditions"] = " and ".join(sorted(spell_condition(condition) for condition in conditions))
    found |= {f"RetryPolicies.{kinds}": text for kinds, text in spell_retries(step.raw.get("RetryPolicies")).items()}
    rest = {key: step.raw[key] for key in ("CacheConfig", "PropertyFiles", "DisplayName", "Description") if key in step.raw}
    return found | dict(leaves(rest))
