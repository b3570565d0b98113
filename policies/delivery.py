"""Events, queues and topics: nothing undelivered is lost, and nobody else puts something in."""

from __future__ import annotations

from collections.abc import Iterator

from policies.controls import ADVISORY, Finding, ResourceControl, StackControl, must_have
from policies.documents import RESOURCE_DOCUMENTS, allowing, denies_plain_transport, statements, unreadable
from policies.principals import unnamed
from policies.resources import Resource, Stack

QUEUE = "aws:sqs/queue:Queue"
QUEUE_POLICY = "aws:sqs/queuePolicy:QueuePolicy"
TOPIC = "aws:sns/topic:Topic"
TOPIC_POLICY = "aws:sns/topicPolicy:TopicPolicy"
EVENT_TARGET = "aws:cloudwatch/eventTarget:EventTarget"
SCHEDULE = "aws:scheduler/schedule:Schedule"
BUS = "aws:cloudwatch/eventBus:EventBus"
BUS_POLICY = "aws:cloudwatch/eventBusPolicy:EventBusPolicy"

QUEUE_SENDERS = ("events.amazonaws.com",)
TOPIC_SENDERS = ("cloudwatch.amazonaws.com", "events.amazonaws.com")
MAX_EVENT_AGE_SECONDS = 24 * 3600
MAX_RETRIES = 185


def _queue_encrypted(queue: Resource) -> Iterator[Finding]:
    if not queue.has("kmsMasterKeyId") and queue.get("sqsManagedSseEnabled") is not True:
        yield Finding("kmsMasterKeyId", None, "needed: a key, or sqsManagedSseEnabled")


def _queue_has_policy(queue: Resource, stack: Stack) -> Iterator[Finding]:
    if not queue.has("policy") and not stack.companions(queue, QUEUE_POLICY, "queueUrl"):
        yield Finding("its QueuePolicy", None, f"needed: one {QUEUE_POLICY} for each queue")


def _topic_has_policy(topic: Resource, stack: Stack) -> Iterator[Finding]:
    if not topic.has("policy") and not stack.companions(topic, TOPIC_POLICY, "arn"):
        yield Finding("its TopicPolicy", None, f"needed: one {TOPIC_POLICY} for each topic")


def _closed(resource: Resource, senders: tuple[str, ...]) -> Iterator[Finding]:
    yield from unreadable(resource, RESOURCE_DOCUMENTS)
    for statement in allowing(resource, RESOURCE_DOCUMENTS):
        named = [(type_, name) for type_, names in statement.principals.items() for name in names]
        for type_, name in named:
            if type_ != "Service" or name not in senders:
                yield Finding(f"{statement.field}.Principal", name, f"allowed: the service {' or '.join(senders)}")
        if not statement.has_source():
            yield Finding(f"{statement.field}.Condition", None, "needed: aws:SourceArn, the rule or alarm that may send")
        for action in statement.actions:
            if "*" in action:
                yield Finding(f"{statement.field}.Action", action, "allowed: actions by name")


def _tls(resource: Resource, actions: tuple[str, ...]) -> Iterator[Finding]:
    found = list(statements(resource, RESOURCE_DOCUMENTS))
    for statement in found:
        if statement.resources and denies_plain_transport([statement], actions, statement.resources):
            return
    if resource.has("policy"):
        allowed = f"needed: a Deny of {actions[0]} to everyone where aws:SecureTransport is false"
        yield Finding("policy", f"{len(found)} statements without it", allowed)


def _queue_closed(resource: Resource) -> Iterator[Finding]:
    yield from _closed(resource, QUEUE_SENDERS)
    yield from _tls(resource, ("sqs:*", "*"))


def _topic_closed(resource: Resource) -> Iterator[Finding]:
    yield from _closed(resource, TOPIC_SENDERS)
    yield from _tls(resource, ("sns:Publish", "sns:*", "*"))


def _nothing_lost(resource: Resource) -> Iterator[Finding]:
    root = "target." if resource.kind == SCHEDULE else ""
    yield from must_have(resource, f"{root}deadLetterConfig.arn", "needed: the queue for what could not be delivered")
    for member, most in (("maximumEventAgeInSeconds", MAX_EVENT_AGE_SECONDS), ("maximumRetryAttempts", MAX_RETRIES)):
        path = f"{root}retryPolicy.{member}"
        value = resource.number(path)
        if value is None or not 0 <= value <= most:
            yield Finding(path, resource.get(path), f"needed: a bound, at most {most}")


def _bus_has_policy(bus: Resource, stack: Stack) -> Iterator[Finding]:
    if not stack.companions(bus, BUS_POLICY, "eventBusName"):
        yield Finding("its EventBusPolicy", None, f"needed: one {BUS_POLICY} for each bus of our own")


def _bus_closed(policy: Resource) -> Iterator[Finding]:
    yield from unreadable(policy, RESOURCE_DOCUMENTS)
    for statement in allowing(policy, RESOURCE_DOCUMENTS):
        yield from unnamed(statement)


_QUEUES = (
    "SQS.1 SQS.3 CKV_AWS_27 CKV_AWS_72 CKV_AWS_168 CKV_AWS_387 CKV2_AWS_73 "
    "AwsSolutions-SQS2 AwsSolutions-SQS3 AwsSolutions-SQS4 W48 F20 F21"
)
_TOPICS = "SNS.4 CKV_AWS_169 AwsSolutions-SNS3"
_TARGETS = "event-delivery"
_BUSES = "EventBridge.3 AwsSolutions-EVB1"

CONTROLS = (
    ResourceControl("sqs-encrypted", "Queues are encrypted", _QUEUES, (QUEUE,), look=_queue_encrypted),
    StackControl("sqs-policy-exists", "Each queue has a policy", _QUEUES, (QUEUE,), look=_queue_has_policy),
    ResourceControl(
        "sqs-closed", "Queues take messages of our rule alone, over TLS", _QUEUES, (QUEUE_POLICY, QUEUE), look=_queue_closed
    ),
    StackControl("sns-policy-exists", "Each topic has a policy", _TOPICS, (TOPIC,), look=_topic_has_policy),
    ResourceControl(
        "sns-closed", "Topics take messages of our alarms alone, over TLS", _TOPICS, (TOPIC_POLICY, TOPIC), look=_topic_closed
    ),
    ResourceControl(
        "event-delivery",
        "What can not be delivered is tried for a bounded time, and kept",
        _TARGETS,
        (EVENT_TARGET, SCHEDULE),
        look=_nothing_lost,
    ),
    StackControl(
        "event-bus-policy-exists", "Each bus of our own has a policy", _BUSES, (BUS,), look=_bus_has_policy, level=ADVISORY
    ),
    ResourceControl("event-bus-closed", "No bus is open to everyone", _BUSES, (BUS_POLICY,), look=_bus_closed, level=ADVISORY),
)
