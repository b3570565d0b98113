"""The policy for operators, who run ``python -m runs``: it is printed, has no lint findings, and allows only their work."""

from __future__ import annotations

import json
import re

import pytest

from components.cli import main
from components.iam.actors import ACTORS
from components.iam.deployer import MANAGED_POLICY_MAX
from components.iam.people import OPERATOR
from tests.components.iam_lint import findings
from tests.components.recording import ACCOUNT
from tests.components.test_names import names

KEY_ARN = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/x"
PARTS = r":(endpoint|endpoint-config|model)/model-training-dev-\*$"
POLICY = json.loads(OPERATOR.policy(names(given_key_arn=KEY_ARN)))


def test_no_role_is_made_for_people() -> None:
    assert OPERATOR.service is None
    assert OPERATOR not in ACTORS


def test_the_linter_finds_nothing() -> None:
    assert findings(POLICY) == set()


def test_it_fits_into_a_managed_policy_and_is_said_once() -> None:
    assert len(OPERATOR.policy(names(given_key_arn=KEY_ARN))) <= MANAGED_POLICY_MAX
    sids = [statement["Sid"] for statement in POLICY["Statement"]]
    assert len(set(sids)) == len(sids)
    granted = [(act, kind) for statement in OPERATOR.statements for act in statement.actions for kind in statement.resources]
    assert len(set(granted)) == len(granted)


def test_an_operator_changes_neither_results_nor_the_stack() -> None:
    for statement in POLICY["Statement"]:
        actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        assert statement["Resource"] != "*"
        assert all(re.fullmatch(r"(s3|dynamodb|sagemaker|kms):[A-Za-z]+|iam:PassRole", action) for action in actions)
        changing = [action for action in actions if re.match(r"sagemaker:(Create|Update|Delete|AddTags)", action)]
        if changing != ["sagemaker:UpdateModelPackage"]:  # Approving a model is a person's decision.
            # What else is changed is an endpoint, its configuration or its model, named after the stack.
            assert not changing or all(re.search(PARTS, resource) for resource in statement["Resource"])
        if "iam:PassRole" in actions:
            assert statement["Resource"].endswith(":role/model-training-dev-model")
            assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
        if "s3:PutObject" in actions:
            assert "-assets-" in statement["Resource"]


def test_it_is_printed_with_the_roles(capsys: pytest.CaptureFixture[str]) -> None:
    main([])
    text = capsys.readouterr().out
    assert all(statement.why in text for statement in OPERATOR.statements)
    main(["--stack", "prod", "--json"])
    printed = json.loads(capsys.readouterr().out)
    assert printed.keys() == {actor.name for actor in (*ACTORS, OPERATOR)}
    assert printed["operator"].keys() == {"permissions"}
    assert all(printed[actor.name].keys() == {"trust", "permissions"} for actor in ACTORS)
