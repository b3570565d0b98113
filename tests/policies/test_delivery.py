from __future__ import annotations

from typing import Any

import pytest

from policies.delivery import (
    BUS,
    BUS_POLICY,
    EVENT_TARGET,
    QUEUE,
    QUEUE_POLICY,
    SCHEDULE,
    TOPIC,
    TOPIC_POLICY,
)
from tests.policies.documents import document, grant, tls_only
from tests.policies.judging import UNKNOWN, Case, Member, bad, change, good

QUEUE_ARN = "arn:aws:sqs:eu-central-1:123456789012:dead-letters"
TOPIC_ARN = "arn:aws:sns:eu-central-1:123456789012:alarms"
EVENTS = {"Service": "events.amazonaws.com"}
ALARMS = {"Service": "cloudwatch.amazonaws.com"}
SOURCE = {"ArnEquals": {"aws:SourceArn": "arn:aws:events:eu-central-1:123456789012:rule/r"}}
SEND = grant(EVENTS, "sqs:SendMessage", QUEUE_ARN, Condition=SOURCE)
PUBLISH = grant(ALARMS, "sns:Publish", TOPIC_ARN, Condition=SOURCE)
QUEUE_TLS = tls_only("sqs:*", QUEUE_ARN)
TOPIC_TLS = tls_only("sns:Publish", TOPIC_ARN)
DELIVERY = {
    "deadLetterConfig": {"arn": UNKNOWN},
    "retryPolicy": {"maximumEventAgeInSeconds": 21600, "maximumRetryAttempts": 30},
}
OUR_QUEUE = Member(QUEUE, {"name": "dead-letters"}, "queue")
OUR_TOPIC = Member(TOPIC, {"name": "alarms"}, "topic")
OUR_BUS = Member(BUS, {"name": "bus"}, "bus")


def queue(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"queueUrl": UNKNOWN, "policy": document(*statements)}


def topic(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"arn": UNKNOWN, "policy": document(*statements)}


CASES = [
    good("sqs-encrypted", QUEUE, {"sqsManagedSseEnabled": True}),
    good("sqs-encrypted", QUEUE, {"kmsMasterKeyId": UNKNOWN}),
    bad("sqs-encrypted", QUEUE, {"sqsManagedSseEnabled": False}, "kmsMasterKeyId is missing"),
    Case("sqs-policy-exists", [OUR_QUEUE, Member(QUEUE_POLICY, queue(SEND), sources={"queueUrl": [OUR_QUEUE.urn]})]),
    Case("sqs-policy-exists", [Member(QUEUE, {"policy": document(SEND)})]),
    Case("sqs-policy-exists", [OUR_QUEUE, Member(QUEUE_POLICY, queue(SEND))], ("its QueuePolicy is missing",)),
    good("sqs-closed", QUEUE_POLICY, queue(SEND, QUEUE_TLS)),
    good("sqs-closed", QUEUE, {"name": "without a policy"}),
    bad("sqs-closed", QUEUE_POLICY, queue(SEND), "policy is '1 statements without it'", "SecureTransport"),
    bad("sqs-closed", QUEUE_POLICY, queue(QUEUE_TLS, change(SEND, "Principal", "*")), "Statement[1].Principal is '*'"),
    bad(
        "sqs-closed", QUEUE_POLICY, queue(QUEUE_TLS, change(SEND, "Principal", {"Service": "s3.amazonaws.com"})), "s3.amazonaws"
    ),
    bad("sqs-closed", QUEUE_POLICY, queue(QUEUE_TLS, change(SEND, "Condition")), "Condition is missing", "aws:SourceArn"),
    bad(
        "sqs-closed",
        QUEUE_POLICY,
        queue(QUEUE_TLS, change(SEND, "Condition", {"ArnLike": {"aws:SourceArn": "arn:aws:events:*:*:rule/*"}})),
        "Condition is missing",
    ),
    bad("sqs-closed", QUEUE_POLICY, queue(QUEUE_TLS, change(SEND, "Action", "sqs:*")), "Action is 'sqs:*'"),
    bad("sqs-closed", QUEUE, {"policy": document(SEND)}, "SecureTransport"),
    Case("sns-policy-exists", [OUR_TOPIC, Member(TOPIC_POLICY, topic(PUBLISH), sources={"arn": [OUR_TOPIC.urn]})]),
    Case("sns-policy-exists", [OUR_TOPIC], ("its TopicPolicy is missing",)),
    good("sns-closed", TOPIC_POLICY, topic(PUBLISH, TOPIC_TLS)),
    bad("sns-closed", TOPIC_POLICY, topic(PUBLISH), "SecureTransport"),
    bad("sns-closed", TOPIC_POLICY, topic(TOPIC_TLS, change(PUBLISH, "Principal", {"AWS": "*"})), "Principal is '*'"),
    bad("sns-closed", TOPIC_POLICY, topic(TOPIC_TLS, change(PUBLISH, "Condition")), "Condition is missing"),
    good("event-delivery", EVENT_TARGET, DELIVERY),
    good("event-delivery", SCHEDULE, {"target": DELIVERY}),
    bad("event-delivery", EVENT_TARGET, {}, "deadLetterConfig.arn is missing", "maximumRetryAttempts is missing"),
    bad("event-delivery", SCHEDULE, {"target": {}}, "target.deadLetterConfig.arn is missing"),
    bad(
        "event-delivery", EVENT_TARGET, change(DELIVERY, "retryPolicy.maximumRetryAttempts"), "maximumRetryAttempts is missing"
    ),
    bad("event-delivery", EVENT_TARGET, change(DELIVERY, "retryPolicy.maximumRetryAttempts", 186), "is 186", "at most 185"),
    bad("event-delivery", EVENT_TARGET, change(DELIVERY, "retryPolicy.maximumEventAgeInSeconds", 86401), "is 86401"),
    Case("event-bus-policy-exists", [OUR_BUS, Member(BUS_POLICY, {"eventBusName": "bus"})]),
    Case("event-bus-policy-exists", [OUR_BUS], ("its EventBusPolicy is missing",)),
    good("event-bus-closed", BUS_POLICY, {"policy": document(grant({"AWS": "123456789012"}, "events:PutEvents", "*"))}),
    bad("event-bus-closed", BUS_POLICY, {"policy": document(grant("*", "events:PutEvents", "*"))}, "Principal is '*'"),
]


@pytest.mark.usefixtures("nothing_exempt")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_delivery(case: Case) -> None:
    case.check()
