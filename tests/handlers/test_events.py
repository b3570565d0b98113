"""Envelopes: ours are read as they are documented, foreign ones are told apart from malformed ones."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from contracts.status import EXECUTING, FAILED
from handlers.events import ForeignEventError, MalformedEventError, parse
from tests.conftest import PIPELINE_ARN

EVENTS = Path(__file__).parent / "events"


def event(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return loaded


def test_an_execution_event() -> None:
    received = parse(event("execution_status_change"), PIPELINE_ARN)
    assert received.pipeline_execution_arn == f"{PIPELINE_ARN}/execution/abc"
    assert (received.change.status, received.change.previous, received.change.is_retry) == (EXECUTING, FAILED, True)
    assert received.change.time == "2026-03-15T16:10:11.000+00:00"


def test_a_step_event_with_epoch_milliseconds_as_text() -> None:
    change = parse(event("step_status_change"), PIPELINE_ARN).change
    assert (change.step, change.status, change.reason) == ("Training", FAILED, "ClientError: no capacity")
    assert change.job_arn.endswith("training-job/job")
    assert change.ended_at == "2026-03-15T16:10:15.000+00:00"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("source", "aws.ec2"),
        ("account", "999999999999"),
        ("region", "us-east-1"),
        ("detail-type", "SageMaker Endpoint State Change"),
    ],
)
def test_foreign_envelopes(field: str, value: str) -> None:
    with pytest.raises(ForeignEventError, match=value.split()[0]):
        parse(event("execution_status_change") | {field: value}, PIPELINE_ARN)


def test_an_event_of_another_pipeline_is_foreign() -> None:
    foreign = copy.deepcopy(event("step_status_change"))
    foreign["detail"]["pipelineArn"] += "-2"
    foreign["detail"]["pipelineExecutionArn"] = f"{PIPELINE_ARN}-2/execution/abc"
    with pytest.raises(ForeignEventError):
        parse(foreign, PIPELINE_ARN)


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("execution_status_change", "currentPipelineExecutionStatus", None),
        ("step_status_change", "currentStepStatus", None),
        ("step_status_change", "stepName", 7),
        ("step_status_change", "stepStartTime", "yesterday"),
    ],
)
def test_malformed_details(name: str, field: str, value: object) -> None:
    broken = event(name)
    if value is None:
        del broken["detail"][field]
    else:
        broken["detail"][field] = value
    with pytest.raises(MalformedEventError):
        parse(broken, PIPELINE_ARN)


def test_a_detail_that_is_no_object_is_malformed() -> None:
    with pytest.raises(MalformedEventError):
        parse(event("step_status_change") | {"detail": "text"}, PIPELINE_ARN)
