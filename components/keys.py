"""The stack's own KMS key, where the settings ask for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output, ResourceOptions

from components.names import ALARMS, EVENT_RULE, FUNCTIONS, Names
from components.policies import Document, canonical, one_or_many
from contracts.regions import dns_suffix

DELETION_WINDOW_DAYS = 30


@dataclass(frozen=True)
class KeyArgs:
    names: Names
    tags: Mapping[str, str]


class Key(pulumi.ComponentResource):
    """A key that turns over every year, for all of the stack's data."""

    arn: Output[str]

    def __init__(self, name: str, args: KeyArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("model-training:keys:Key", name, {}, opts)
        names = args.names
        key = aws.kms.Key(
            f"{name}-key",
            description=f"Data of {names.settings.project}, stack {names.settings.stack}",
            deletion_window_in_days=DELETION_WINDOW_DAYS,
            enable_key_rotation=True,
            policy=key_policy(names),
            tags=args.tags,
            opts=ResourceOptions(parent=self, protect=names.settings.protect_data),
        )
        aws.kms.Alias(
            f"{name}-alias",
            name=f"alias/{names.pipeline}",
            target_key_id=key.key_id,
            opts=ResourceOptions(parent=self),
        )
        self.arn = key.arn
        self.register_outputs({"arn": self.arn})


def key_arn_of(name: str, names: Names, tags: Mapping[str, str]) -> Input[str] | None:
    """The key that the settings ask for: one of the stack's own, an existing one, or none (keys that AWS manages)."""
    if names.settings.creates_key:
        return Key(name, KeyArgs(names, tags)).arn
    return names.settings.given_key_arn


def key_policy(names: Names) -> str:
    """The account's own policies decide who uses the key; services that act without a role of ours are named here."""
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
    """A service that writes to an encrypted queue or topic, for sources of ours alone."""
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": "*",
        "Condition": {"ArnLike": {"aws:SourceArn": one_or_many(sources)}},
    }


def _logs(names: Names) -> dict[str, Any]:
    """CloudWatch Logs has one principal a region, and names the log group in the encryption context."""
    region = names.settings.region
    groups = [names.arn("logs", f"log-group:{names.log_group(function)}") for function in FUNCTIONS]
    return {
        "Sid": "EncryptLogs",
        "Effect": "Allow",
        "Principal": {"Service": f"logs.{region}.{dns_suffix(region)}"},
        "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
        "Resource": "*",
        "Condition": {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": one_or_many(groups)}},
    }
