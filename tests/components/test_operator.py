"""The policies for people, who run ``python -m runs``: they are printed, have no lint findings, and allow only their work."""

from __future__ import annotations

import json
import re

import pytest

from components.cli import main
from components.iam.actors import ACTORS
from components.iam.deployer import MANAGED_POLICY_MAX
from components.iam.people import OPERATOR, PEOPLE, PROMOTION_SOURCE, PROMOTION_TARGET
from components.iam.statement import Actor
from tests.components.iam_calls import Call
from tests.components.iam_lint import findings
from tests.components.iam_policy import allowed
from tests.components.recording import ACCOUNT
from tests.components.test_names import names

KEY_ARN = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/x"
PARTS = r":(endpoint|endpoint-config|model)/model-training-dev-ep-\*$"


def policy(actor: Actor) -> str:
    return actor.policy(names(given_key_arn=KEY_ARN))


each_person = pytest.mark.parametrize("person", PEOPLE, ids=lambda actor: actor.name)


@each_person
def test_no_role_is_made_for_people(person: Actor) -> None:
    assert person.service is None
    assert person not in ACTORS


@each_person
def test_the_linter_finds_nothing(person: Actor) -> None:
    assert findings(json.loads(policy(person))) == set()


@each_person
def test_it_fits_into_a_managed_policy_and_is_said_once(person: Actor) -> None:
    assert len(policy(person)) <= MANAGED_POLICY_MAX
    sids = [statement["Sid"] for statement in json.loads(policy(person))["Statement"]]
    assert len(set(sids)) == len(sids)
    granted = [(act, kind) for statement in person.statements for act in statement.actions for kind in statement.resources]
    assert len(set(granted)) == len(granted)


def test_who_promotes_reads_one_side_and_adds_to_the_other() -> None:
    actions = {person.name: {act for one in person.statements for act in one.actions} for person in PEOPLE}
    assert not {act for act in actions[PROMOTION_SOURCE.name] if re.search(r":(Put|Create|Update|Delete)", act)}
    changing = {act for act in actions[PROMOTION_TARGET.name] if re.search(r":(Put|Create|Update|Delete|AddTags)", act)}
    assert changing == {"s3:PutObject", "sagemaker:CreateModelPackage"}


@pytest.mark.parametrize(
    ("status", "expected"), [("PendingManualApproval", True), ("Approved", False), ("Rejected", False), (None, False)]
)
def test_what_is_promoted_waits_for_approval(status: str | None, *, expected: bool) -> None:
    statements = json.loads(policy(PROMOTION_TARGET))["Statement"]
    (register,) = (one for one in statements if one["Action"] == "sagemaker:CreateModelPackage")
    context = (("sagemaker:ModelApprovalStatus", status),) if status else ()
    for resource in register["Resource"]:
        arn = resource.replace("*", "1")
        assert allowed(statements, Call("a", "sagemaker:CreateModelPackage", arn, context=context)) is expected


def test_an_operator_changes_neither_results_nor_the_stack() -> None:
    for statement in json.loads(policy(OPERATOR))["Statement"]:
        actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        assert statement["Resource"] != "*"
        assert all(re.fullmatch(r"(s3|dynamodb|sagemaker|kms|logs):[A-Za-z]+|iam:PassRole", action) for action in actions)
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
    assert all(statement.why in text for person in PEOPLE for statement in person.statements)
    main(["--stack", "prod", "--json"])
    printed = json.loads(capsys.readouterr().out)
    assert printed.keys() == {actor.name for actor in (*ACTORS, *PEOPLE)}
    assert all(printed[person.name].keys() == {"permissions"} for person in PEOPLE)
    assert all(printed[actor.name].keys() == {"trust", "permissions"} for actor in ACTORS)
