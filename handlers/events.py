"""SageMaker's pipeline events as typed values.

Events of another source, account, region or pipeline are foreign; other bad events are malformed. Shapes: Amazon
SageMaker developer guide, "Automating SageMaker with EventBridge". An unknown status is kept unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.display import printable_line
from contracts.status import EXECUTION_EVENT, STEP_EVENT
from contracts.times import read_past_time, to_iso
from runs.history import Change
from runs.observe import job_arn

_REASON_CHARS = 1024
#: Statuses and step names have at most 64 characters at SageMaker; longer text is no status or name.
_NAME_CHARS = 256


class MalformedEventError(Exception):
    """An event of our pipeline that no redelivery can repair. It ends in the dead-letter queue; the message names the field."""


class ForeignEventError(Exception):
    """An event of another source, account, region or pipeline. It is logged, counted and never stored."""


@dataclass(frozen=True)
class PipelineEvent:
    """One state change, and the pipeline execution that it belongs to."""

    pipeline_execution_arn: str
    change: Change


def parse(event: Mapping[str, Any], pipeline_arns: Sequence[str]) -> PipelineEvent:
    """Read an EventBridge envelope.

    Raises:
        ForeignEventError: not an event of a pipeline with one of these ARNs.
        MalformedEventError: an event of such a pipeline, but a field is missing or not of its type.
    """
    if not isinstance(event, Mapping):
        raise MalformedEventError(f"the event is {_kind(event)}; expected an object")
    try:
        detail = _own_detail(event, pipeline_arns)
        time = to_iso(read_past_time(event.get("time"), "time"))
        change = _step_change(detail, time) if event["detail-type"] == STEP_EVENT else _execution_change(detail, time)
        arn = _required(detail, "pipelineExecutionArn", limit=2048)
        return PipelineEvent(arn, change)
    except ValueError as error:
        raise MalformedEventError(printable_line(f"event {event.get('id', 'without an id')!r}: {error}")) from error


def _own_detail(event: Mapping[str, Any], pipeline_arns: Sequence[str]) -> Mapping[str, Any]:
    """Return the event's detail if the event is one of these pipelines, which are in one account and region."""
    _, _, _, region, account, _ = pipeline_arns[0].split(":", 5)
    expected = {"source": "aws.sagemaker", "account": account, "region": region}
    for name, value in expected.items():
        if event.get(name) != value:
            raise ForeignEventError(f"{name} is {event.get(name)!r}; expected {value!r}")
    if event.get("detail-type") not in (EXECUTION_EVENT, STEP_EVENT):
        raise ForeignEventError(f"detail-type is {event.get('detail-type')!r}; expected a pipeline's status change")
    detail = event.get("detail")
    if not isinstance(detail, Mapping):
        raise ValueError(f"detail is {_kind(detail)}; expected an object")
    execution_arn, expected_arns = detail.get("pipelineExecutionArn"), " or ".join(pipeline_arns)
    named = detail.get("pipelineArn")
    if named is not None and named not in pipeline_arns:
        raise ForeignEventError(f"detail.pipelineArn is {named!r}; expected {expected_arns}")
    owners = [f"{arn}/execution/" for arn in ([named] if named else pipeline_arns)]
    if isinstance(execution_arn, str) and execution_arn.strip() and not execution_arn.startswith(tuple(owners)):
        raise ForeignEventError(f"detail.pipelineExecutionArn {execution_arn!r} does not belong to {expected_arns}")
    return detail


def _execution_change(detail: Mapping[str, Any], time: str) -> Change:
    return Change(
        time=time,
        status=_required(detail, "currentPipelineExecutionStatus"),
        previous=_optional(detail, "previousPipelineExecutionStatus"),
        reason=_optional(detail, "failureReason")[:_REASON_CHARS],
        started_at=_time(detail, "executionStartTime"),
        ended_at=_time(detail, "executionEndTime"),
    )


def _step_change(detail: Mapping[str, Any], time: str) -> Change:
    return Change(
        time=time,
        status=_required(detail, "currentStepStatus"),
        previous=_optional(detail, "previousStepStatus"),
        step=_required(detail, "stepName"),
        reason=_optional(detail, "failureReason")[:_REASON_CHARS],
        job_arn=job_arn(_metadata(detail)),
        started_at=_time(detail, "stepStartTime"),
        ended_at=_time(detail, "stepEndTime"),
    )


def _required(detail: Mapping[str, Any], field: str, limit: int = _NAME_CHARS) -> str:
    value = detail.get(field)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"detail.{field} is {_kind(value)}; expected a text that is not empty")
    if len(value) > limit:
        raise ValueError(f"detail.{field} has {len(value)} characters; expected at most {limit}")
    return value


def _optional(detail: Mapping[str, Any], field: str) -> str:
    value = detail.get(field)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"detail.{field} is {_kind(value)}; expected a text, or no such field")
    return value or ""


def _metadata(detail: Mapping[str, Any]) -> dict[str, Any]:
    value = detail.get("metadata")
    if value is not None and not isinstance(value, Mapping):
        raise ValueError(f"detail.metadata is {_kind(value)}; expected an object")
    return dict(value or {})


def _time(detail: Mapping[str, Any], field: str) -> str:
    value = detail.get(field)
    return "" if value in (None, "") else to_iso(read_past_time(value, f"detail.{field}"))


def _kind(value: object) -> str:
    return "missing or null" if value is None else f"{value!r}"[:80]
