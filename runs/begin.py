"""Start an execution: freeze what it reads, create its item, start the pipeline. Once per id, however often it is tried.

Used by ``runs start``, by the handler of the retraining schedule, and by the drift check.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from contracts.ids import ABLATED_ID_MAX, execution_id_problem, new_execution_id, template_id_problem
from contracts.problems import Problem, ProblemsError, one_problem
from contracts.snapshot import Snapshot, digest
from contracts.status import PROCESSING_STEP
from contracts.tables import TemplateAttribute
from runs.ablation import start_with_ablation, wants_ablation
from runs.frozen_assets import freeze_assets
from runs.models import champion
from runs.overrides import override_problems
from runs.pipeline_start import Start, Started, deployed_definition, image_uri, start_once, start_or_resume
from runs.stack import Stack
from runs.store import Item, execution_store

#: Origins of executions that nobody started by hand.
SCHEDULE, DRIFT = "schedule", "drift"


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
    if execution_id is not None and wants_ablation(json.loads(template[TemplateAttribute.TEMPLATE])):
        problems = [*problems, *_ablated_id_problems(execution_id)]
    snapshot, notes = _snapshot(stack, template, chosen, problems)
    name = execution_id or new_execution_id(template_id)
    champion_arn, more = _champion(stack, template_id)
    begun = Start(name, template_id, snapshot, origin, (*notes, *more), champion_arn)
    started = start_once(stack, execution_store(stack), begun)
    try:
        return start_with_ablation(stack, started, snapshot, template_id, origin)
    except ProblemsError as error:
        note = f"execution {name} is running, but its ablation could not start; the same command starts it later. {error}"
        return replace(started, notes=(*started.notes, note))


def start_slot(stack: Stack, template_id: str, moment: datetime, origin: str = SCHEDULE) -> Started:
    """Start the training of a slot of the retraining schedule, or of an episode of drift; a repeated call starts no second one.

    ``moment`` is when the slot was due, or when the episode began.

    Raises:
        ProblemsError: see :func:`start`.
    """
    execution_id = new_execution_id(template_id, moment, suffix_of(origin))

    def prepared() -> Start:
        snapshot, notes = _snapshot(stack, stored_template(stack, template_id), {}, ())
        champion_arn, more = _champion(stack, template_id)
        return Start(execution_id, template_id, snapshot, origin, (*notes, *more), champion_arn)

    started, snapshot = start_or_resume(stack, execution_id, prepared)
    return start_with_ablation(stack, started, snapshot, template_id, origin)


def suffix_of(origin: str) -> str:
    """Return the end of the ids of executions that were started for a reason, so that two reasons never share an id."""
    return {SCHEDULE: "s", DRIFT: "d"}[origin]


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


def _ablated_id_problems(execution_id: str) -> list[Problem]:
    if len(execution_id) <= ABLATED_ID_MAX:
        return []
    allowed = f"allowed: at most {ABLATED_ID_MAX} characters, because the template asks for an ablation, whose id is longer"
    return [Problem("--id", execution_id, allowed)]


def _champion(stack: Stack, template_id: str) -> tuple[str | None, tuple[str, ...]]:
    """Return the model that the new one is compared with. A model that cannot be read does not prevent a training."""
    try:
        model = champion(stack, template_id)
    except ProblemsError as error:
        return None, (f"the evaluation will compare with no approved model: {error}",)
    return (model.arn if model else None), ()


def _snapshot(
    stack: Stack, template: Item, overrides: Mapping[str, str], problems: Sequence[Problem]
) -> tuple[Snapshot, tuple[str, ...]]:
    """Freeze what an execution reads. Reports all problems, the given ones first."""
    definition = deployed_definition(stack, stack.outputs.pipeline_name)
    found = [*problems, *override_problems(overrides, definition)]
    frozen, content = freeze_assets(stack, template, definition, overrides)
    found += frozen.problems
    if found:
        raise ProblemsError("start", found)
    snapshot: Snapshot = {
        "Template": content,
        "Parameters": {**{name: str(value) for name, value in template[TemplateAttribute.PARAMETERS].items()}, **overrides},
        "ImageUri": image_uri(definition, PROCESSING_STEP),
        "DefinitionDigest": digest(definition),
        "Assets": frozen.versions,
    }
    return snapshot, tuple(frozen.notes)
