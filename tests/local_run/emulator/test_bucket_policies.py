from __future__ import annotations

from typing import Any

import pytest
from moto.iam.access_control import PermissionResult

from local_run.emulator.bucket_policies import permission

ARN = "arn:aws:s3:::bucket/key"
TLS = {"aws:SecureTransport": "true"}
DENIED, PERMITTED, NEUTRAL = PermissionResult.DENIED, PermissionResult.PERMITTED, PermissionResult.NEUTRAL


def statement(effect: str = "Deny", condition: dict[str, Any] | None = None, action: str = "s3:*") -> dict[str, Any]:
    made: dict[str, Any] = {"Effect": effect, "Principal": "*", "Action": action, "Resource": "arn:aws:s3:::bucket/*"}
    return made if condition is None else made | {"Condition": condition}


@pytest.mark.parametrize(
    ("statements", "context", "expected"),
    [
        ([], TLS, NEUTRAL),
        ([statement()], TLS, DENIED),
        ([statement("Allow")], TLS, PERMITTED),
        ([statement("Allow"), statement()], TLS, DENIED),
        ([statement(), statement("Allow")], TLS, DENIED),
        ([statement(action="s3:PutObject")], TLS, NEUTRAL),
        ([statement(condition={"Bool": {"aws:SecureTransport": "false"}})], TLS, NEUTRAL),
        ([statement(condition={"Bool": {"aws:SecureTransport": ["false"]}})], TLS, NEUTRAL),
        ([statement(condition={"Bool": {"aws:SecureTransport": "false"}})], {"aws:SecureTransport": "false"}, DENIED),
        ([statement(condition={"Bool": {"aws:SecureTransport": False}})], {"aws:SecureTransport": "false"}, DENIED),
        ([statement("Allow", {"Bool": {"aws:SecureTransport": "true"}})], TLS, PERMITTED),
        ([statement(condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}})], TLS, NEUTRAL),
        ([statement(condition={"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}})], TLS, DENIED),
        ([statement(condition={"StringNotEquals": {"x": "1"}})], {"x": "1"}, NEUTRAL),
        ([statement(condition={"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}})], TLS, DENIED),
        ([statement(condition={"Bool": {"aws:SecureTransport": "false"}, "StringNotEquals": {"x": "1"}})], TLS, NEUTRAL),
    ],
)
def test_permission(statements: list[dict[str, Any]], context: dict[str, str], expected: PermissionResult) -> None:
    assert permission({"Statement": statements}, "s3:HeadObject", ARN, context) == expected


def test_a_statement_may_stand_alone() -> None:
    assert permission({"Statement": statement()}, "s3:GetObject", ARN, TLS) == DENIED
