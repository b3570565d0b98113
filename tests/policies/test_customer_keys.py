from __future__ import annotations

import json
from typing import Any

import pytest

from policies.customer_keys import KEY_PROPERTIES, LOGS_CONTEXT
from policies.kinds import BUCKET_ENCRYPTION as ENCRYPTION
from policies.kinds import KEY, PIPELINE, QUEUE, SCHEDULE
from tests.policies.cases import UNKNOWN, Case, Member, bad, change, good
from tests.policies.documents import ACCOUNT, KEY_ARN, document, grant

ROOT = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
EVENTS = {"Service": "events.amazonaws.com"}
SOURCE = {"ArnEquals": {"aws:SourceArn": "arn:aws:events:eu-central-1:123456789012:rule/r"}}
LOGS = {"Service": "logs.eu-central-1.amazonaws.com"}
LOG_GROUP = {"ArnEquals": {LOGS_CONTEXT: f"arn:aws:logs:eu-central-1:{ACCOUNT}:log-group:/aws/lambda/f"}}
NO_SOURCES = ({"Null": {"aws:SourceArn": "true"}}, {"ArnLike": {"aws:SourceArn": "arn:*"}})
KEPT = {"enableKeyRotation": True, "deletionWindowInDays": 30, "policy": document(grant(ROOT, "kms:*", "*"))}


def key_policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {**KEPT, "policy": document(*statements)}


def under_key(kind: str, arn: str | None) -> dict[str, Any]:
    """Return inputs of a kind with a key."""
    value: Any = arn
    for part in reversed(KEY_PROPERTIES[kind][0].split(".")):
        value = [value] if part.isdecimal() else {part: value}
    return dict(value)


def definition(*types: str, key: str | None) -> dict[str, Any]:
    arguments: dict[str, dict[str, Any]] = {
        "Processing": {"ProcessingResources": {"ClusterConfig": {}}, "ProcessingOutputConfig": {}},
        "Training": {"ResourceConfig": {}, "OutputDataConfig": {}},
    }
    if key:
        arguments["Processing"] = {
            "ProcessingResources": {"ClusterConfig": {"VolumeKmsKeyId": key}},
            "ProcessingOutputConfig": {"KmsKeyId": key},
        }
        arguments["Training"] = {"ResourceConfig": {"VolumeKmsKeyId": key}, "OutputDataConfig": {"KmsKeyId": key}}
    steps = [{"Name": type_, "Type": type_, "Arguments": arguments[type_]} for type_ in types]
    return {"pipelineDefinition": json.dumps({"Version": "2020-12-01", "Steps": steps})}


JOBS = ("Processing", "Training")
PLAIN_QUEUE = Member(QUEUE, {"sqsManagedSseEnabled": True}, "queue")
OWN_KEY = Member(KEY, KEPT, "key")

CASES = [
    good("kms-key-policy", KEY, KEPT),
    good("kms-key-policy", KEY, key_policy(grant(ROOT, "kms:*", "*"), grant(EVENTS, "kms:Decrypt", "*", Condition=SOURCE))),
    bad("kms-key-policy", KEY, change(KEPT, "policy"), "policy is missing"),
    bad("kms-key-policy", KEY, change(KEPT, "policy", "x"), "policy is 'x'"),
    bad("kms-key-policy", KEY, key_policy(grant("*", "kms:Decrypt", "*")), "Principal is '*'"),
    bad("kms-key-policy", KEY, key_policy(grant(EVENTS, "kms:Decrypt", "*")), "Condition is missing"),
    bad(
        "kms-key-policy",
        KEY,
        key_policy(grant({"Federated": "accounts.google.com"}, "kms:Decrypt", "*")),
        "Principal.Federated is",
    ),
    good("kms-key-policy", KEY, key_policy(grant(LOGS, "kms:Decrypt", "*", Condition=LOG_GROUP))),
    *(
        bad("kms-key-policy", KEY, key_policy(grant(EVENTS, "kms:Decrypt", "*", Condition=none)), "is missing")
        for none in NO_SOURCES
    ),
    bad("kms-key-policy", KEY, key_policy(grant(EVENTS, "kms:*", "*", Condition=SOURCE)), "Action is 'kms:*'"),
    *(good("kms-key-in-production", kind, under_key(kind, KEY_ARN), stack="prod") for kind in KEY_PROPERTIES),
    *(good("kms-key-in-production", kind, under_key(kind, UNKNOWN), stack="prod") for kind in KEY_PROPERTIES),
    *(good("kms-key-in-production", kind, {}, stack="dev") for kind in KEY_PROPERTIES),
    *(
        bad("kms-key-in-production", kind, {}, f"{path} is missing", *ids.split(), stack="prod")
        for kind, (path, ids) in KEY_PROPERTIES.items()
    ),
    bad("kms-key-in-production", QUEUE, {"kmsMasterKeyId": "alias/aws/sqs"}, "kmsMasterKeyId is 'alias/aws/sqs'", stack="prod"),
    good("kms-key-in-production", PIPELINE, definition(*JOBS, key=KEY_ARN), stack="prod"),
    bad(
        "kms-key-in-production",
        PIPELINE,
        definition(*JOBS, key=None),
        "step Processing, $.Steps[0].Arguments.ProcessingResources.ClusterConfig.VolumeKmsKeyId is missing",
        "step Processing, $.Steps[0].Arguments.ProcessingOutputConfig.KmsKeyId is missing",
        "step Training, $.Steps[1].Arguments.ResourceConfig.VolumeKmsKeyId is missing",
        "step Training, $.Steps[1].Arguments.OutputDataConfig.KmsKeyId is missing",
        stack="prod",
    ),
    Case("kms-key-everywhere", [PLAIN_QUEUE]),
    Case("kms-key-everywhere", [OWN_KEY, Member(QUEUE, {"kmsMasterKeyId": UNKNOWN})]),
    Case("kms-key-everywhere", [OWN_KEY, PLAIN_QUEUE], ("queue: kmsMasterKeyId is missing",)),
    Case("kms-key-everywhere", [Member(ENCRYPTION, under_key(ENCRYPTION, KEY_ARN)), PLAIN_QUEUE], ("queue: kmsMasterKeyId",)),
    Case(
        "kms-key-everywhere", [Member(PIPELINE, definition("Training", key=KEY_ARN)), PLAIN_QUEUE], ("queue: kmsMasterKeyId",)
    ),
    Case("kms-key-everywhere", [OWN_KEY, Member(PIPELINE, definition("Training", key=None))], ("VolumeKmsKeyId is missing",)),
    Case("scheduler-key", [Member(SCHEDULE, {})]),
    Case("scheduler-key", [OWN_KEY, Member(SCHEDULE, {"kmsKeyArn": KEY_ARN})]),
    Case("scheduler-key", [OWN_KEY, Member(SCHEDULE, {})], ("kmsKeyArn is missing",)),
    Case("scheduler-key", [Member(SCHEDULE, {}, stack="prod")], ("kmsKeyArn is missing",)),
]


@pytest.mark.usefixtures("nothing_exempt")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_keys(case: Case) -> None:
    case.check()
