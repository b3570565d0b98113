"""What SageMaker itself says of an execution: for repairing what an event lost, and for what no event carries.

The gate's two figures and the registered model are read once an attempt has ended; the reconciler turns the described state
into the same changes that events would have brought.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from contracts import status as st
from contracts.ids import execution_id_problem
from contracts.layout import GATE_METRIC, GATE_THRESHOLD, ExecutionLayout
from contracts.parameters import EXECUTION_ID
from contracts.tables import ExecutionAttribute
from runs.begin import execution_store
from runs.history import Change, iso
from runs.stack import Stack
from runs.store import ExecutionStore, Item

#: How far back the reconciler looks: longer than any execution of ours may take, twice.
LOOK_BACK = timedelta(days=14)


def record_change(stack: Stack, pipeline_execution_arn: str, change: Change) -> str:
    """Record a change of a pipeline execution on its item, and its outcome once it has ended. Returns the execution id."""
    store = execution_store(stack)
    execution_id = item_id(stack, store, pipeline_execution_arn)
    state = store.record(execution_id, change)
    if st.is_terminal(state.status):
        conclude(stack, store, execution_id)
    return execution_id


def item_id(stack: Stack, store: ExecutionStore, pipeline_execution_arn: str) -> str:
    """The id of the item of a pipeline execution; one that was started elsewhere gets its item here.

    The index lags, and an event may be faster than the start that caused it, so the execution's own parameter decides.
    """
    found = store.find(pipeline_execution_arn)
    if found is not None:
        return str(found[ExecutionAttribute.ID])
    named = _execution_id_parameter(stack, pipeline_execution_arn)
    if named and execution_id_problem(named) is None:
        if store.attach(named, pipeline_execution_arn):
            return named
        if store.get(named) is None:
            standing = store.create_external(named, pipeline_execution_arn)
            if standing is None or store.attach(named, pipeline_execution_arn):
                return named
    return _external_id(store, pipeline_execution_arn)


def _external_id(store: ExecutionStore, pipeline_execution_arn: str) -> str:
    """An id for an execution that names none of its own, or one that another execution has."""
    external = f"external-{pipeline_execution_arn.rsplit('/', 1)[-1]}"
    store.create_external(external, pipeline_execution_arn)
    return external


def _execution_id_parameter(stack: Stack, pipeline_execution_arn: str) -> str:
    request = {"PipelineExecutionArn": pipeline_execution_arn}
    while True:
        page = stack.sagemaker.list_pipeline_parameters_for_execution(**request)
        for parameter in page.get("PipelineParameters", []):
            if parameter["Name"] == EXECUTION_ID:
                return str(parameter["Value"])
        if not page.get("NextToken"):
            return ""
        request["NextToken"] = page["NextToken"]


def conclude(stack: Stack, store: ExecutionStore, execution_id: str) -> None:
    """Add outcome, both figures of the gate and the registered model to an item whose attempt has ended."""
    item = store.get(execution_id)
    if item is None or ExecutionAttribute.OUTCOME in item or not st.is_terminal(item[ExecutionAttribute.STATUS]):
        return
    steps = {step["StepName"]: step for step in pipeline_steps(stack, item[ExecutionAttribute.PIPELINE_EXECUTION_ARN])}
    found = _gate_figures(stack, execution_id, steps)
    if item[ExecutionAttribute.STATUS] == st.SUCCEEDED:
        package = steps.get(st.REGISTER_STEP, {}).get("Metadata", {}).get("RegisterModel", {}).get("Arn")
        found[ExecutionAttribute.OUTCOME] = st.REGISTERED if package else st.NOT_REGISTERED
        if package:
            found[ExecutionAttribute.MODEL_PACKAGE_ARN] = package
    if found:
        store.conclude(execution_id, int(item[ExecutionAttribute.ATTEMPT]), found)


def _gate_figures(stack: Stack, execution_id: str, steps: dict[str, Any]) -> dict[str, Any]:
    """Threshold and metric, each where the execution got that far."""
    figures: dict[str, Any] = {}
    if steps.get(st.PROCESSING_STEP, {}).get("StepStatus") == st.SUCCEEDED:
        key = ExecutionLayout(execution_id).gate_json
        gate = json.load(stack.s3.get_object(Bucket=stack.outputs.models_bucket, Key=key)["Body"])
        figures[ExecutionAttribute.GATE_THRESHOLD] = Decimal(str(gate[GATE_THRESHOLD]))
    training = steps.get(st.TRAINING_STEP, {})
    if training.get("StepStatus") == st.SUCCEEDED:
        name = training["Metadata"]["TrainingJob"]["Arn"].rsplit("/", 1)[-1]
        job = stack.sagemaker.describe_training_job(TrainingJobName=name)
        for metric in job.get("FinalMetricDataList", []):
            if metric["MetricName"] == GATE_METRIC:
                figures[ExecutionAttribute.GATE_METRIC] = Decimal(repr(float(metric["Value"])))
    return figures


def pipeline_steps(stack: Stack, pipeline_execution_arn: str) -> list[dict[str, Any]]:
    """All steps of a pipeline execution, as ListPipelineExecutionSteps describes them."""
    steps: list[dict[str, Any]] = []
    request = {"PipelineExecutionArn": pipeline_execution_arn}
    while True:
        page = stack.sagemaker.list_pipeline_execution_steps(**request)
        steps += page["PipelineExecutionSteps"]
        if not page.get("NextToken"):
            return steps
        request["NextToken"] = page["NextToken"]


def reconcile(stack: Stack, now: datetime | None = None) -> list[str]:
    """Bring every recent execution of our pipeline to what SageMaker says of it. Returns the ids that were behind."""
    store = execution_store(stack)
    moment = now or datetime.now(UTC)
    repaired = []
    for summary in _recent_executions(stack, moment - LOOK_BACK):
        arn = summary["PipelineExecutionArn"]
        execution_id = item_id(stack, store, arn)
        item = store.get(execution_id)
        if item is None or _up_to_date(item, summary):
            continue
        for change in described_changes(stack, arn, item, moment):
            store.record(execution_id, change)
        conclude(stack, store, execution_id)
        repaired.append(execution_id)
    return repaired


def _up_to_date(item: Item, summary: dict[str, Any]) -> bool:
    status = summary["PipelineExecutionStatus"]
    if item[ExecutionAttribute.STATUS] != status:
        return False
    concluded = status != st.SUCCEEDED or ExecutionAttribute.OUTCOME in item
    return st.is_terminal(status) and concluded


def described_changes(stack: Stack, pipeline_execution_arn: str, item: Item, moment: datetime) -> Iterator[Change]:
    """The described state as changes. An item that says "ended" of what runs again missed the retry."""
    described = stack.sagemaker.describe_pipeline_execution(PipelineExecutionArn=pipeline_execution_arn)
    status = described["PipelineExecutionStatus"]
    changed_at = iso(described.get("LastModifiedTime", moment))
    before = str(item[ExecutionAttribute.STATUS])
    if before != status:
        retried = st.is_terminal(before)
        if retried and st.is_terminal(status):
            yield Change(iso(described.get("LastModifiedTime", moment)), st.EXECUTING, previous=before)
        yield Change(changed_at, status, previous=before, reason=described.get("FailureReason", ""))
    for step in pipeline_steps(stack, pipeline_execution_arn):
        yield from _step_changes(step, changed_at)


def _step_changes(step: dict[str, Any], moment: str) -> Iterator[Change]:
    started = iso(step["StartTime"]) if "StartTime" in step else ""
    ended = iso(step["EndTime"]) if "EndTime" in step else ""
    yield Change(
        time=ended or started or moment,
        status=step["StepStatus"],
        step=step["StepName"],
        reason=step.get("FailureReason", ""),
        job_arn=job_arn(step.get("Metadata", {})),
        started_at=started,
        ended_at=ended,
    )


def job_arn(metadata: dict[str, Any]) -> str:
    """The ARN of whatever a step made; the metadata has one entry, named after its kind."""
    for entry in metadata.values():
        arn = entry.get("Arn", entry.get("arn", "")) if isinstance(entry, dict) else ""
        if arn:
            return str(arn)
    return ""


def _recent_executions(stack: Stack, since: datetime) -> Iterator[dict[str, Any]]:
    request: dict[str, Any] = {"PipelineName": stack.outputs.pipeline_name, "CreatedAfter": since}
    while True:
        page = stack.sagemaker.list_pipeline_executions(**request)
        yield from page["PipelineExecutionSummaries"]
        if not page.get("NextToken"):
            return
        request["NextToken"] = page["NextToken"]
