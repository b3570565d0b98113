"""The queue of what nobody could deliver or handle, and who may put something there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output, ResourceOptions

from components.names import DEAD_LETTERS, EVENT_RULE, Names
from components.policies import Document, canonical, tls_only

RETENTION_SECONDS = 14 * 24 * 3600


@dataclass(frozen=True)
class DeadLettersArgs:
    names: Names
    tags: Mapping[str, str]
    key_arn: Input[str] | None


class DeadLetters(pulumi.ComponentResource):
    arn: Output[str]
    url: Output[str]
    name: Output[str]

    def __init__(self, name: str, args: DeadLettersArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("model-training:dead_letters:DeadLetters", name, {}, opts)
        encryption: dict[str, Any] = {"sqs_managed_sse_enabled": True}
        if args.key_arn is not None:
            encryption = {"kms_master_key_id": args.key_arn}
        queue = aws.sqs.Queue(
            f"{name}-queue",
            name=args.names.of(DEAD_LETTERS),
            message_retention_seconds=RETENTION_SECONDS,
            tags=args.tags,
            opts=ResourceOptions(parent=self),
            **encryption,
        )
        aws.sqs.QueuePolicy(
            f"{name}-policy",
            queue_url=queue.url,
            policy=queue_policy(args.names),
            opts=ResourceOptions(parent=self),
        )
        self.arn, self.url, self.name = queue.arn, queue.url, queue.name
        self.register_outputs({"arn": self.arn, "url": self.url})


def queue_policy(names: Names) -> str:
    """EventBridge has no role of ours, so the queue names its rule. Lambda and Scheduler come with theirs."""
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
