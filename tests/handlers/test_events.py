"""Event envelopes: ours are read as documented, and foreign ones are distinguished from malformed ones."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.status import EXECUTING, FAILED
from contracts.times import CLOCK_SKEW
from handlers.events import ForeignEventError, MalformedEventError, parse
from runs.history import Change
from tests.conftest import OUTPUTS, PIPELINE_ARN

EVENTS = Path(__file__).parent / "events"
PIPELINE_ARNS = (PIPELINE_ARN, OUTPUTS.forecast_pipeline_arn)


def event(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return loaded


def test_an_execution_event_is_read() -> None:
    received = parse(event("execution_status_change"), PIPELINE_ARNS)
    assert received.pipeline_execution_arn == f"{PIPELINE_ARN}/execution/abc"
    assert received.change == Change(
        time="2026-03-15T16:10:11.000+00:00",
        status=EXECUTING,
        previous=FAILED,
        started_at="2026-03-15T16:10:11.000+00:00",
    )
    assert received.change.is_retry


def test_a_step_event_with_epoch_milliseconds_as_text_is_read() -> None:
    assert parse(event("step_status_change"), PIPELINE_ARNS).change == Change(
        time="2026-03-15T16:10:11.000+00:00",
        status=FAILED,
        previous=EXECUTING,
        step="Training",
        reason="ClientError: no capacity",
        job_arn="arn:aws:sagemaker:eu-central-1:123456789012:training-job/job",
        started_at="2026-03-15T16:10:11.000+00:00",
        ended_at="2026-03-15T16:10:15.000+00:00",
    )


@pytest.mark.parametrize("name", ["execution_status_change", "step_status_change"])
def test_a_failure_reason_is_cut_after_1024_characters(name: str) -> None:
    long = event(name)
    long["detail"]["failureReason"] = "r" * 1025
    assert parse(long, PIPELINE_ARNS).change.reason == "r" * 1024


@pytest.mark.parametrize(("field", "limit"), [("stepName", 256), ("currentStepStatus", 256), ("pipelineExecutionArn", 2048)])
def test_a_text_longer_than_its_limit_is_malformed(field: str, limit: int) -> None:
    prefix = f"{PIPELINE_ARN}/execution/" if field == "pipelineExecutionArn" else ""
    longest = event("step_status_change")
    longest["detail"][field] = prefix.ljust(limit, "x")
    parse(longest, PIPELINE_ARNS)
    longest["detail"][field] += "x"
    message = f"detail.{field} has {limit + 1} characters; expected at most {limit}"
    with pytest.raises(MalformedEventError, match=f"event '{longest['id']}': {message}"):
        parse(longest, PIPELINE_ARNS)


def test_the_message_about_an_event_without_an_id_says_so() -> None:
    broken = event("step_status_change")
    del broken["id"]
    broken["detail"]["stepName"] = "x" * 257
    with pytest.raises(MalformedEventError, match="event 'without an id': detail.stepName has 257 characters"):
        parse(broken, PIPELINE_ARNS)


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
        parse(event("execution_status_change") | {field: value}, PIPELINE_ARNS)


@pytest.mark.parametrize("name", ["execution_status_change", "step_status_change"])
@pytest.mark.parametrize("pipeline", ["pipe-2", "pip", "Pipe", "pipe/execution", "other"])
@pytest.mark.parametrize(
    "fields", [("pipelineArn", "pipelineExecutionArn"), ("pipelineArn",), ("pipelineExecutionArn",)], ids=len
)
def test_an_event_of_another_pipeline_is_foreign(name: str, pipeline: str, fields: tuple[str, ...]) -> None:
    foreign = event(name)
    other = PIPELINE_ARN.removesuffix("pipe") + pipeline
    values = {"pipelineArn": other, "pipelineExecutionArn": f"{other}/execution/abc"}
    foreign["detail"] |= {field: values[field] for field in fields}
    if pipeline == "pipe/execution" and fields == ("pipelineExecutionArn",):
        return  # the ARN of one of our executions, with more after it
    with pytest.raises(ForeignEventError):
        parse(foreign, PIPELINE_ARNS)


def test_both_pipelines_are_ours_but_not_each_others_executions() -> None:
    forecast = event("execution_status_change")
    forecast["detail"] |= {
        "pipelineArn": OUTPUTS.forecast_pipeline_arn,
        "pipelineExecutionArn": f"{OUTPUTS.forecast_pipeline_arn}/execution/abc",
    }
    assert parse(forecast, PIPELINE_ARNS).pipeline_execution_arn == f"{OUTPUTS.forecast_pipeline_arn}/execution/abc"
    forecast["detail"]["pipelineExecutionArn"] = f"{PIPELINE_ARN}/execution/abc"
    with pytest.raises(ForeignEventError):
        parse(forecast, PIPELINE_ARNS)


def test_an_event_without_its_pipeline_s_arn_is_told_by_the_execution_s() -> None:
    foreign = event("execution_status_change")
    del foreign["detail"]["pipelineArn"]
    assert parse(foreign, PIPELINE_ARNS).change.status == EXECUTING
    foreign["detail"]["pipelineExecutionArn"] = f"{PIPELINE_ARN}-2/execution/abc"
    with pytest.raises(ForeignEventError, match="pipe-2/execution/abc"):
        parse(foreign, PIPELINE_ARNS)


REQUIRED = [
    ("execution_status_change", "currentPipelineExecutionStatus"),
    ("execution_status_change", "pipelineExecutionArn"),
    ("step_status_change", "currentStepStatus"),
    ("step_status_change", "stepName"),
    ("step_status_change", "pipelineExecutionArn"),
]
TIMES = [
    ("execution_status_change", "executionStartTime"),
    ("execution_status_change", "executionEndTime"),
    ("step_status_change", "stepStartTime"),
    ("step_status_change", "stepEndTime"),
]
OPTIONAL = [
    ("execution_status_change", "previousPipelineExecutionStatus"),
    ("step_status_change", "previousStepStatus"),
    ("step_status_change", "failureReason"),
    ("step_status_change", "metadata"),
]


def broken_field(name: str, field: str, value: object) -> str:
    broken = event(name)
    broken["detail"][field] = value
    with pytest.raises(MalformedEventError) as caught:
        parse(broken, PIPELINE_ARNS)
    return str(caught.value)


@pytest.mark.parametrize(("name", "field"), REQUIRED)
@pytest.mark.parametrize("value", [None, "", " ", 7, True, [], {}, ["Failed"]], ids=repr)
def test_an_empty_required_text_is_malformed_and_named(name: str, field: str, value: object) -> None:
    assert f"detail.{field} is " in broken_field(name, field, value)


@pytest.mark.parametrize(("name", "field"), REQUIRED)
def test_a_missing_required_text_is_malformed_and_named(name: str, field: str) -> None:
    broken = event(name)
    del broken["detail"][field]
    with pytest.raises(MalformedEventError, match=f"detail.{field} is missing"):
        parse(broken, PIPELINE_ARNS)


@pytest.mark.parametrize(("name", "field"), TIMES)
@pytest.mark.parametrize("value", ["yesterday", 0, -1, True, [], {}, "0001-01-01T00:00:00+14:00", 10**20], ids=repr)
def test_a_time_that_cannot_be_read_is_malformed_and_named(name: str, field: str, value: object) -> None:
    assert f"detail.{field} is " in broken_field(name, field, value)


@pytest.mark.parametrize(("name", "field"), OPTIONAL)
@pytest.mark.parametrize("value", [7, True, ["x"]], ids=repr)
def test_an_optional_field_of_another_type_is_malformed_and_named(name: str, field: str, value: object) -> None:
    assert f"detail.{field} is " in broken_field(name, field, value)


@pytest.mark.parametrize(("name", "field"), OPTIONAL + TIMES)
def test_an_optional_field_may_be_null_or_missing(name: str, field: str) -> None:
    with_null, without = event(name), event(name)
    with_null["detail"][field] = None
    without["detail"].pop(field, None)
    assert parse(with_null, PIPELINE_ARNS) == parse(without, PIPELINE_ARNS)


@pytest.mark.parametrize("detail", ["text", None, [], 7])
def test_a_detail_that_is_not_an_object_is_malformed(detail: object) -> None:
    with pytest.raises(MalformedEventError, match="detail is "):
        parse(event("step_status_change") | {"detail": detail}, PIPELINE_ARNS)


@pytest.mark.parametrize("envelope", [None, [], "text"])
def test_an_event_that_is_not_an_object_is_malformed(envelope: Any) -> None:
    with pytest.raises(MalformedEventError, match="the event is "):
        parse(envelope, PIPELINE_ARNS)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(["execution_status_change", "step_status_change"]), st.data())
def test_whatever_a_field_holds_the_event_is_read_foreign_or_malformed(name: str, data: st.DataObject) -> None:
    changed = event(name)
    where = changed if data.draw(st.booleans()) else changed["detail"]
    where[data.draw(st.sampled_from(sorted(where)))] = data.draw(JSON)
    try:
        change = parse(changed, PIPELINE_ARNS).change
    except (ForeignEventError, MalformedEventError) as error:
        str(error).encode("utf-8", "surrogatepass")
        return
    assert change.status
    assert "None" not in (change.status, change.step)
    assert change.moment <= datetime.now(UTC) + CLOCK_SKEW


def test_a_time_in_the_future_is_clamped_to_now() -> None:
    change = parse(event("execution_status_change") | {"time": "2199-01-01T00:00:00Z"}, PIPELINE_ARNS).change
    assert change.moment <= datetime.now(UTC) + CLOCK_SKEW
