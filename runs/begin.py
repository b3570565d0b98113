"""Start an execution: freeze what it reads, create its item, start the pipeline. Once per id, however often it is tried.

Used by ``runs start`` and by the handler of the retraining schedule.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contracts.ids import execution_id_problem, new_execution_id, template_id_problem
from contracts.problems import Problem, ProblemsError, listed, one_problem
from contracts.snapshot import Snapshot, digest, from_attribute
from contracts.status import PROCESSING_STEP
from contracts.tables import ExecutionAttribute, TemplateAttribute
from runs.frozen_assets import freeze_assets
from runs.overrides import override_problems
from runs.pipeline_start import start_pipeline
from runs.stack import Stack
from runs.store import ExecutionStore, Item, execution_store


@dataclass(frozen=True)
class Started:
    """Result of a start. ``new`` is False if the same start was made before; ``notes`` are oddities that do not prevent it."""

    execution_id: str
    pipeline_execution_arn: str
    new: bool
    notes: tuple[str, ...] = ()


def start(
    stack: Stack,
    template_id: str,
    execution_id: str | None = None,
    overrides: Mapping[str, str] | None = None,
    origin: str = "runs",
    problems: Sequence[Problem] = (),
) -> Started:
    """Start an execution of a stored template. ``problems`` are those that the caller found; they are reported with the others.

    The same id with the same snapshot starts an execution that never started, and otherwise changes nothing. The same id with
    another snapshot is a conflict. All problems are reported before anything is written.

    Raises:
        ProblemsError: unknown template, bad id, unknown or bad override, missing asset, prices that do not fit the template,
            a conflict, or a pipeline that SageMaker cannot start now.
    """
    chosen = dict(overrides or {})
    template = stored_template(stack, template_id)
    if execution_id is not None and (problem := execution_id_problem(execution_id, "--id")):
        problems = [*problems, problem]
    snapshot, notes = _snapshot(stack, template, chosen, problems)
    name = execution_id or new_execution_id(template_id)
    store = execution_store(stack)
    existing = store.create(name, snapshot, template_id, origin)
    if existing is not None:
        _check_same_snapshot(existing, snapshot)
        return _resume(stack, store, existing, notes)
    return _start_item(stack, store, name, snapshot, notes, template_id, new=True)


def start_slot(stack: Stack, template_id: str, scheduled: datetime) -> Started:
    """Start the execution of a schedule's slot. A slot that fires again is answered with its existing execution.

    An existing item decides even if template, prices or image have changed since. If it was never started, it is started from
    its own snapshot.

    Raises:
        ProblemsError: see :func:`start`.
    """
    execution_id = new_execution_id(template_id, scheduled, suffix="s")
    store = execution_store(stack)
    existing = store.get(execution_id)
    if existing is not None:
        return _resume(stack, store, existing)
    snapshot, notes = _snapshot(stack, stored_template(stack, template_id), {}, ())
    existing = store.create(execution_id, snapshot, template_id, origin="schedule")
    if existing is not None:
        return _resume(stack, store, existing)
    return _start_item(stack, store, execution_id, snapshot, notes, template_id, new=True)


def stored_template(stack: Stack, template_id: str) -> Item:
    """Return a stored template's item.

    Raises:
        ProblemsError: the id is not allowed, or no template has it.
    """
    if problem := template_id_problem(template_id):
        raise ProblemsError("template", [problem])
    table = stack.dynamodb.Table(stack.outputs.template_table)
    item = table.get_item(Key={TemplateAttribute.ID: template_id}, ConsistentRead=True).get("Item")
    if item is None:
        raise one_problem("template", "template id", template_id, "not found; see `runs template list`")
    return dict(item)


def _snapshot(
    stack: Stack, template: Item, overrides: Mapping[str, str], problems: Sequence[Problem]
) -> tuple[Snapshot, tuple[str, ...]]:
    """Freeze what an execution reads. Reports all problems, the given ones first."""
    content = json.loads(template[TemplateAttribute.TEMPLATE])
    definition = _definition(stack)
    found = [*problems, *override_problems(overrides, definition)]
    frozen = freeze_assets(stack, template, definition, overrides)
    found += frozen.problems
    if found:
        raise ProblemsError("start", found)
    snapshot: Snapshot = {
        "Template": content,
        "Parameters": {**{name: str(value) for name, value in template[TemplateAttribute.PARAMETERS].items()}, **overrides},
        "ImageUri": _image_uri(definition),
        "DefinitionDigest": digest(definition),
        "Assets": frozen.versions,
    }
    return snapshot, tuple(frozen.notes)


def _resume(stack: Stack, store: ExecutionStore, existing: Item, notes: tuple[str, ...] = ()) -> Started:
    """Return an existing execution; start it from its own snapshot if that never happened."""
    execution_id = str(existing[ExecutionAttribute.ID])
    if arn := existing.get(ExecutionAttribute.PIPELINE_EXECUTION_ARN):
        return Started(execution_id, str(arn), new=False, notes=notes)
    snapshot = from_attribute(existing[ExecutionAttribute.SNAPSHOT])
    template_id = str(existing.get(ExecutionAttribute.TEMPLATE_ID, ""))
    return _start_item(stack, store, execution_id, snapshot, notes, template_id, new=False)


def _start_item(
    stack: Stack,
    store: ExecutionStore,
    execution_id: str,
    snapshot: Mapping[str, Any],
    notes: tuple[str, ...],
    template_id: str,
    *,
    new: bool,
) -> Started:
    arn = start_pipeline(stack, store, execution_id, template_id, snapshot["Parameters"])
    store.attach(execution_id, arn)
    return Started(execution_id, arn, new, notes)


#: The parts of a snapshot in a user's words.
_PARTS = {
    "Template": "the template",
    "Parameters": "the parameters of --set or of the template",
    "ImageUri": "the image of the feature step",
    "DefinitionDigest": "the deployed pipeline definition",
    "Assets": "the price files",
}


def _check_same_snapshot(existing: Item, snapshot: Snapshot) -> None:
    if existing.get(ExecutionAttribute.SNAPSHOT_DIGEST) == digest(snapshot):
        return
    execution_id = existing[ExecutionAttribute.ID]
    if ExecutionAttribute.SNAPSHOT not in existing:
        allowed = "it belongs to an execution that was started elsewhere; choose another id"
        raise one_problem("start", "execution id", execution_id, allowed)
    before = from_attribute(existing[ExecutionAttribute.SNAPSHOT])
    changed = listed([_PARTS[key] for key, value in snapshot.items() if before.get(key) != value])
    allowed = f"an execution with this id exists, and since its start {changed} changed; choose another id"
    raise one_problem("start", "execution id", execution_id, allowed)


def _definition(stack: Stack) -> dict[str, Any]:
    answer = stack.sagemaker.describe_pipeline(PipelineName=stack.outputs.pipeline_name)
    definition: dict[str, Any] = json.loads(answer["PipelineDefinition"])
    return definition


def _image_uri(definition: Mapping[str, Any]) -> str:
    for step in definition["Steps"]:
        if step["Name"] == PROCESSING_STEP:
            return str(step["Arguments"]["AppSpecification"]["ImageUri"])
    raise one_problem("start", "pipeline definition", None, f"it must have a step {PROCESSING_STEP}; deploy the stack again")
