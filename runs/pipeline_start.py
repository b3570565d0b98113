"""Create an execution's item and start its pipeline, once per id, however often it is tried. For both pipelines."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from contracts import parameters as names
from contracts.hyperparameters import HYPERPARAMETERS
from contracts.ids import client_request_token
from contracts.problems import Problem, ProblemsError, listed, one_problem
from contracts.snapshot import Snapshot, digest, from_attribute
from contracts.status import ABLATION, FORECAST, TRAINING
from contracts.tables import ExecutionAttribute
from runs.aws_errors import code_of, is_transient, message_of
from runs.stack import Stack
from runs.store import ExecutionStore, Item, execution_store

#: Seconds between tries. A limit on running executions or a concurrent update of the pipeline can last that long; what lasts
#: longer is left to the caller. The client's own retries of throttling come on top.
START_WAITS = (1.0, 2.0, 4.0, 8.0)
#: Source: SageMaker API, StartPipelineExecution, "Errors".
_RETRIED = frozenset({"ConflictException", "ResourceLimitExceeded"})
_REFUSED = frozenset({"ValidationException", "ResourceNotFound", "AccessDeniedException"})
#: The parts of a snapshot in a user's words.
_PARTS = {
    "Template": "the template",
    "Parameters": "the parameters of --set or of the template",
    "ImageUri": "our image",
    "DefinitionDigest": "the deployed pipeline definition",
    "Assets": "the price files",
    "Model": "the model",
    "Horizon": "--horizon",
}


@dataclass(frozen=True)
class Started:
    """Result of a start. ``new`` is False if the same start was made before; ``notes`` are oddities that do not prevent it."""

    execution_id: str
    pipeline_execution_arn: str
    new: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Start:
    """What is to be started. A snapshot with a model is a forecast's. ``champion``: the model package to compare with."""

    execution_id: str
    template_id: str
    snapshot: Snapshot
    origin: str
    notes: tuple[str, ...] = ()
    champion: str | None = None


def start_once(stack: Stack, store: ExecutionStore, start: Start, *, same_snapshot: bool = True) -> Started:
    """Create the item and start the pipeline. An existing item is the answer; one that was never started is started.

    Raises:
        ProblemsError: the id has another snapshot (unless ``same_snapshot`` is False), or SageMaker cannot start it now.
    """
    kind = FORECAST if "Model" in start.snapshot else ABLATION if "AblationOf" in start.snapshot else TRAINING
    existing = store.create(start.execution_id, start.snapshot, start.template_id, start.origin, kind, start.champion)
    if existing is None:
        arn = _start_pipeline(stack, store, start.execution_id, start.template_id, start.snapshot)
        return Started(start.execution_id, arn, new=True, notes=start.notes)
    _check_not_deleted(existing)
    if same_snapshot:
        _check_same_snapshot(existing, start.snapshot)
    return resume(stack, store, existing, start.notes)


def start_or_resume(stack: Stack, execution_id: str, prepare: Callable[[], Start]) -> tuple[Started, Mapping[str, Any]]:
    """Start an execution whose id is derived from its cause, such as the slot of a schedule. The same cause starts it once.

    An existing item decides even if template, model, prices or image have changed since. If it was never started, it is started
    from its own snapshot. ``prepare`` is called only for a new one. Returns the snapshot as well.

    Raises:
        ProblemsError: ``prepare`` found problems, or SageMaker cannot start it now.
    """
    store = execution_store(stack)
    existing = store.get(execution_id)
    if existing is not None:
        _check_not_deleted(existing)
        return resume(stack, store, existing), from_attribute(existing[ExecutionAttribute.SNAPSHOT])
    start = prepare()
    return start_once(stack, store, start, same_snapshot=False), start.snapshot


def resume(stack: Stack, store: ExecutionStore, existing: Item, notes: tuple[str, ...] = ()) -> Started:
    """Return an existing execution; start it from its own snapshot if that never happened."""
    execution_id = str(existing[ExecutionAttribute.ID])
    arn = existing.get(ExecutionAttribute.PIPELINE_EXECUTION_ARN)
    if not arn:
        snapshot = from_attribute(existing[ExecutionAttribute.SNAPSHOT])
        template_id = str(existing.get(ExecutionAttribute.TEMPLATE_ID, ""))
        arn = _start_pipeline(stack, store, execution_id, template_id, snapshot)
    return Started(execution_id, str(arn), new=False, notes=notes)


def deployed_definition(stack: Stack, pipeline_name: str) -> dict[str, Any]:
    """Return the definition of a deployed pipeline."""
    answer = stack.sagemaker.describe_pipeline(PipelineName=pipeline_name)
    definition: dict[str, Any] = json.loads(answer["PipelineDefinition"])
    return definition


def image_uri(definition: Mapping[str, Any], name: str) -> str:
    """Return the image of our container in a definition's step."""
    for step in definition["Steps"]:
        if step["Name"] == name:
            return str(step["Arguments"]["AppSpecification"]["ImageUri"])
    raise one_problem("start", "pipeline definition", None, f"it must have a step {name}; deploy the stack again")


def _check_not_deleted(existing: Item) -> None:
    if ExecutionAttribute.DELETED_AT in existing:
        allowed = "an execution with this id was deleted; choose another id"
        raise one_problem("start", "execution id", existing[ExecutionAttribute.ID], allowed)


def _check_same_snapshot(existing: Item, snapshot: Snapshot) -> None:
    if existing.get(ExecutionAttribute.SNAPSHOT_DIGEST) == digest(snapshot):
        return
    execution_id = existing[ExecutionAttribute.ID]
    if ExecutionAttribute.SNAPSHOT not in existing:
        allowed = "it belongs to an execution that was started elsewhere; choose another id"
        raise one_problem("start", "execution id", execution_id, allowed)
    before = from_attribute(existing[ExecutionAttribute.SNAPSHOT])
    changed = listed([_PARTS[key] for key, value in snapshot.items() if before.get(key) != value])
    allowed = f"an execution with this id exists, and since its start {changed} changed; choose another id"
    raise one_problem("start", "execution id", execution_id, allowed)


def _start_pipeline(
    stack: Stack, store: ExecutionStore, execution_id: str, template_id: str, snapshot: Mapping[str, Any]
) -> str:
    """Start the pipeline for an execution item and return the pipeline execution's ARN, which the item gets.

    The token is derived from the id, so repeated starts of one id start one execution. If SageMaker refuses the start for good,
    the item is deleted again.

    Raises:
        ProblemsError: SageMaker cannot start it now; the message has the command that resumes it.
        ClientError: SageMaker refuses the request.
    """
    outputs, values = stack.outputs, {**snapshot["Parameters"], names.EXECUTION_ID: execution_id}
    request = {
        "PipelineName": outputs.forecast_pipeline_name if "Model" in snapshot else outputs.pipeline_name,
        "PipelineExecutionDisplayName": execution_id,
        "PipelineParameters": [{"Name": name, "Value": value} for name, value in sorted(values.items())],
        "ClientRequestToken": client_request_token(execution_id),
    }
    command = _command(execution_id, template_id, snapshot)
    waits = list(START_WAITS)
    while True:
        try:
            arn = str(stack.sagemaker.start_pipeline_execution(**request)["PipelineExecutionArn"])
        except BotoCoreError as error:
            raise _resumable(execution_id, command, type(error).__name__, str(error)) from error
        except ClientError as error:
            if code_of(error) in _REFUSED:
                store.discard(execution_id)
            if code_of(error) not in _RETRIED and not is_transient(error):
                raise
            if not waits:
                raise _resumable(execution_id, command, code_of(error), message_of(error)) from error
        else:
            store.attach(execution_id, arn)
            return arn
        stack.sleep(waits.pop(0))


def _resumable(execution_id: str, command: Sequence[str], code: str, message: str) -> ProblemsError:
    """The error of an execution whose item is stored but whose pipeline has not started."""
    resuming = shlex.join(["python", "-m", "runs", *command])
    allowed = f"{message.rstrip('.')}. Execution {execution_id} is stored but has not started; resume it with `{resuming}`"
    return ProblemsError("start", [Problem("StartPipelineExecution", code, allowed)])


def _command(execution_id: str, template_id: str, snapshot: Mapping[str, Any]) -> list[str]:
    """The command that gives the same snapshot again."""
    model = snapshot.get("Model")
    if model is None:
        return ["start", template_id, "--id", snapshot.get("AblationOf", execution_id), *_set_options(snapshot["Parameters"])]
    chosen = ["--model", str(model["PackageArn"]), "--horizon", str(snapshot["Horizon"])]
    return ["forecast", template_id, "--id", execution_id, *chosen, *_set_options(snapshot["Parameters"])]


def _set_options(parameters: Mapping[str, str]) -> list[str]:
    """``--set`` options for the parameters that neither the template nor the start itself sets."""
    fixed = {name for name, item in HYPERPARAMETERS.items() if item.from_template} | set(names.SET_BY_START)
    chosen = {name: value for name, value in parameters.items() if name not in fixed}
    return [option for name, value in sorted(chosen.items()) for option in ("--set", f"{name}={value}")]
