"""Delete model objects that nothing will use again: those of rejected models after the backtest, and those of forecasts.

The execution's item names the model. Only a model with this stack's tags is deleted. The item keeps when that happened, or why
it could not. Executions that failed or were stopped keep their models, because a retry continues with them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from contracts import status as st
from contracts.display import printable_line
from contracts.tables import ExecutionAttribute, StepKey
from contracts.times import to_iso
from runs.ownership import is_gone, own_tags, owner_tags
from runs.reconcile import LOOK_BACK, recent_executions
from runs.stack import Stack
from runs.store import ExecutionStore, Item, execution_store

LOG = logging.getLogger(__name__)
LOG.setLevel(logging.INFO)


def delete_unused_models(deployed: Stack, now: datetime) -> tuple[list[str], dict[str, str]]:
    """Return the names of the models that were deleted, and by execution why others could not be."""
    store = execution_store(deployed)
    deleted: list[str] = []
    failures: dict[str, str] = {}
    own: Mapping[str, str] = {}
    for item in _unused(deployed, store, now):
        execution_id, arn = str(item[ExecutionAttribute.ID]), _model_arn(item)
        try:
            own = own or own_tags(deployed)
            if _delete(deployed, arn, own):
                deleted.append(_name(arn))
                store.note_unused_model(execution_id, deleted_at=to_iso(datetime.now(UTC)))
        except Exception as error:
            LOG.exception("the model of execution %s could not be deleted", printable_line(execution_id))
            failures[execution_id] = printable_line(f"{type(error).__name__}: {error}")
            _note_failure(store, execution_id, failures[execution_id])
    return deleted, failures


def _unused(deployed: Stack, store: ExecutionStore, now: datetime) -> Iterator[Item]:
    """Items of recent executions with such a model that still exists as far as the item says."""
    for summary in recent_executions(deployed, now - LOOK_BACK):
        if summary["PipelineExecutionStatus"] != st.SUCCEEDED:
            continue
        item = store.find(str(summary["PipelineExecutionArn"]))
        if item is None or item.get(ExecutionAttribute.OUTCOME) not in (st.NOT_REGISTERED, st.PUBLISHED):
            continue
        if _model_arn(item) and not item.get(ExecutionAttribute.MODEL_DELETED_AT):
            yield item


def _model_arn(item: Item) -> str:
    steps: Any = item.get(ExecutionAttribute.STEPS)
    step: Any = steps.get(st.CREATE_MODEL_STEP) if isinstance(steps, Mapping) else None
    return str(step.get(StepKey.JOB_ARN, "")) if isinstance(step, Mapping) else ""


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]


def _delete(deployed: Stack, arn: str, own: Mapping[str, str]) -> bool:
    """Delete the model if it is ours. True also if it no longer exists; False: skipped."""
    try:
        tags = owner_tags(deployed, arn)
        if tags != own:
            LOG.warning("skipped model %s: its tags are %s; expected this stack's %s", printable_line(arn), tags, own)
            return False
        deployed.sagemaker.delete_model(ModelName=_name(arn))
    except ClientError as error:
        if not is_gone(error):
            raise
        LOG.info("model %s no longer exists", printable_line(arn))
    return True


def _note_failure(store: ExecutionStore, execution_id: str, problem: str) -> None:
    """Note on the item why the model still exists. The failure may be that DynamoDB cannot be reached."""
    try:
        store.note_unused_model(execution_id, problem=problem)
    except Exception:
        LOG.exception("the failure could not be noted on the item of execution %s", printable_line(execution_id))
