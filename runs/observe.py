"""Record what SageMaker reports about executions of our pipeline, one state change at a time."""

from __future__ import annotations

from typing import Any

from contracts import status as st
from contracts.ids import execution_id_problem
from contracts.parameters import EXECUTION_ID
from contracts.tables import ExecutionAttribute
from runs.conclude import conclude
from runs.history import Change
from runs.pages import all_entries
from runs.stack import Stack
from runs.store import ExecutionStore, execution_store


def record_change(stack: Stack, pipeline_execution_arn: str, change: Change) -> str:
    """Record a change of a pipeline execution on its item, and its results after it has ended. Returns the execution id."""
    store = execution_store(stack)
    execution_id = item_id(stack, store, pipeline_execution_arn)
    state = store.record(execution_id, change)
    if st.is_terminal(state.status):
        conclude(stack, store, execution_id)
    return execution_id


def item_id(stack: Stack, store: ExecutionStore, pipeline_execution_arn: str) -> str:
    """Return the id of a pipeline execution's item. An execution that was started elsewhere gets its item here.

    The index lags, and an event can be faster than the start that caused it, so the execution's own parameter decides.
    """
    found = store.find(pipeline_execution_arn)
    if found is not None:
        return str(found[ExecutionAttribute.ID])
    named = _execution_id_parameter(stack, pipeline_execution_arn)
    if named and execution_id_problem(named) is None:
        if store.attach(named, pipeline_execution_arn):
            return named
        if store.get(named) is None:
            existing = store.create_external(named, pipeline_execution_arn)
            if existing is None or store.attach(named, pipeline_execution_arn):
                return named
    return _external_id(store, pipeline_execution_arn)


def job_arn(metadata: dict[str, Any]) -> str:
    """Return the ARN of the job or resource that a step created. The metadata has one entry, named after its kind."""
    for entry in metadata.values():
        arn = entry.get("Arn", entry.get("arn", "")) if isinstance(entry, dict) else ""
        if arn:
            return str(arn)
    return ""


def _external_id(store: ExecutionStore, pipeline_execution_arn: str) -> str:
    """Create an item for an execution that has no id of its own, or the id of another execution."""
    external = f"external-{pipeline_execution_arn.rsplit('/', 1)[-1]}"
    store.create_external(external, pipeline_execution_arn)
    return external


def _execution_id_parameter(stack: Stack, pipeline_execution_arn: str) -> str:
    request = {"PipelineExecutionArn": pipeline_execution_arn}
    operation = "list_pipeline_parameters_for_execution"
    for parameter in all_entries(stack.sagemaker, operation, "PipelineParameters", **request):
        if parameter["Name"] == EXECUTION_ID:
            return str(parameter["Value"])
    return ""
