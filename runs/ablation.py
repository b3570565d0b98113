"""The ablation: the same training without dynamic features, as an execution of its own that is never registered.

A template asks for it with ``evaluation.ablation``. The report compares both executions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from contracts.ids import ablation_id
from contracts.snapshot import Snapshot
from runs.pipeline_start import Start, Started, start_once
from runs.stack import Stack
from runs.store import execution_store


def wants_ablation(template: Mapping[str, Any]) -> bool:
    """True if a stored template asks for an ablation."""
    evaluation = template.get("evaluation")
    return isinstance(evaluation, Mapping) and evaluation.get("ablation") is True


def start_with_ablation(stack: Stack, started: Started, snapshot: Mapping[str, Any], template_id: str, origin: str) -> Started:
    """Start the ablation of an execution that was started, if its template asks for one. Repeated calls start one.

    Raises:
        ProblemsError: SageMaker cannot start it now; the same command starts it later.
    """
    if not wants_ablation(snapshot["Template"]):
        return started
    without = {**snapshot, "Template": _without_features(snapshot["Template"]), "AblationOf": started.execution_id}
    start = Start(ablation_id(started.execution_id), template_id, cast(Snapshot, without), origin)
    ablation = start_once(stack, execution_store(stack), start, same_snapshot=False)
    return replace(started, notes=(*started.notes, f"the ablation is the execution {ablation.execution_id}"))


def _without_features(template: Mapping[str, Any]) -> dict[str, Any]:
    """The template with the same features, of which the model sees none. Importance is of what it sees, so it goes as well."""
    kept = {name: value for name, value in template.items() if name != "importance"}
    return {**kept, "dynamicFeatures": [], "evaluation": {**template["evaluation"], "ablation": False}}
