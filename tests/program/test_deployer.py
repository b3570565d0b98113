"""What a deployment really asks of AWS is what the deployer's policy allows."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from components.iam.deployer import deployer_policies
from components.names import Names
from local_run.deployment.deploy import deploy
from local_run.emulator.server import Emulator
from settings import parse
from stack_config import read_stack_config
from tests.components.iam_policy import allowed
from tests.components.recording import ACCOUNT, EVERYTHING
from tests.program.conftest import ROOT
from tests.program.rights import Request, rights

#: Everybody may ask who they are. The others only the stand-ins of the providers ask: whether a name is taken already.
OTHERS = {"sts:GetCallerIdentity", "sagemaker:ListModelPackageGroups", "ecr:DescribeImages", "sqs:GetQueueUrl"}
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/bound"
STACKS: list[tuple[str, dict[str, Any]]] = [
    ("dev", {}),
    ("dev", {"permissionsBoundary": BOUNDARY}),
    ("prod", {**EVERYTHING, "accessLogsBucket": "", "protectData": False}),
]


def deployer_statements(stack: str, overrides: dict[str, Any]) -> list[dict[str, Any]]:
    config = read_stack_config(ROOT, stack, overrides)
    names = Names.from_settings(parse(config.project, config.stack, config.values), ACCOUNT)
    return [statement for policy in deployer_policies(names) for statement in json.loads(policy)["Statement"]]


@pytest.mark.parametrize(("stack", "more"), STACKS, ids=["dev", "bounded", "everything"])
def test_who_deploys_may_make_every_request(
    emulator: Emulator, requests: list[Request], stack: str, more: dict[str, Any]
) -> None:
    """The provider's calls are others in part (``tests/components/test_provider_calls.py``); what both make is seen here."""
    overrides = {f"model-training:{key}": value for key, value in more.items()}
    deploy(emulator, ROOT, stack, overrides).destroy()
    calls = rights(request for request in requests if request.action not in OTHERS)
    assert {"iam:PassRole", "dynamodb:TagResource", "s3:DeleteBucket", "lambda:DeleteFunction"} <= {
        call.action for call in calls
    }
    statements = deployer_statements(stack, overrides)
    assert sorted((call for call in calls if not allowed(statements, call)), key=str) == []


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "expected"),
    [
        ("s3", "PutObject", {"Bucket": "b", "Key": "k", "Tagging": "a=b"}, {"s3:PutObject b/k", "s3:PutObjectTagging b/k"}),
        ("s3", "DeleteObject", {"Bucket": "b", "Key": "k", "VersionId": "1"}, {"s3:DeleteObjectVersion b/k"}),
        ("s3", "HeadBucket", {"Bucket": "b"}, {"s3:ListBucket b"}),
        ("kms", "CreateAlias", {"AliasName": "alias/a", "TargetKeyId": "1"},
         {"kms:CreateAlias alias/a", "kms:CreateAlias key/1"}),
        ("sqs", "DeleteQueue", {"QueueUrl": "https://sqs/1/q"}, {"sqs:DeleteQueue q"}),
        ("scheduler", "GetSchedule", {"GroupName": "g", "Name": "n"}, {"scheduler:GetSchedule schedule/g/n"}),
        ("lambda", "CreateFunction", {"FunctionName": "f", "Role": "r", "Tags": {"a": "b"}},
         {"lambda:CreateFunction f", "lambda:TagResource f", "iam:PassRole r"}),
        ("cloudwatch", "DeleteAlarms", {"AlarmNames": ["a", "b"]}, {"cloudwatch:DeleteAlarms a", "cloudwatch:DeleteAlarms b"}),
    ],
)  # fmt: skip
def test_what_a_request_asks_for(service: str, operation: str, parameters: dict[str, Any], expected: set[str]) -> None:
    model = boto3.client(service, region_name="eu-central-1").meta.service_model.operation_model(operation)
    found = {f"{call.action} {call.resource.rpartition(':')[2]}" for call in rights([Request(model, parameters)])}
    assert found == expected


def test_a_request_that_names_nothing_known_is_told() -> None:
    model = boto3.client("kms", region_name="eu-central-1").meta.service_model.operation_model("CreateGrant")
    with pytest.raises(KeyError, match="kms:CreateGrant"):
        rights([Request(model, {"GranteePrincipal": "p"})])
