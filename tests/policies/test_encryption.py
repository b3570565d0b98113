from __future__ import annotations

import json
from typing import Any

import pytest

from policies.encryption import KEY, KEY_PLACES, LOGS_CONTEXT, PIPELINE, SCHEDULE
from tests.policies.documents import ACCOUNT, KEY_ARN, document, grant
from tests.policies.judging import UNKNOWN, Case, Member, bad, change, good

ROOT = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
EVENTS = {"Service": "events.amazonaws.com"}
SOURCE = {"ArnEquals": {"aws:SourceArn": "arn:aws:events:eu-central-1:123456789012:rule/r"}}
LOGS = {"Service": "logs.eu-central-1.amazonaws.com"}
LOG_GROUP = {"ArnEquals": {LOGS_CONTEXT: f"arn:aws:logs:eu-central-1:{ACCOUNT}:log-group:/aws/lambda/f"}}
NO_SOURCES = ({"Null": {"aws:SourceArn": "true"}}, {"ArnLike": {"aws:SourceArn": "arn:*"}})
KEPT = {"enableKeyRotation": True, "deletionWindowInDays": 30, "policy": document(grant(ROOT, "kms:*", "*"))}
QUEUE = "aws:sqs/queue:Queue"
ENCRYPTION = next(kind for kind in KEY_PLACES if kind.startswith("aws:s3/"))


def key_policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {**KEPT, "policy": document(*statements)}


def under_key(kind: str, arn: str | None) -> dict[str, Any]:
    """Inputs of a resource of the kind under a key, lists in their places."""
    value: Any = arn
    for part in reversed(KEY_PLACES[kind][0].split(".")):
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
    good("kms-key", KEY, KEPT),
    good("kms-key", KEY, key_policy(grant(ROOT, "kms:*", "*"), grant(EVENTS, "kms:Decrypt", "*", Condition=SOURCE))),
    bad("kms-key", KEY, change(KEPT, "enableKeyRotation", False), "enableKeyRotation is False"),
    bad("kms-key", KEY, change(KEPT, "policy"), "policy is missing"),
    bad("kms-key", KEY, change(KEPT, "policy", "x"), "policy is 'x'"),
    bad("kms-key", KEY, change(KEPT, "deletionWindowInDays", 7), "deletionWindowInDays is 7", "at least 14"),
    bad("kms-key", KEY, key_policy(grant("*", "kms:Decrypt", "*")), "Principal is '*'"),
    bad("kms-key", KEY, key_policy(grant(EVENTS, "kms:Decrypt", "*")), "Condition is missing"),
    bad("kms-key", KEY, key_policy(grant({"Federated": "accounts.google.com"}, "kms:Decrypt", "*")), "Principal.Federated is"),
    good("kms-key", KEY, key_policy(grant(LOGS, "kms:Decrypt", "*", Condition=LOG_GROUP))),
    *(bad("kms-key", KEY, key_policy(grant(EVENTS, "kms:Decrypt", "*", Condition=none)), "is missing") for none in NO_SOURCES),
    bad("kms-key", KEY, key_policy(grant(EVENTS, "kms:*", "*", Condition=SOURCE)), "Action is 'kms:*'"),
    *(good("kms-key-in-production", kind, under_key(kind, KEY_ARN), stack="prod") for kind in KEY_PLACES),
    *(good("kms-key-in-production", kind, under_key(kind, UNKNOWN), stack="prod") for kind in KEY_PLACES),
    *(good("kms-key-in-production", kind, {}, stack="dev") for kind in KEY_PLACES),
    *(
        bad("kms-key-in-production", kind, {}, f"{path} is missing", *ids.split(), stack="prod")
        for kind, (path, ids) in KEY_PLACES.items()
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
