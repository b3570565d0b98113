"""``--set name=value``: the pipeline parameters that a start changes, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from contracts import parameters as names
from contracts.hyperparameters import HYPERPARAMETERS, hyperparameter_problems
from contracts.job_rules import WITHOUT_LOCAL_STORAGE, has_local_storage
from contracts.problems import Problem, ProblemsError, nearest


def parse_overrides(texts: list[str]) -> dict[str, str]:
    """Return ``{"epochs": "3"}`` for ``["epochs=3"]``.

    Raises:
        ProblemsError: a text is not name=value, or sets a name a second time.
    """
    values, problems = read_overrides(texts)
    if problems:
        raise ProblemsError("start", problems)
    return values


def read_overrides(texts: list[str]) -> tuple[dict[str, str], list[Problem]]:
    """Return what the texts set, and their problems: no "=", or a name that is set twice."""
    values: dict[str, str] = {}
    problems: list[Problem] = []
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            problems.append(Problem("--set", text, "allowed: name=value"))
        elif name in values:
            problems.append(Problem(f"--set {name}", value, f"it is set to {values[name]!r} already"))
        else:
            values[name] = value
    return values, problems


def settable_parameters() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names that ``--set`` takes: hyperparameters, and the pipeline's other parameters."""
    hyperparameters = tuple(sorted(name for name, item in HYPERPARAMETERS.items() if not item.from_template))
    return hyperparameters, names.SETTABLE


def override_problems(overrides: Mapping[str, str], definition: Mapping[str, Any]) -> list[Problem]:
    """Report names that the definition does not have, names that the template sets, and bad values."""
    declared = {parameter["Name"]: parameter for parameter in definition.get("Parameters", [])}
    fixed = {name for name, item in HYPERPARAMETERS.items() if item.from_template} | {names.EXECUTION_ID}
    problems = []
    for name, value in overrides.items():
        where = f"--set {name}"
        if name in fixed:
            owner = "--id" if name == names.EXECUTION_ID else "the training template"
            problems.append(Problem(where, value, f"it is set by {owner} and cannot be overridden at start"))
        elif name not in declared:
            known = declared.keys() - fixed
            hint = f"{nearest(name, known)} known: {', '.join(sorted(known))}".strip()
            problems.append(Problem(where, value, f"unknown parameter; {hint}"))
        elif name in HYPERPARAMETERS:
            problems += hyperparameter_problems({name: value}, "--set")
        else:
            problems += _parameter_problems(where, value, declared[name])
            problems += _volume_key_problems(where, name, value, definition)
    return problems


def _parameter_problems(where: str, value: str, declared: Mapping[str, Any]) -> list[Problem]:
    allowed = declared.get("EnumValues")
    if allowed and value not in [str(item) for item in allowed]:
        return [Problem(where, value, f"allowed: one of {', '.join(map(str, allowed))}")]
    instead = names.allowed_instead(str(declared["Name"]), value)
    if instead is None and declared["Type"] == "Integer" and not re.fullmatch("-?[0-9]{1,18}", value):
        instead = "a whole number"
    return [Problem(where, value, f"allowed: {instead}")] if instead else []


def _volume_key_problems(where: str, name: str, value: str, definition: Mapping[str, Any]) -> list[Problem]:
    """With ``encryptionKey``, job volumes use that key; instance types with local storage do not support it."""
    if not has_local_storage(value):
        return []
    for step in definition["Steps"]:
        arguments = step.get("Arguments", {})
        resources = arguments.get("ResourceConfig") or arguments.get("TransformResources")
        cluster = resources or arguments.get("ProcessingResources", {}).get("ClusterConfig", {})
        if cluster.get("InstanceType") == {"Get": f"Parameters.{name}"} and "VolumeKmsKeyId" in cluster:
            return [Problem(where, value, f"allowed with the stack's encryptionKey: {WITHOUT_LOCAL_STORAGE}")]
    return []
