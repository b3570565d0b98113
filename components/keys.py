"""The stack's own KMS key, if the settings ask for one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Output, ResourceOptions

from components.context import StackContext
from components.handlers import HANDLERS
from components.iam.documents import Document, canonical, one_or_many
from components.names import ALARMS, EVENT_RULE, Names
from contracts.regions import dns_suffix

DELETION_WINDOW_DAYS = 30


class Key(pulumi.ComponentResource):
    """A key for all of the stack's data, with yearly rotation."""

    arn: Output[str]

    def __init__(self, name: str, context: StackContext, opts: ResourceOptions | None = None) -> None:
        super().__init__("model-training:keys:Key", name, {}, opts)
        names = context.names
        key = aws.kms.Key(
            f"{name}-key",
            description=f"Data of {names.project}, stack {names.stack}",
            deletion_window_in_days=DELETION_WINDOW_DAYS,
            enable_key_rotation=True,
            policy=key_policy(names),
            tags=context.tags,
            opts=context.protected(self),
        )
        aws.kms.Alias(
            f"{name}-alias",
            name=f"alias/{names.pipeline}",
            target_key_id=key.key_id,
            opts=context.protected(self),
        )
        self.arn = key.arn
        self.register_outputs({"arn": self.arn})


def with_chosen_key(name: str, context: StackContext) -> StackContext:
    """The context with the key that the settings ask for: a new one, an existing one, or none (AWS manages the keys)."""
    if context.settings.creates_key:
        return context.with_key(Key(name, context).arn)
    return context.with_key(context.settings.given_key_arn)


def key_policy(names: Names) -> str:
    """IAM policies of the account decide who uses the key; services without a role in the stack are named here."""
    return canonical(
        [
            {
                "Sid": "LetIamDecide",
                "Effect": "Allow",
                "Principal": {"AWS": names.arn("iam", "root", region="")},
                "Action": "kms:*",
                "Resource": "*",
            },
            _service("DeliverDeadLetters", "events.amazonaws.com", [names.rule(EVENT_RULE)]),
            _service("PublishAlarms", "cloudwatch.amazonaws.com", [names.alarm(noun) for noun in ALARMS]),
            _logs(names),
        ]
    )


def _service(sid: str, service: str, sources: Sequence[str]) -> Document:
    """A service that writes to an encrypted queue or topic, for the given sources only."""
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": "*",
        "Condition": {"ArnLike": {"aws:SourceArn": one_or_many(sources)}},
    }


def _logs(names: Names) -> dict[str, Any]:
    """CloudWatch Logs has one principal per region, and names the log group in the encryption context."""
    region = names.region
    groups = [names.arn("logs", f"log-group:{names.log_group(handler.name)}") for handler in HANDLERS]
    return {
        "Sid": "EncryptLogs",
        "Effect": "Allow",
        "Principal": {"Service": f"logs.{region}.{dns_suffix(region)}"},
        "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
        "Resource": "*",
        "Condition": {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": one_or_many(groups)}},
    }
