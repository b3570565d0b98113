"""The role of previews in pull requests reads what the deployer manages, and neither changes it nor reads the data in it."""

from __future__ import annotations

import json

import pytest
from policy_sentry.querying.actions import get_action_data

from components.cli import main
from components.iam.deployer import MANAGED_POLICY_MAX, deployer_statements
from components.iam.previewer import previewer_policies, previewer_statements
from tests.components.iam_lint import findings
from tests.components.iam_policy import listed
from tests.components.recording import ACCOUNT
from tests.components.test_names import names

KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"


def documents(**given: str) -> list[dict[str, object]]:
    return [statement for policy in previewer_policies(names(**given)) for statement in json.loads(policy)["Statement"]]


def test_every_action_only_reads() -> None:
    for statement in documents(given_key_arn=KEY):
        for action in listed(statement["Action"]):
            service, name = action.split(":")
            levels = {row["access_level"] for row in get_action_data(service, name)[service]}
            assert levels <= {"Read", "List"}, action


def test_no_data_can_be_read() -> None:
    statements = {str(statement["Sid"]): statement for statement in documents(given_key_arn=KEY)}
    assert statements["Objects"]["Resource"] == f"{names().bucket_arn('pipeline', '*')}"
    actions = {action for statement in statements.values() for action in listed(statement["Action"])}
    forbidden = {"dynamodb:GetItem", "kms:Decrypt", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage", "s3:GetObjectVersion"}
    assert not actions & forbidden
    assert [sid for sid, found in statements.items() if "s3:GetObject" in listed(found["Action"])] == ["Objects"]


def test_nothing_is_allowed_that_the_deployer_may_not() -> None:
    deployer = {statement.sid: set(statement.actions) for statement in deployer_statements(names())}
    for statement in previewer_statements(names()):
        assert set(statement.actions) <= deployer[statement.sid]


def test_the_policies_fit_and_iam_accepts_them() -> None:
    policies = previewer_policies(names(given_key_arn=KEY))
    assert all(len(policy) <= MANAGED_POLICY_MAX for policy in policies)
    for policy in policies:
        assert {found for found in findings(json.loads(policy)) if found[0] == "unknown action"} == set()


def test_the_command_prints_both_forms(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--previewer", "--json"])
    assert [policy["Version"] for policy in json.loads(capsys.readouterr().out)]
    main(["--previewer"])
    printed = capsys.readouterr().out
    assert "dynamodb:DescribeTable" in printed and "CreateTable" not in printed and "Compares: the tables" in printed
