from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest

from contracts.regions import region_problem
from handlers.slots import read_slot
from tests.components.iam_policy import listed
from tests.components.recording import ACCOUNT, Recorder, run_program

QUEUE = f"arn:aws:sqs:eu-central-1:{ACCOUNT}:model-training-{{stack}}-dead-letters"


def test_the_rule_names_our_pipelines_and_both_kinds_of_its_events(recorded: Recorder) -> None:
    pattern = json.loads(recorded.one("aws:cloudwatch/eventRule:EventRule").inputs["eventPattern"])
    assert pattern == {
        "source": ["aws.sagemaker"],
        "detail-type": [
            "SageMaker Model Building Pipeline Execution Status Change",
            "SageMaker Model Building Pipeline Execution Step Status Change",
        ],
        "detail": {"pipelineArn": [recorded.exports["pipelineArn"], recorded.exports["forecastPipelineArn"]]},
    }


def test_events_are_tried_again_and_then_kept(recorded: Recorder) -> None:
    target = recorded.one("aws:cloudwatch/eventTarget:EventTarget").inputs
    assert target["arn"].endswith(f":function:model-training-{recorded.stack}-execution-events")
    assert target["deadLetterConfig"] == {"arn": QUEUE.format(stack=recorded.stack)}
    assert 0 < target["retryPolicy"]["maximumRetryAttempts"] <= 185
    assert 60 <= target["retryPolicy"]["maximumEventAgeInSeconds"] <= 86_400


def test_only_the_rule_may_call_the_function(recorded: Recorder) -> None:
    permission = recorded.one("aws:lambda/permission:Permission").inputs
    rule = recorded.one("aws:cloudwatch/eventRule:EventRule").inputs["name"]
    assert permission["principal"] == "events.amazonaws.com"
    assert permission["sourceArn"] == f"arn:aws:events:eu-central-1:{ACCOUNT}:rule/{rule}"
    assert permission["sourceAccount"] == ACCOUNT
    assert permission["action"] == "lambda:InvokeFunction"


def test_the_queue_takes_undelivered_events_of_that_rule_over_tls(recorded: Recorder) -> None:
    queue = recorded.one("aws:sqs/queue:Queue").inputs
    assert queue["messageRetentionSeconds"] == 1_209_600
    assert ("kmsMasterKeyId" in queue) != ("sqsManagedSseEnabled" in queue)
    allow, deny = json.loads(recorded.one("aws:sqs/queuePolicy:QueuePolicy").inputs["policy"])["Statement"]
    rule = recorded.one("aws:cloudwatch/eventRule:EventRule").inputs["name"]
    assert allow["Condition"] == {"ArnEquals": {"aws:SourceArn": f"arn:aws:events:eu-central-1:{ACCOUNT}:rule/{rule}"}}
    assert allow["Principal"] == {"Service": "events.amazonaws.com"}
    assert (deny["Effect"], deny["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_schedules_wait_for_what_their_role_may_do(everything: Recorder) -> None:
    """Scheduler would else make a schedule whose first call is refused."""
    schedules = [request for (kind, _), request in everything.requests.items() if kind == "aws:scheduler/schedule:Schedule"]
    assert schedules
    assert all(any(urn.endswith("::roles-scheduler-policy") for urn in item.dependencies) for item in schedules)


def test_schedules_call_under_their_role_and_give_up_in_the_end(everything: Recorder) -> None:
    schedules = {item.inputs["name"]: item.inputs for item in everything.of("aws:scheduler/schedule:Schedule")}
    nouns = ("reconcile", "endpoint-cleanup", "scheduled-start", "forecast-start", "drift-check")
    assert set(schedules) == {f"model-training-prod-{noun}" for noun in nouns}
    for name, inputs in schedules.items():
        target = inputs["target"]
        assert target["arn"].endswith(f":function:{name}")
        assert target["roleArn"] == f"arn:aws:iam::{ACCOUNT}:role/model-training-prod-scheduler"
        assert target["deadLetterConfig"] == {"arn": QUEUE.format(stack="prod")}
        assert target["retryPolicy"]["maximumRetryAttempts"] <= 185
        assert inputs["groupName"] == "model-training-prod-schedules"
        assert inputs["flexibleTimeWindow"] == {"mode": "OFF"}


@pytest.mark.parametrize(
    ("handler", "expression"),
    [("scheduled-start", "cron(0 6 ? * MON *)"), ("forecast-start", "cron(0 7 ? * MON-FRI *)")],
)
def test_a_start_is_passed_what_its_handler_takes(everything: Recorder, handler: str, expression: str) -> None:
    (schedule,) = [item.inputs for item in everything.of("aws:scheduler/schedule:Schedule") if handler in item.inputs["name"]]
    assert schedule["scheduleExpression"] == expression
    passed = json.loads(schedule["target"]["input"])
    assert passed == {"scheduledTime": "<aws.scheduler.scheduled-time>", "templateId": "weekly"}
    due = datetime(2027, 1, 4, 6, tzinfo=UTC)
    assert read_slot(passed | {"scheduledTime": due.isoformat()}) == ("weekly", due)


def test_no_start_is_scheduled_unless_asked(dev: Recorder) -> None:
    assert len(dev.of("aws:scheduler/schedule:Schedule")) == 3


def test_alarms_reach_the_topic_and_the_topic_the_team(dev: Recorder, everything: Recorder) -> None:
    topic = f"arn:aws:sns:eu-central-1:{ACCOUNT}:model-training-prod-alarms"
    found = [item.inputs for item in everything.of("aws:cloudwatch/metricAlarm:MetricAlarm")]
    alarms = {inputs["metricName"]: inputs for inputs in found}
    assert set(alarms) == {"ExecutionFailed", "ApproximateNumberOfMessagesVisible", "Invocations"}
    assert all(inputs["alarmActions"] == [topic] for inputs in found)
    watched = [inputs["dimensions"]["PipelineName"] for inputs in found if inputs["metricName"] == "ExecutionFailed"]
    assert sorted(watched) == ["model-training-prod", "model-training-prod-forecast"]
    assert alarms["Invocations"]["dimensions"] == {"FunctionName": "model-training-prod-reconcile"}
    assert alarms["Invocations"]["treatMissingData"] == "breaching"
    assert alarms["Invocations"]["period"] * alarms["Invocations"]["evaluationPeriods"] <= 86_400
    subscription = everything.one("aws:sns/topicSubscription:TopicSubscription").inputs
    assert (subscription["protocol"], subscription["endpoint"], subscription["topic"]) == ("email", "team@example.org", topic)
    assert dev.of("aws:sns/topicSubscription:TopicSubscription") == []


def test_cloudwatch_may_publish_our_alarms_and_no_others(recorded: Recorder) -> None:
    allow, deny = json.loads(recorded.one("aws:sns/topicPolicy:TopicPolicy").inputs["policy"])["Statement"]
    sources = allow["Condition"]["ArnEquals"]["aws:SourceArn"]
    names = {item.inputs["name"] for item in recorded.of("aws:cloudwatch/metricAlarm:MetricAlarm")}
    assert {arn.rpartition(":")[2] for arn in sources} == names
    assert deny["Effect"] == "Deny"


def test_the_key_lets_events_and_alarms_through(prod: Recorder) -> None:
    key = prod.one("aws:kms/key:Key").inputs
    assert key["enableKeyRotation"] is True
    assert key["deletionWindowInDays"] == 30
    statements = {statement["Sid"]: statement for statement in json.loads(key["policy"])["Statement"]}
    assert statements["LetIamDecide"]["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    assert statements["DeliverDeadLetters"]["Principal"] == {"Service": "events.amazonaws.com"}
    assert statements["PublishAlarms"]["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    here = f"arn:aws:{{}}:eu-central-1:{ACCOUNT}:{{}}".format
    rules = [here("events", f"rule/{rule.inputs['name']}") for rule in prod.of("aws:cloudwatch/eventRule:EventRule")]
    alarms = [
        here("cloudwatch", f"alarm:{alarm.inputs['name']}") for alarm in prod.of("aws:cloudwatch/metricAlarm:MetricAlarm")
    ]
    for sid, sources in (("DeliverDeadLetters", rules), ("PublishAlarms", alarms)):
        (operator, condition), *others = statements[sid]["Condition"].items()
        assert (operator, list(condition), others) == ("ArnLike", ["aws:SourceArn"], []), "others' rules and alarms have no use"
        assert sorted(listed(condition["aws:SourceArn"])) == sorted(sources)
    groups = statements["EncryptLogs"]["Condition"]["ArnEquals"]["kms:EncryptionContext:aws:logs:arn"]
    declared = {group.inputs["name"] for group in prod.of("aws:cloudwatch/logGroup:LogGroup")}
    assert {arn.partition(":log-group:")[2] for arn in groups} == declared


def test_an_existing_key_is_used_as_it_is() -> None:
    arn = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/99999999-2222-3333-4444-555555555555"
    recorded = run_program("dev", encryptionKey=arn)
    assert recorded.of("aws:kms/key:Key") == []
    assert {item.inputs["serverSideEncryption"]["kmsKeyArn"] for item in recorded.of("aws:dynamodb/table:Table")} == {arn}
    assert arn in recorded.named("pipeline-pipeline").inputs["pipelineDefinition"]
    assert region_problem("eu-central-1") is None


def test_a_preview_shows_when_a_cron_schedule_fires_next(everything: Recorder, dev: Recorder) -> None:
    forecast, training = sorted(text for text in everything.messages if "fires next" in text)
    pattern = r"scheduled-start: cron\(0 6 \? \* MON \*\) fires next \(UTC\): (Mon \d{4}-\d\d-\d\d 06:00(, )?){3}"
    assert re.fullmatch(pattern, training)
    pattern = r"forecast-start: cron\(0 7 \? \* MON-FRI \*\) fires next \(UTC\): (\w{3} \d{4}-\d\d-\d\d 07:00(, )?){3}"
    assert re.fullmatch(pattern, forecast)
    assert not [text for text in dev.messages if "fires next" in text]
