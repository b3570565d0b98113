"""Delete an execution, an asset or a template: first what would go, then, if that is confirmed, all of it.

A deleted execution leaves a mark, so that late events and the reconciler do not bring it back, and its id stays taken. Objects
of the versioned buckets become older versions, which their lifecycle rules remove.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from contracts import status as st
from contracts.layout import ExecutionLayout, asset_key
from contracts.problems import listed, one_problem
from contracts.tables import AssetAttribute, ExecutionAttribute, TemplateAttribute
from runs.begin import stored_template
from runs.models import REJECTED
from runs.operations import stored_execution
from runs.pages import all_entries, all_items
from runs.stack import Stack
from runs.store import execution_store


@dataclass(frozen=True)
class Removal:
    """What a deletion removes and what stays, a line each; ``apply`` makes it."""

    lines: tuple[str, ...]
    apply: Callable[[], None]


def execution_removal(stack: Stack, execution_id: str) -> Removal:
    """Return what deleting an execution means. Applying it again after it broke off completes it.

    Raises:
        ProblemsError: there is no such execution, it runs, or its model can still be used.
    """
    item = stored_execution(stack, execution_id)
    name, status = str(item[ExecutionAttribute.ID]), str(item[ExecutionAttribute.STATUS])
    if ExecutionAttribute.PIPELINE_EXECUTION_ARN in item and not st.is_terminal(status):
        raise one_problem("delete", "execution", name, f"its status is {status}; stop it first: `runs stop {name}`")
    model = _unused_model(stack, item)
    bucket, prefix = stack.outputs.models_bucket, f"{ExecutionLayout(name).prefix}/"
    objects = list(_objects(stack, bucket, prefix))
    size = sum(found["Size"] for found in objects)
    template = item.get(ExecutionAttribute.TEMPLATE_ID, "–")
    lines = [
        f"execution {name} of template {template}, status {status}: its item and its events",
        f"{len(objects)} objects ({size / 1e6:,.1f} MB) under s3://{bucket}/{prefix}",
    ]
    if model:
        lines.append(f"stays: the rejected version {model} in the registry, which has no files then")
    if item.get(ExecutionAttribute.KIND) == st.FORECAST:
        lines.append("stays: its rows in the prediction table, which drift and later comparisons use")

    def apply() -> None:
        for found in objects:
            stack.s3.delete_object(Bucket=bucket, Key=found["Key"])
        execution_store(stack).delete(name)

    return Removal(tuple(lines), apply)


def asset_removal(stack: Stack, asset: str) -> Removal:
    """Return what deleting a price history means.

    Raises:
        ProblemsError: there is none, or stored templates use it.
    """
    table = stack.dynamodb.Table(stack.outputs.asset_table)
    item = table.get_item(Key={AssetAttribute.NAME: asset}, ConsistentRead=True).get("Item")
    if item is None:
        raise one_problem("delete", "asset", asset, "not found; see `runs assets list`")
    templates = all_items(stack.dynamodb.Table(stack.outputs.template_table), "scan")
    users = sorted(str(found[TemplateAttribute.ID]) for found in templates if asset in _assets(found))
    if users:
        allowed = f"templates use it: {listed(users)}; delete or change them first"
        raise one_problem("delete", "asset", asset, allowed)
    bucket, key = stack.outputs.assets_bucket, asset_key(asset)
    lines = (
        f"asset {asset}: its description, and s3://{bucket}/{key} with {item.get(AssetAttribute.ROWS, '–')} rows",
        "stays: the versions that executions have read, until the bucket's lifecycle rule removes them",
    )

    def apply() -> None:
        stack.s3.delete_object(Bucket=bucket, Key=key)
        table.delete_item(Key={AssetAttribute.NAME: asset})

    return Removal(lines, apply)


def template_removal(stack: Stack, template_id: str) -> Removal:
    """Return what deleting a template means.

    Raises:
        ProblemsError: there is none.
    """
    stored_template(stack, template_id)
    table = stack.dynamodb.Table(stack.outputs.template_table)
    lines = (
        f"template {template_id}: a schedule or drift rule with it starts nothing any more",
        "stays: its executions, models and forecasts; each execution has a copy of the template",
    )
    return Removal(lines, lambda: table.delete_item(Key={TemplateAttribute.ID: template_id}))


def _unused_model(stack: Stack, item: dict[str, Any]) -> str:
    """The ARN of the execution's rejected model; empty if it has none."""
    arn = str(item.get(ExecutionAttribute.MODEL_PACKAGE_ARN, ""))
    if not arn:
        return ""
    approval = stack.sagemaker.describe_model_package(ModelPackageName=arn).get("ModelApprovalStatus")
    if approval != REJECTED:
        allowed = f"its model is {approval}, and needs these files; reject it first: `runs models reject {arn}`"
        raise one_problem("delete", "execution", item[ExecutionAttribute.ID], allowed)
    return arn


def _objects(stack: Stack, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    return all_entries(stack.s3, "list_objects_v2", "Contents", Bucket=bucket, Prefix=prefix)


def _assets(template: dict[str, Any]) -> list[str]:
    return [str(asset) for asset in json.loads(template[TemplateAttribute.TEMPLATE])["baseAssets"]]
