"""Rollback of a resource that takes several calls, if one of the later calls fails."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from contracts.problems import reported
from local_run.deployment.deploy import ResourceError, deploy
from local_run.emulator.server import ACCOUNT_ID, Emulator
from tests.local_run.programs.small import Make, physical

BUCKET = "made = aws.s3.Bucket('data', bucket='half-data', tags={'a': 'b'})\n"
KEY = "aws.kms.Key('key', enable_key_rotation=True)\n"
GROUP = "aws.cloudwatch.LogGroup('group', name='half-group', retention_in_days=7)\n"
TABLE = """
aws.dynamodb.Table(
    "table",
    name="half-table",
    hash_key="Id",
    billing_mode="PAY_PER_REQUEST",
    attributes=[{"name": "Id", "type": "S"}],
    deletion_protection_enabled=True,
    ttl={"attribute_name": "Ends", "enabled": True},
    point_in_time_recovery={"enabled": True},
)
"""
MANAGED_POLICY = f"arn:aws:iam::{ACCOUNT_ID}:policy/sends"
ROLE = """
def document(**statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})
sends = document(Action="sqs:SendMessage", Resource="*")
role = aws.iam.Role(
    "role",
    name="half-role",
    assume_role_policy=document(Action="sts:AssumeRole", Principal={"Service": "lambda.amazonaws.com"}),
    inline_policies=[{"name": "sends", "policy": sends}],
    managed_policy_arns=["MANAGED"],
)
""".replace("MANAGED", MANAGED_POLICY)
FUNCTION = f"""
{ROLE}
aws.lambda_.Function(
    "function",
    name="half-function",
    role=role.arn,
    runtime="python3.12",
    handler="a.b",
    code=pulumi.AssetArchive({{"a.py": pulumi.StringAsset("")}}),
    reserved_concurrent_executions=1,
)
"""


def refuse(monkeypatch: pytest.MonkeyPatch, *operations: str) -> None:
    """Make these operations fail with a ClientError."""
    call = BaseClient._make_api_call

    def refusing(client: BaseClient, operation: str, arguments: dict[str, Any]) -> Any:
        if operation in operations:
            raise ClientError({"Error": {"Code": "Refused", "Message": "not today"}}, operation)
        return call(client, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", refusing)


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("PutBucketTagging", BUCKET),
        ("EnableKeyRotation", KEY),
        ("PutRetentionPolicy", GROUP),
        ("UpdateContinuousBackups", TABLE),
        ("UpdateTimeToLive", TABLE),
        ("PutRolePolicy", ROLE),
        ("AttachRolePolicy", ROLE),
        ("PutFunctionConcurrency", FUNCTION),
    ],
)
def test_a_partly_created_resource_is_deleted_and_can_be_created_again(
    emulator: Emulator, make: Make, monkeypatch: pytest.MonkeyPatch, operation: str, body: str
) -> None:
    document = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}}'
    emulator.client("iam").create_policy(PolicyName=MANAGED_POLICY.rpartition("/")[2], PolicyDocument=document)
    program = make(body)
    with monkeypatch.context() as refusing:
        refuse(refusing, operation)
        with pytest.raises(ResourceError, match=f"Refused.*{operation}") as raised:
            deploy(emulator, program, "dev")
    assert not getattr(raised.value, "__notes__", [])
    assert physical(emulator) == set()
    deploy(emulator, program, "dev")
    assert physical(emulator) != set()


@pytest.mark.parametrize(
    "body",
    [
        "aws.s3.Bucket('data', bucket='half-data', tags={'aws:owner': 'x'})\n",
        "aws.kms.Key('key', enable_key_rotation=True, rotation_period_in_days=1)\n",
        "aws.iam.Role('role', name='half', assume_role_policy='{}', managed_policy_arns=['arn:aws:iam::aws:policy/No'])\n",
    ],
)
def test_a_resource_that_the_emulator_rejects_leaves_nothing(emulator: Emulator, make: Make, body: str) -> None:
    with pytest.raises(ResourceError):
        deploy(emulator, make(body), "dev")
    assert physical(emulator) == set()


@pytest.mark.parametrize(
    ("body", "operations"),
    [
        (BUCKET, ("PutBucketTagging", "DeleteBucket")),  # partly created
        (BUCKET + "made.id.apply(lambda _: 1 / 0)\n", ("DeleteBucket",)),  # created before the failure
    ],
)
def test_the_error_notes_what_could_not_be_deleted(
    emulator: Emulator, make: Make, monkeypatch: pytest.MonkeyPatch, body: str, operations: tuple[str, ...]
) -> None:
    refuse(monkeypatch, *operations)
    with pytest.raises(Exception) as raised:  # noqa: B017, PT011 (an error of a resource or of the program)
        deploy(emulator, make(body), "dev")
    (note,) = raised.value.__notes__
    assert "left behind" in note and "half-data" in note and "DeleteBucket" in note


def test_a_command_line_prints_what_was_left_behind(
    emulator: Emulator, make: Make, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refuse(monkeypatch, "PutBucketTagging", "DeleteBucket")
    with pytest.raises(SystemExit), reported():
        deploy(emulator, make(BUCKET), "dev")
    printed = capsys.readouterr().err
    assert printed.index("PutBucketTagging") < printed.index("left behind: half-data")
