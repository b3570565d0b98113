"""Stop an execution, and run a failed or stopped one again from the steps that have not succeeded.

Source: Amazon SageMaker API, StopPipelineExecution and RetryPipelineExecution.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from contracts import status as st
from contracts.ids import check_execution_id
from contracts.problems import one_problem
from contracts.tables import ExecutionAttribute
from runs.aws_errors import code_of, is_transient, message_of
from runs.stack import Stack
from runs.store import Item, execution_store

#: Seconds between tries after a conflict: an execution that starts or ends a step refuses both operations for a moment.
CONFLICT_WAITS = (1.0, 2.0, 4.0, 8.0)
_CONFLICT = "ConflictException"


def stored_execution(stack: Stack, id_or_arn: str) -> Item:
    """Return the item of an execution by its id, or by the ARN of its pipeline execution.

    Raises:
        ProblemsError: there is none, or it was deleted.
    """
    store = execution_store(stack)
    item = store.find(id_or_arn) if id_or_arn.startswith("arn:") else store.get(check_execution_id(id_or_arn))
    if item is None:
        raise one_problem("execution", "execution", id_or_arn, "not found; see `runs list`")
    if deleted_at := item.get(ExecutionAttribute.DELETED_AT):
        raise one_problem("execution", "execution", id_or_arn, f"it was deleted at {deleted_at}")
    return item


def stop(stack: Stack, execution_id: str) -> str:
    """Ask SageMaker to stop an execution and its running job. Returns its id. Repeated calls change nothing.

    Raises:
        ProblemsError: it has not started, or has ended.
        ClientError: SageMaker refuses.
    """
    item = stored_execution(stack, execution_id)
    name, status = str(item[ExecutionAttribute.ID]), str(item[ExecutionAttribute.STATUS])
    arn = _started(item)
    if st.is_terminal(status):
        raise one_problem("stop", "execution", name, f"its status is {status}; allowed: one that runs")
    if status != st.STOPPING:
        _without_conflict(stack, "stop", name, lambda: stack.sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn))
    return name


def retry(stack: Stack, execution_id: str) -> str:
    """Run an execution again, as its next attempt: succeeded steps keep their results, with the definition of its start.

    Returns its id.

    Raises:
        ProblemsError: it has not failed or been stopped.
        ClientError: SageMaker refuses.
    """
    item = stored_execution(stack, execution_id)
    name, status = str(item[ExecutionAttribute.ID]), str(item[ExecutionAttribute.STATUS])
    arn = _started(item)
    if status not in (st.FAILED, st.STOPPED):
        raise one_problem("retry", "execution", name, f"its status is {status}; allowed: a failed or stopped one")
    _without_conflict(stack, "retry", name, lambda: stack.sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn))
    return name


def _started(item: Item) -> str:
    """The ARN of the pipeline execution."""
    arn = item.get(ExecutionAttribute.PIPELINE_EXECUTION_ARN)
    if not arn:
        name = item[ExecutionAttribute.ID]
        allowed = f"SageMaker has not started it; start it with the command that created it and --id {name}"
        raise one_problem("execution", "execution", name, allowed)
    return str(arn)


def _without_conflict(stack: Stack, title: str, execution_id: str, call: Callable[[], Any]) -> None:
    """Make a call, again after each conflict, a bounded number of times."""
    waits = list(CONFLICT_WAITS)
    while True:
        try:
            call()
        except ClientError as error:
            if code_of(error) != _CONFLICT and not is_transient(error):
                raise
            if not waits:
                allowed = f"{message_of(error).rstrip('.')}. See `runs status {execution_id}`, and try again"
                raise one_problem(title, f"execution {execution_id}", code_of(error), allowed) from error
        else:
            return
        stack.sleep(waits.pop(0))
