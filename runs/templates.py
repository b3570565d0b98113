"""Store training templates. They are validated when stored, so that a start needs no validation library."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from contracts.ids import template_id_problem
from contracts.problems import ProblemsError, one_problem
from contracts.snapshot import canonical_json, digest
from contracts.tables import TemplateAttribute
from contracts.template import TrainingTemplate, pipeline_parameters
from contracts.times import to_iso
from runs.pages import all_items
from runs.stack import Stack
from runs.upsert import Upsert, insert, upsert


def put(stack: Stack, template: TrainingTemplate, *, replace: bool = False) -> Upsert:
    """Store a template under its id. Executions keep the snapshot that they were started with.

    Raises:
        ProblemsError: the template has no id, or another template has it and ``replace`` is False.
    """
    if problem := template_id_problem(template.id, "id"):
        raise ProblemsError("template", [problem])
    body = template.model_dump(mode="json", by_alias=True)
    item = {
        TemplateAttribute.ID: template.id,
        TemplateAttribute.TEMPLATE: canonical_json(body),
        TemplateAttribute.DIGEST: digest(body),
        TemplateAttribute.PARAMETERS: pipeline_parameters(template),
        TemplateAttribute.ASSETS: list(template.base_assets),
        TemplateAttribute.FEATURE_ROWS: {name: max(group.warm_ups) for name, group in template.features.chosen().items()},
        TemplateAttribute.POSITIVE_PRICES: template.needs_positive_prices,
        TemplateAttribute.STORED_AT: to_iso(datetime.now(UTC)),
    }
    table = stack.dynamodb.Table(stack.outputs.template_table)
    if replace:
        return upsert(table, item, TemplateAttribute.DIGEST, TemplateAttribute.STORED_AT)
    done = insert(table, item, TemplateAttribute.ID, TemplateAttribute.DIGEST, TemplateAttribute.STORED_AT)
    if done is None:
        allowed = "another template has this id; choose another id, or pass --replace to replace it"
        raise one_problem("template", "id", template.id, f"{allowed} (`runs template show {template.id}` prints it)")
    return done


def stored(stack: Stack) -> list[dict[str, Any]]:
    """Return every stored template's item, by id."""
    table = stack.dynamodb.Table(stack.outputs.template_table)
    return sorted(all_items(table, "scan"), key=lambda item: str(item[TemplateAttribute.ID]))
