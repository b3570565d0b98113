"""Training templates: validated when stored, so that whoever starts an execution needs no validation library."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from contracts.ids import template_id_problem
from contracts.problems import ProblemsError
from contracts.snapshot import canonical_json, digest
from contracts.tables import TemplateAttribute
from contracts.template import TrainingTemplate, pipeline_parameters
from runs.history import iso
from runs.pages import all_items
from runs.put import Put, put_item
from runs.stack import Stack


def put(stack: Stack, template: TrainingTemplate) -> Put:
    """Store a template under its id, over an earlier one; executions keep the snapshot they were started with.

    Raises :class:`~contracts.problems.ProblemsError` for a template without an id.
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
        TemplateAttribute.STORED_AT: iso(datetime.now(UTC)),
    }
    table = stack.dynamodb.Table(stack.outputs.template_table)
    return put_item(table, item, TemplateAttribute.DIGEST, TemplateAttribute.STORED_AT)


def stored(stack: Stack) -> list[dict[str, Any]]:
    """Every stored template's item, by id."""
    table = stack.dynamodb.Table(stack.outputs.template_table)
    return sorted(all_items(table.scan), key=lambda item: str(item[TemplateAttribute.ID]))
