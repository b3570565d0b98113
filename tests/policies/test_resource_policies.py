from __future__ import annotations

from typing import Any

import pytest

from policies.kinds import QUEUE, QUEUE_POLICY, TOPIC, TOPIC_POLICY
from tests.policies.cases import UNKNOWN, Case, Member, bad, change, good
from tests.policies.documents import document, grant, tls_only

QUEUE_ARN = "arn:aws:sqs:eu-central-1:123456789012:dead-letters"
TOPIC_ARN = "arn:aws:sns:eu-central-1:123456789012:alarms"
EVENTS = {"Service": "events.amazonaws.com"}
ALARMS = {"Service": "cloudwatch.amazonaws.com"}
SOURCE = {"ArnEquals": {"aws:SourceArn": "arn:aws:events:eu-central-1:123456789012:rule/r"}}
SEND = grant(EVENTS, "sqs:SendMessage", QUEUE_ARN, Condition=SOURCE)
PUBLISH = grant(ALARMS, "sns:Publish", TOPIC_ARN, Condition=SOURCE)
QUEUE_TLS = tls_only("sqs:*", QUEUE_ARN)
TOPIC_TLS = tls_only("sns:Publish", TOPIC_ARN)
OUR_QUEUE = Member(QUEUE, {"name": "dead-letters"}, "queue")
OUR_TOPIC = Member(TOPIC, {"name": "alarms"}, "topic")


def queue(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"queueUrl": UNKNOWN, "policy": document(*statements)}


def topic(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"arn": UNKNOWN, "policy": document(*statements)}


CASES = [
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
]


@pytest.mark.usefixtures("nothing_exempt")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_queues_and_topics(case: Case) -> None:
    case.check()
