"""Dead-letter queue for undelivered events and failed invocations, and its queue policy."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Output, ResourceOptions

from components.context import StackContext
from components.iam.documents import Document, canonical, tls_only
from components.names import DEAD_LETTERS, EVENT_RULE, Names

RETENTION_SECONDS = 14 * 24 * 3600


class DeadLetters(pulumi.ComponentResource):
    arn: Output[str]
    url: Output[str]
    name: Output[str]

    def __init__(self, name: str, context: StackContext, opts: ResourceOptions | None = None) -> None:
        super().__init__("model-training:dead_letters:DeadLetters", name, {}, opts)
        encryption: dict[str, Any] = {"sqs_managed_sse_enabled": True}
        if context.key_arn is not None:
            encryption = {"kms_master_key_id": context.key_arn}
        queue = aws.sqs.Queue(
            f"{name}-queue",
            name=context.names.of(DEAD_LETTERS),
            message_retention_seconds=RETENTION_SECONDS,
            tags=context.tags,
            opts=context.protected(self),
            **encryption,
        )
        aws.sqs.QueuePolicy(
            f"{name}-policy",
            queue_url=queue.url,
            policy=queue_policy(context.names),
            opts=context.protected(self),
        )
        self.arn, self.url, self.name = queue.arn, queue.url, queue.name
        self.register_outputs({"arn": self.arn, "url": self.url})


def queue_policy(names: Names) -> str:
    """EventBridge has no role in the stack, so the policy names its rule. Lambda and Scheduler send under their roles."""
    queue = names.queue(DEAD_LETTERS)
    deliver: Document = {
        "Sid": "KeepUndeliveredEvents",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": names.rule(EVENT_RULE)}},
    }
    return canonical([deliver, tls_only("sqs:*", queue)])
