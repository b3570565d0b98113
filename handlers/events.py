"""SageMaker's pipeline events as typed values; what is not one of ours is refused by name.

Shapes: Amazon SageMaker developer guide, "Automating SageMaker with EventBridge". A status that is not known yet is kept as it
came.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from contracts.status import EXECUTION_EVENT, STEP_EVENT
from runs.history import Change, iso, parse_time
from runs.observe import job_arn

_REASON_CHARS = 1024


class MalformedEventError(Exception):
    """An event that no redelivery can mend: it goes to the dead-letter queue and is counted there."""


class ForeignEventError(Exception):
    """An event of another source, account, region or pipeline: ignored and counted, never stored."""


@dataclass(frozen=True)
class PipelineEvent:
    """One state change, and the pipeline execution it belongs to."""

    event_id: str
    pipeline_execution_arn: str
    change: Change


def parse(event: Mapping[str, Any], pipeline_arn: str) -> PipelineEvent:
    """Read an EventBridge envelope.

    Raises:
        ForeignEventError: not an event of the pipeline with this ARN.
        MalformedEventError: one of ours, but a field is missing or not of its type.
    """
    detail = _of_ours(event, pipeline_arn)
    kind = event["detail-type"]
    try:
        time = iso(parse_time(str(event["time"])))
        change = _step_change(detail, time) if kind == STEP_EVENT else _execution_change(detail, time)
        return PipelineEvent(str(event["id"]), str(detail["pipelineExecutionArn"]), change)
    except (KeyError, TypeError, ValueError) as error:
        raise MalformedEventError(f"event {event.get('id', 'without id')!r}: field {error} is missing or unreadable") from error


def _of_ours(event: Mapping[str, Any], pipeline_arn: str) -> Mapping[str, Any]:
    _, _, _, region, account, _ = pipeline_arn.split(":", 5)
    expected = {"source": "aws.sagemaker", "account": account, "region": region}
    for name, value in expected.items():
        if event.get(name) != value:
            raise ForeignEventError(f"{name} is {event.get(name)!r}, ours is {value!r}")
    if event.get("detail-type") not in (EXECUTION_EVENT, STEP_EVENT):
        raise ForeignEventError(f"detail-type {event.get('detail-type')!r} is none that we follow")
    detail = event.get("detail")
    if not isinstance(detail, Mapping):
        raise MalformedEventError(f"event {event.get('id', 'without id')!r}: detail is no object")
    execution_arn = str(detail.get("pipelineExecutionArn", ""))
    if detail.get("pipelineArn", pipeline_arn) != pipeline_arn or not execution_arn.startswith(f"{pipeline_arn}/execution/"):
        raise ForeignEventError(f"pipeline execution {execution_arn!r} is none of {pipeline_arn}")
    return detail


def _execution_change(detail: Mapping[str, Any], time: str) -> Change:
    return Change(
        time=time,
        status=str(detail["currentPipelineExecutionStatus"]),
        previous=str(detail.get("previousPipelineExecutionStatus") or ""),
        started_at=_moment(detail.get("executionStartTime")),
        ended_at=_moment(detail.get("executionEndTime")),
    )


def _step_change(detail: Mapping[str, Any], time: str) -> Change:
    return Change(
        time=time,
        status=str(detail["currentStepStatus"]),
        previous=str(detail.get("previousStepStatus") or ""),
        step=_text(detail["stepName"]),
        reason=str(detail.get("failureReason") or "")[:_REASON_CHARS],
        job_arn=job_arn(detail.get("metadata") or {}),
        started_at=_moment(detail.get("stepStartTime")),
        ended_at=_moment(detail.get("stepEndTime")),
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"stepName {value!r}")
    return value


def _moment(value: object) -> str:
    """SageMaker sends ISO text, or epoch milliseconds as a number or as text."""
    if value in (None, ""):
        return ""
    if re.fullmatch(r"[0-9]{12,14}(\.0+)?", str(value)):
        return iso(datetime.fromtimestamp(float(str(value)) / 1000, UTC))
    return iso(parse_time(str(value)))
