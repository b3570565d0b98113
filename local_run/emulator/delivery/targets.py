"""Targets of rules: which targets an event matches, an attempt to deliver it, and the retry after a failed attempt."""

from __future__ import annotations

import fnmatch
import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from moto.events.models import EventPattern, EventTemplateParser

from local_run.emulator.access import EVENTS_ACTOR
from local_run.emulator.delivery.functions import FunctionNotFoundError, FunctionUnavailableError
from local_run.emulator.delivery.input_path import value_at

if TYPE_CHECKING:
    from local_run.emulator.access import AwsAccess
    from local_run.emulator.delivery.function_process import Invocation
    from local_run.emulator.delivery.functions import FunctionHost

#: EventBridge's defaults for a target without a RetryPolicy, and Lambda's for an asynchronous invocation.
TARGET_RETRIES, TARGET_AGE_SECONDS = 185, 86_400
INVOKE_RETRIES, INVOKE_AGE_SECONDS = 2, 21_600


@dataclass(frozen=True)
class Target:
    """A rule's target as PutTargets stored it."""

    rule_arn: str
    arn: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Delivery:
    """An attempt to deliver an event to a target. ``delay`` is the wait before it, in unscaled seconds."""

    target: Target
    event: Any
    payload: Any
    attempt: int = 0
    invoked: int = 0
    delay: float = 0.0
    waited: float = 0.0

    @classmethod
    def of_target(cls, target: Target, event: Mapping[str, Any]) -> Delivery:
        return cls(target, event, target_input(target.settings, event))

    @classmethod
    def of_invocation(cls, function_arn: str, event: Any) -> Delivery:
        """Return an asynchronous invocation without a rule."""
        return cls(Target("", function_arn), event, event)


def matching_targets(aws: AwsAccess, event: Mapping[str, Any]) -> Iterator[Target]:
    """Yield the targets of all enabled rules of the default bus that currently match the event."""
    client = aws.client("events", EVENTS_ACTOR)
    for rule in _pages(client.list_rules, "Rules"):
        pattern = rule.get("EventPattern")
        if rule.get("State") == "ENABLED" and pattern and EventPattern.load(pattern).matches_event(dict(event)):
            for item in _pages(client.list_targets_by_rule, "Targets", Rule=rule["Name"]):
                yield Target(rule["Arn"], item["Arn"], item)


def _pages(operation: Any, member: str, **arguments: Any) -> Iterator[dict[str, Any]]:
    token: dict[str, str] = {}
    while True:
        answer = operation(**arguments, **token)
        yield from answer[member]
        if not answer.get("NextToken"):
            return
        token = {"NextToken": answer["NextToken"]}


def target_input(settings: Mapping[str, Any], event: Mapping[str, Any]) -> Any:
    """Return the target's input: its constant Input, a part of the event, a transformed event, or the event."""
    if "Input" in settings:
        return json.loads(settings["Input"])
    if "InputPath" in settings:
        return value_at(event, settings["InputPath"])
    if "InputTransformer" in settings:
        transformer = settings["InputTransformer"]
        stamped = {**event, "ingestion-time": time.time()}
        return EventTemplateParser.parse(transformer["InputTemplate"], transformer.get("InputPathsMap", {}), stamped)
    return dict(event)


class EventTargets:
    """Attempts deliveries."""

    def __init__(self, aws: AwsAccess, functions: FunctionHost, warn: Callable[[str], None]) -> None:
        self._aws = aws
        self._functions = functions
        self._warn = warn

    def attempt(self, delivery: Delivery) -> Delivery | None:
        """Try to deliver once. Returns the next attempt; None if the event arrived or was given up."""
        service = delivery.target.arn.split(":")[2]
        if service == "sqs":
            self._send(delivery.target.arn, delivery.payload, {})
            return None
        if service != "lambda":
            self._warn(f"rule target {delivery.target.arn}: only Lambda functions and SQS queues are delivered to")
            return None
        refused = self._refusal(delivery)
        if refused is not None:
            return self._undelivered(delivery, *refused)
        try:
            result = self._functions.invoke(delivery.target.arn, delivery.payload)
        except FunctionNotFoundError as error:
            return self._undelivered(delivery, "RESOURCE_NOT_FOUND", str(error))
        except FunctionUnavailableError as error:
            return self._undelivered(delivery, "TOO_MANY_REQUESTS", str(error))
        return None if result.error is None else self._function_failed(delivery, result)

    def _refusal(self, delivery: Delivery) -> tuple[str, str] | None:
        """Return why the function's resource policy does not let the rule invoke it; None if it does."""
        if not delivery.target.rule_arn:
            return None
        policy = self._functions.resource_policy(delivery.target.arn)
        if policy is not None and not any(_allows(item, delivery.target.rule_arn) for item in policy):
            return "NO_PERMISSIONS", f"the resource policy of {delivery.target.arn} does not let events.amazonaws.com invoke it"
        return None

    def _undelivered(self, delivery: Delivery, code: str, message: str) -> Delivery | None:
        policy = delivery.target.settings.get("RetryPolicy") or {}
        most = int(policy.get("MaximumRetryAttempts", TARGET_RETRIES))
        age = float(policy.get("MaximumEventAgeInSeconds", TARGET_AGE_SECONDS))
        # Retries cannot fix these errors, so EventBridge sends such events to the dead-letter queue at once.
        if delivery.attempt < most and code not in ("NO_PERMISSIONS", "RESOURCE_NOT_FOUND"):
            delay = min(2.0**delivery.attempt, 3600.0)
            if delivery.waited + delay <= age:
                return replace(delivery, attempt=delivery.attempt + 1, delay=delay, waited=delivery.waited + delay)
        self._give_up(delivery, code, message)
        return None

    def _give_up(self, delivery: Delivery, code: str, message: str) -> None:
        queue = (delivery.target.settings.get("DeadLetterConfig") or {}).get("Arn")
        attributes = {
            "RULE_ARN": delivery.target.rule_arn,
            "TARGET_ARN": delivery.target.arn,
            "ERROR_CODE": code,
            "ERROR_MESSAGE": message,
            "RETRY_ATTEMPTS": str(delivery.attempt),
        }
        if queue:
            self._send(queue, delivery.event, attributes)
        lost = f"sent to {queue.rsplit(':', 1)[-1]}" if queue else "lost: the target has no dead-letter queue"
        self._warn(f"event for {delivery.target.arn} was not delivered ({code}: {message}); it is {lost}")

    def _function_failed(self, delivery: Delivery, result: Invocation) -> Delivery | None:
        configuration = self._functions.event_invoke_configuration(delivery.target.arn)
        invoked = delivery.invoked + 1
        delay = 60.0 * invoked
        age = float(configuration.get("MaximumEventAgeInSeconds", INVOKE_AGE_SECONDS))
        most = int(configuration.get("MaximumRetryAttempts", INVOKE_RETRIES))
        if invoked <= most and delivery.waited + delay <= age:
            return replace(delivery, invoked=invoked, delay=delay, waited=delivery.waited + delay)
        destination = configuration.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination", "")
        if destination.split(":")[2:3] == ["sqs"]:
            self._send(destination, _failure_record(delivery, result, invoked), {})
        fate = f"sent to {destination.rsplit(':', 1)[-1]}" if destination else "lost: it has no on-failure destination"
        self._warn(f"{delivery.target.arn} failed {invoked} times ({result.error_text}); the event is {fate}")
        return None

    def _send(self, queue_arn: str, body: Any, attributes: Mapping[str, str]) -> None:
        client = self._aws.client("sqs", EVENTS_ACTOR)
        url = client.get_queue_url(QueueName=queue_arn.rsplit(":", 1)[-1])["QueueUrl"]
        typed = {name: {"DataType": "String", "StringValue": value or "-"} for name, value in attributes.items()}
        client.send_message(QueueUrl=url, MessageBody=json.dumps(body), MessageAttributes=typed)


def _failure_record(delivery: Delivery, result: Invocation, invoked: int) -> dict[str, Any]:
    """Return the record that Lambda sends to an on-failure destination."""
    return {
        "version": "1.0",
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "functionArn": f"{delivery.target.arn}:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": invoked,
        },
        "requestPayload": delivery.payload,
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": result.error,
    }


def _allows(statement: Mapping[str, Any], rule_arn: str) -> bool:
    """Return whether a statement of a function's resource policy lets EventBridge invoke it for this rule."""
    principal = statement.get("Principal")
    service = principal.get("Service") if isinstance(principal, Mapping) else principal
    tests = [test for tests in (statement.get("Condition") or {}).values() for test in tests.items()]
    source = next((value for key, value in tests if key.lower() == "aws:sourcearn"), "*")
    return (
        statement.get("Effect") == "Allow"
        and statement.get("Action") in ("lambda:InvokeFunction", "lambda:*")
        and service in ("events.amazonaws.com", "*")
        and fnmatch.fnmatchcase(rule_arn, source)
    )
