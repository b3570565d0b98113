"""The evaluator of policies and the table of rights, by which least privilege is judged."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.components.iam_calls import Call, UnknownCallError, rights, rights_to_be_told
from tests.components.iam_policy import allowed

GATE = "arn:aws:s3:::b/executions/x/evaluation/gate.json"
STATEMENT = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "arn:aws:s3:::b/executions/*/evaluation/*"}
PASS = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}


def s3(method: str, path: str, query: str = "") -> dict[str, Any]:
    return {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query}


@pytest.mark.parametrize(
    ("action", "resource", "expected"),
    [
        ("s3:GetObject", GATE, True),
        ("S3:getobject", GATE, True),
        ("s3:GetObjectVersion", GATE, False),
        ("s3:PutObject", GATE, False),
        ("s3:GetObject", GATE.upper(), False),
        ("s3:GetObject", "arn:aws:s3:::b/executions/x/train/train.json", False),
        ("s3:GetObject", "arn:aws:s3:::b/executions/x/evaluation", False),
    ],
)
def test_action_and_resource(action: str, resource: str, *, expected: bool) -> None:
    assert allowed([STATEMENT], Call("a", action, resource)) is expected


def test_nothing_is_allowed_by_nobody_and_a_denial_outweighs() -> None:
    call = Call("a", "s3:GetObject", GATE)
    assert not allowed([], call)
    assert not allowed([STATEMENT, {**STATEMENT, "Effect": "Deny", "Action": "s3:*"}], call)


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("StringEquals", "sagemaker.amazonaws.com", True),
        ("StringEquals", ["x", "sagemaker.amazonaws.com"], True),
        ("StringEquals", "sagemaker.*", False),
        ("StringLike", "sagemaker.*", True),
        ("StringEquals", "lambda.amazonaws.com", False),
    ],
)
def test_conditions(operator: str, value: object, *, expected: bool) -> None:
    statement = {**PASS, "Condition": {operator: {"iam:PassedToService": value}}}
    context = (("iam:PassedToService", "sagemaker.amazonaws.com"),)
    assert allowed([statement], Call("a", "iam:PassRole", "arn:aws:iam::1:role/x", context=context)) is expected
    assert not allowed([statement], Call("a", "iam:PassRole", "arn:aws:iam::1:role/x"))


@pytest.mark.parametrize("more", [{"NotAction": "s3:*"}, {"Condition": {"IpAddress": {"aws:SourceIp": "::1"}}}])
def test_what_the_evaluator_does_not_know_is_told(more: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="does not know"):
        allowed([{**PASS, **more}], Call("a", "iam:PassRole", "arn:aws:iam::1:role/x"))


@pytest.mark.parametrize(
    ("environ", "action", "resource"),
    [
        (s3("GET", "/b/k/l"), "s3:GetObject", "b/k/l"),
        (s3("GET", "/b/k", "versionId=1&x-id=GetObject"), "s3:GetObjectVersion", "b/k"),
        (s3("GET", "/b", "list-type=2&prefix=p"), "s3:ListBucket", "b"),
        (s3("PUT", "/b/k", "partNumber=1&uploadId=u"), "s3:PutObject", "b/k"),
    ],
)
def test_rights_of_s3(environ: dict[str, Any], action: str, resource: str) -> None:
    assert rights("s3", environ, b"") == [(action, f"arn:aws:s3:::{resource}")]


def test_only_who_may_list_learns_that_an_object_is_missing() -> None:
    assert list(rights_to_be_told(s3("HEAD", "/b/k"), "404 Not Found")) == [("s3:ListBucket", "arn:aws:s3:::b")]
    assert list(rights_to_be_told(s3("HEAD", "/b/k"), "200 OK")) == []


def test_a_transaction_asks_for_the_right_of_each_part() -> None:
    parts = [{"Put": {"TableName": "e"}}, {"Update": {"TableName": "x"}}]
    environ = {**s3("POST", "/"), "HTTP_X_AMZ_TARGET": "DynamoDB_20120810.TransactWriteItems"}
    found = rights("dynamodb", environ, json.dumps({"TransactItems": parts}).encode())
    table = "arn:aws:dynamodb:eu-central-1:123456789012:table"
    assert found == [("dynamodb:PutItem", f"{table}/e"), ("dynamodb:UpdateItem", f"{table}/x")]


@pytest.mark.parametrize(
    ("service", "environ", "body"),
    [
        ("s3", s3("GET", "/b/k", "tagging"), {}),
        ("s3", s3("POST", "/b", "delete"), {}),
        ("s3", {**s3("PUT", "/b/k"), "HTTP_X_AMZ_COPY_SOURCE": "/c/k"}, {}),
        ("lambda", s3("POST", "/2015-03-31/functions/f/invocations"), {}),
        ("dynamodb", {**s3("POST", "/"), "HTTP_X_AMZ_TARGET": "DynamoDB_20120810.ExecuteStatement"}, {"Statement": "…"}),
        ("sagemaker", {**s3("POST", "/"), "HTTP_X_AMZ_TARGET": "SageMaker.ListTags"}, {"ResourceArn": "…"}),
        ("sns", s3("POST", "/"), {}),
    ],
)
def test_an_unknown_call_is_told(service: str, environ: dict[str, Any], body: dict[str, Any]) -> None:
    with pytest.raises(UnknownCallError, match=service):
        rights(service, environ, json.dumps(body).encode())
