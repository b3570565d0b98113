"""Repair execution items whose events were lost, from what SageMaker itself says about the executions.

The described state becomes the same changes that the events would have brought. Each execution is handled separately, so one
that cannot be read does not keep the others from being repaired.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from contracts import status as st
from contracts.display import printable_line
from contracts.tables import ExecutionAttribute
from contracts.times import read_past_time, to_iso
from runs.conclude import conclude, pipeline_steps
from runs.history import Change
from runs.observe import item_id, job_arn
from runs.pages import all_entries
from runs.stack import Stack
from runs.store import ExecutionStore, Item, execution_store

LOG = logging.getLogger(__name__)

#: How far back the reconciler looks: twice the longest time that an execution of ours may take.
LOOK_BACK = timedelta(days=14)
_NAMED = 10


class ReconcileError(Exception):
    """Some executions could not be repaired in full; the others were. ``failures``: execution id or ARN → problems."""

    def __init__(self, repaired: Sequence[str], failures: Mapping[str, Sequence[str]]) -> None:
        self.repaired = tuple(repaired)
        self.failures = dict(failures)
        count = f"{len(failures)} execution{'s' if len(failures) != 1 else ''}"
        named = [f"{name}: {'; '.join(problems)}" for name, problems in failures.items()][:_NAMED]
        more = [f"and {len(failures) - _NAMED} more"] if len(failures) > _NAMED else []
        super().__init__("\n  - ".join([f"{count} could not be reconciled in full; see the items' Problems", *named, *more]))


def reconcile(stack: Stack, now: datetime | None = None) -> list[str]:
    """Bring every recent execution of our pipelines up to date. Returns the ids that were behind.

    Raises:
        ReconcileError: after all executions have been handled, if any of them failed or has results that cannot be read.
    """
    store = execution_store(stack)
    moment = now or datetime.now(UTC)
    repaired: list[str] = []
    failures: dict[str, Sequence[str]] = {}
    for summary in recent_executions(stack, moment - LOOK_BACK):
        arn = str(summary["PipelineExecutionArn"])
        try:
            execution_id, problems = _reconcile_one(stack, store, summary, moment)
        except Exception as error:
            LOG.exception("execution %s could not be reconciled", arn)
            failures[arn] = [f"{type(error).__name__}: {printable_line(error)}"]
            _note_failure(store, arn, failures[arn])
            continue
        if execution_id:
            repaired.append(execution_id)
        if problems:
            failures[execution_id] = problems
    LOG.info("executions repaired: %d, failed or incomplete: %d", len(repaired), len(failures))
    if failures:
        raise ReconcileError(repaired, failures)
    return repaired


def _reconcile_one(
    stack: Stack, store: ExecutionStore, summary: Mapping[str, Any], moment: datetime
) -> tuple[str, Sequence[str]]:
    """Repair one execution. Returns its id if it was behind (otherwise an empty text), and which results cannot be read."""
    arn = str(summary["PipelineExecutionArn"])
    execution_id = item_id(stack, store, arn)
    item = store.get(execution_id)
    if item is None:
        raise LookupError(f"execution item {execution_id!r} was deleted during reconciliation")
    if _is_up_to_date(item, summary):
        return "", []
    for change in _described_changes(stack, arn, item, moment):
        store.record(execution_id, change)
    problems = conclude(stack, store, execution_id)
    if not problems and item.get(ExecutionAttribute.PROBLEMS):
        store.note_problems(execution_id, [])
    return execution_id, problems


def _note_failure(store: ExecutionStore, pipeline_execution_arn: str, problems: Sequence[str]) -> None:
    """Note a failure on the execution's item, if it has one. The failure may be that DynamoDB cannot be reached."""
    try:
        item = store.find(pipeline_execution_arn)
        if item is not None:
            store.note_problems(item[ExecutionAttribute.ID], [f"reconciliation failed: {problem}" for problem in problems])
    except Exception:
        LOG.exception("the failure could not be noted on the item of %s", pipeline_execution_arn)


def _is_up_to_date(item: Item, summary: Mapping[str, Any]) -> bool:
    status = summary["PipelineExecutionStatus"]
    if item[ExecutionAttribute.STATUS] != status:
        return False
    concluded = status != st.SUCCEEDED or ExecutionAttribute.OUTCOME in item
    return st.is_terminal(status) and concluded


def _described_changes(stack: Stack, pipeline_execution_arn: str, item: Item, moment: datetime) -> Iterator[Change]:
    """Return the described state as changes. An item that has ended while its execution runs again missed the retry."""
    described = stack.sagemaker.describe_pipeline_execution(PipelineExecutionArn=pipeline_execution_arn)
    status = described["PipelineExecutionStatus"]
    changed_at = _time(described, "LastModifiedTime", moment) or to_iso(moment)
    before = str(item[ExecutionAttribute.STATUS])
    if before != status:
        if st.is_terminal(before) and st.is_terminal(status):
            yield Change(changed_at, st.EXECUTING, previous=before)
            before = st.EXECUTING
        yield Change(changed_at, status, previous=before, reason=described.get("FailureReason", ""))
    for step in pipeline_steps(stack, pipeline_execution_arn):
        yield _step_change(step, changed_at, moment)


def _step_change(step: Mapping[str, Any], changed_at: str, moment: datetime) -> Change:
    started, ended = _time(step, "StartTime", moment), _time(step, "EndTime", moment)
    return Change(
        time=ended or started or changed_at,
        status=step["StepStatus"],
        step=step["StepName"],
        reason=step.get("FailureReason", ""),
        job_arn=job_arn(step.get("Metadata") or {}),
        started_at=started,
        ended_at=ended,
    )


def _time(described: Mapping[str, Any], field: str, now: datetime) -> str:
    return to_iso(read_past_time(described[field], field, now)) if described.get(field) is not None else ""


def recent_executions(stack: Stack, since: datetime) -> Iterator[dict[str, Any]]:
    """Yield SageMaker's summaries of the executions of both pipelines that were created after a time."""
    for name in (stack.outputs.pipeline_name, stack.outputs.forecast_pipeline_name):
        request: dict[str, Any] = {"PipelineName": name, "CreatedAfter": since}
        yield from all_entries(stack.sagemaker, "list_pipeline_executions", "PipelineExecutionSummaries", **request)
