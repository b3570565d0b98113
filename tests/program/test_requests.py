"""What a deployment asks of AWS, held against botocore's models of its services: patterns, enums, lengths, bounds, ARNs.

The emulator checks little of that, so without this the first real ``pulumi up`` would be the first to be told.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.model import OperationModel

from components.deployer import deployer_policies
from components.names import Names
from local_run.deployment import deploy
from local_run.emulator import Emulator
from local_run.sagemaker.shapes import shape_problems
from local_run.stack_config import read_stack_config
from settings import PROJECT_NAME_MAX, STACK_NAME_MAX, parse
from tests.components.iam_policy import listed
from tests.program.conftest import ROOT

PROGRAM = ("__main__.py", "settings.py", "contracts", "components", "pipeline_def", "fe_image", "handlers", "runs")
EVERYTHING = {
    "subnetIds": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    "securityGroupIds": ["sg-0123456789abcdef0"],
    "executionExpiryDays": 90,
    "managedSpot": True,
    "retrainingSchedule": "cron(0 6 ? * MON *)",
    "retrainingTemplate": "weekly",
    "alarmEmail": "team@example.org",
}
#: Operations whose right has another name, and services that sign with another name than their rights begin with.
ACTION_NAMES = {
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteObjects": "DeleteObject",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListObjectVersions": "ListBucketVersions",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}
SERVICE_PREFIXES = {"monitoring": "cloudwatch"}
#: Everybody may ask who they are. The others the stand-ins ask: the providers describe the group, and push without looking.
FREE_ACTIONS = {"sts:GetCallerIdentity", "sagemaker:ListModelPackageGroups", "ecr:DescribeImages"}
ARN = re.compile(r"arn:aws(-[a-z]+)*:[a-z0-9-]+:[a-z0-9-]*:(\d{12}|aws)?:[^\s]+")


@dataclass(frozen=True)
class Request:
    model: OperationModel
    parameters: Mapping[str, Any]

    @property
    def action(self) -> str:
        """The right that IAM asks for, where it is one only."""
        service = str(self.model.service_model.signing_name)
        name = ACTION_NAMES.get(self.model.name, self.model.name)
        return f"{SERVICE_PREFIXES.get(service, service)}:{name}"

    @property
    def name(self) -> str:
        return f"{self.model.service_model.service_name} {self.model.name}"


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """All requests that are made from now on."""
    made: list[Request] = []
    call = BaseClient._make_api_call

    def recorded(self: BaseClient, operation_name: str, api_params: dict[str, Any]) -> object:
        made.append(Request(self.meta.service_model.operation_model(operation_name), api_params))
        return call(self, operation_name, api_params)

    monkeypatch.setattr(BaseClient, "_make_api_call", recorded)
    return made


@pytest.mark.parametrize(("stack", "more"), [("dev", {}), ("local", {}), ("prod", {}), ("prod", EVERYTHING)])
def test_every_request_of_a_deployment_is_one_that_its_service_takes(
    emulator: Emulator, requests: list[Request], stack: str, more: dict[str, object]
) -> None:
    deploy(emulator, ROOT, stack, {f"model-training:{key}": value for key, value in more.items()})
    assert len(requests) > 100
    assert Counter(problem for request in requests for problem in problems(request)) == {}


def test_the_longest_project_and_stack_names_fit(emulator: Emulator, requests: list[Request], tmp_path: Path) -> None:
    project, stack = "p" * PROJECT_NAME_MAX, "s" * STACK_NAME_MAX
    for name in PROGRAM:
        (tmp_path / name).symlink_to(ROOT / name)
    declared = (ROOT / "Pulumi.yaml").read_text()
    (tmp_path / "Pulumi.yaml").write_text(declared.replace("name: model-training", f"name: {project}", 1))
    configured = (ROOT / "Pulumi.prod.yaml").read_text()
    (tmp_path / f"Pulumi.{stack}.yaml").write_text(configured.replace("model-training:", f"{project}:"))
    deployment = deploy(emulator, tmp_path, stack, {f"{project}:{key}": value for key, value in EVERYTHING.items()})
    assert deployment.stack_outputs().pipeline_name.startswith(project)
    assert Counter(problem for request in requests for problem in problems(request)) == {}


@pytest.mark.parametrize(("stack", "more"), [("dev", {}), ("prod", {**EVERYTHING, "protectData": False})])
def test_who_deploys_may_make_every_request(
    emulator: Emulator, requests: list[Request], stack: str, more: dict[str, object]
) -> None:
    """By its action: the provider's calls are others in part, but it makes, reads and deletes the same things."""
    overrides = {f"model-training:{key}": value for key, value in more.items()}
    deploy(emulator, ROOT, stack, overrides).destroy()
    config = read_stack_config(ROOT, stack, overrides)
    policies = deployer_policies(Names(parse(config.project, config.stack, config.values), emulator.account_id))
    statements = [statement for policy in policies for statement in json.loads(policy)["Statement"]]
    allowed = {action for statement in statements for action in listed(statement["Action"])}
    assert {request.action for request in requests} - FREE_ACTIONS - allowed == set()


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "said"),
    [
        ("events", "PutRule", {"Name": "a rule"}, "regular expression"),
        ("events", "PutTargets", {"Rule": "r", "Targets": [{"Id": "1", "Arn": "function"}]}, "no ARN"),
        ("cloudwatch", "PutMetricAlarm", {"AlarmName": "a", "EvaluationPeriods": 1, "ComparisonOperator": "Equal"}, "Equal"),
        ("sqs", "CreateQueue", {"QueueName": "q", "Attribute": {}}, "Attribute"),
    ],
)
def test_a_request_that_a_service_refuses_is_found(service: str, operation: str, parameters: dict[str, Any], said: str) -> None:
    model = boto3.client(service, region_name="eu-central-1").meta.service_model
    assert said in " ".join(problems(Request(model.operation_model(operation), parameters)))


def problems(request: Request) -> Iterator[str]:
    shape = request.model.input_shape
    if shape is None:
        return
    yield from (f"{request.name}: {problem}" for problem in shape_problems(shape, request.parameters))
    for where, value in arns(request.parameters):
        if not ARN.fullmatch(value):
            yield f"{request.name}: {where} is no ARN: {value!r}"


def arns(value: object, where: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from arns(item, f"{where}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from arns(item, where)
    elif isinstance(value, str) and where.lower().endswith(("arn", "arns")):
        yield where, value
