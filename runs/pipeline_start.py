"""Call StartPipelineExecution, with a bounded number of retries."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from contracts import parameters as names
from contracts.hyperparameters import HYPERPARAMETERS
from contracts.ids import client_request_token
from contracts.problems import Problem, ProblemsError
from runs.aws_errors import code_of, is_transient, message_of
from runs.stack import Stack
from runs.store import ExecutionStore

#: Seconds between tries. A limit on running executions or a concurrent update of the pipeline can last that long; what lasts
#: longer is left to the caller. The client's own retries of throttling come on top.
START_WAITS = (1.0, 2.0, 4.0, 8.0)
#: Source: SageMaker API, StartPipelineExecution, "Errors".
_RETRIED = frozenset({"ConflictException", "ResourceLimitExceeded"})
_REFUSED = frozenset({"ValidationException", "ResourceNotFound", "AccessDeniedException"})


@dataclass(frozen=True)
class StartRequest:
    """What is started: the execution, its pipeline, the parameters, and the command that resumes it."""

    execution_id: str
    pipeline_name: str
    parameters: Mapping[str, str]
    command: Sequence[str]


def start_pipeline(stack: Stack, store: ExecutionStore, start: StartRequest) -> str:
    """Start the pipeline for an execution item and return the pipeline execution's ARN.

    The token is derived from the id, so repeated starts of one id start one execution. If SageMaker refuses the start for good,
    the item is deleted again.

    Raises:
        ProblemsError: SageMaker cannot start it now; the message has the command that resumes it.
        ClientError: SageMaker refuses the request.
    """
    execution_id = start.execution_id
    values = {**start.parameters, names.EXECUTION_ID: execution_id}
    request = {
        "PipelineName": start.pipeline_name,
        "PipelineExecutionDisplayName": execution_id,
        "PipelineParameters": [{"Name": name, "Value": value} for name, value in sorted(values.items())],
        "ClientRequestToken": client_request_token(execution_id),
    }
    waits = list(START_WAITS)
    while True:
        try:
            return str(stack.sagemaker.start_pipeline_execution(**request)["PipelineExecutionArn"])
        except BotoCoreError as error:
            raise _resumable(start, type(error).__name__, str(error)) from error
        except ClientError as error:
            if code_of(error) in _REFUSED:
                store.discard(execution_id)
            if code_of(error) not in _RETRIED and not is_transient(error):
                raise
            if not waits:
                raise _resumable(start, code_of(error), message_of(error)) from error
        stack.sleep(waits.pop(0))


def _resumable(start: StartRequest, code: str, message: str) -> ProblemsError:
    """The error of an execution whose item is stored but whose pipeline has not started."""
    command = shlex.join(["python", "-m", "runs", *start.command])
    allowed = f"{message.rstrip('.')}. Execution {start.execution_id} is stored but has not started; resume it with `{command}`"
    return ProblemsError("start", [Problem("StartPipelineExecution", code, allowed)])


def set_options(parameters: Mapping[str, str]) -> list[str]:
    """``--set`` options for the parameters that the template does not set."""
    from_template = {name for name, item in HYPERPARAMETERS.items() if item.from_template}
    chosen = {name: value for name, value in parameters.items() if name not in from_template}
    return [option for name, value in sorted(chosen.items()) for option in ("--set", f"{name}={value}")]
