"""The deployer's policy and what the providers ask for, each held against the other."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from components.iam.deployer import GIVEN_KEY_GRANTS, GRANTS, MANAGED_POLICY_MAX, deployer_policies
from components.names import Names
from local_run.emulator.actors import DEPLOYER
from settings import parse
from tests.components.iam_calls import Call
from tests.components.iam_policy import allowed, listed
from tests.components.provider_calls.stack import BY_INVOKE, BY_TYPE, KEPT, OWN_KEY, asked_for
from tests.components.recording import ACCOUNT, EVERYTHING, PROJECT, Recorder, configuration, run_program

GIVEN_KEY = OWN_KEY.replace("1111-2222", "9999-9999")
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/bound"
#: Stacks that between them ask for all there is: with a key of their own and with a given one, every option set.
STACKS: dict[str, dict[str, Any]] = {
    "own-key": {**EVERYTHING, "permissionsBoundary": BOUNDARY},
    "given-key": {**EVERYTHING, "permissionsBoundary": BOUNDARY, "encryptionKey": GIVEN_KEY},
}
#: IAM attaches no more managed policies to a role, unless a quota is raised.
POLICIES_MAX = 10
GRANTED = [(grant.sid, action) for grant in (*GRANTS, *GIVEN_KEY_GRANTS) for action in grant.actions]


def policies(stack: str) -> list[str]:
    return deployer_policies(Names.from_settings(parse(PROJECT, "prod", configuration("prod", **STACKS[stack])), ACCOUNT))


def statements(stack: str) -> list[dict[str, Any]]:
    return [statement for policy in policies(stack) for statement in json.loads(policy)["Statement"]]


@pytest.fixture(scope="module")
def programs() -> dict[str, Recorder]:
    return {stack: run_program("prod", **changes) for stack, changes in STACKS.items()}


@pytest.fixture(scope="module")
def asked(programs: dict[str, Recorder]) -> dict[str, set[Call]]:
    keys = {"own-key": OWN_KEY, "given-key": GIVEN_KEY}
    return {stack: asked_for(program, keys[stack], BOUNDARY) for stack, program in programs.items()}


def refused(found: list[dict[str, Any]], calls: set[Call]) -> list[Call]:
    return sorted((call for call in calls if not allowed(found, call)), key=str)


def without(found: list[dict[str, Any]], sid: str, action: str) -> list[dict[str, Any]]:
    kept = [
        {**statement, "Action": [other for other in listed(statement["Action"]) if (statement["Sid"], other) != (sid, action)]}
        for statement in found
    ]
    assert kept != [{**statement, "Action": listed(statement["Action"])} for statement in found]
    return kept


def test_every_type_and_lookup_of_the_program_is_known(programs: dict[str, Recorder], dev: Recorder) -> None:
    runs = (*programs.values(), dev)
    used = {resource.type for run in runs for resource in run.resources if not resource.type.startswith(PROJECT)}
    assert used == BY_TYPE.keys()
    assert {"aws:ecr/getImages:getImages", *(token for run in runs for token in run.invokes)} == BY_INVOKE.keys()


@pytest.mark.parametrize("stack", STACKS)
def test_all_that_the_providers_ask_for_is_allowed(asked: dict[str, set[Call]], stack: str) -> None:
    assert len(asked[stack]) > 500
    assert refused(statements(stack), asked[stack]) == []


@pytest.mark.parametrize(("sid", "action"), GRANTED)
def test_no_right_can_be_spared(asked: dict[str, set[Call]], sid: str, action: str) -> None:
    """A deployer with a given key has all the rights there are, those on a stack's own key among them."""
    concerned = {call for calls in asked.values() for call in calls if call.action == action}
    needed = bool(refused(without(statements("given-key"), sid, action), concerned))
    assert needed != (action in KEPT), f"{sid} {action}: to be asked for, or explained, not both"


def test_what_is_kept_is_a_right_of_the_deployer() -> None:
    assert KEPT.keys() <= {action for _, action in GRANTED}
    assert all(len(why) > 20 for why in KEPT.values())


@pytest.mark.parametrize("stack", STACKS)
def test_the_policies_can_be_attached_to_one_role(stack: str) -> None:
    assert all(len(policy) <= MANAGED_POLICY_MAX for policy in policies(stack))
    assert len(policies(stack)) <= POLICIES_MAX


def test_every_resource_of_a_statement_is_needed(asked: dict[str, set[Call]]) -> None:
    for statement in statements("given-key"):
        for resource in listed(statement["Resource"]):
            spared = [{**statement, "Resource": [other for other in listed(statement["Resource"]) if other != resource]}]
            others = [found for found in statements("given-key") if found["Sid"] != statement["Sid"]]
            concerned = {call for calls in asked.values() for call in calls if call.action in listed(statement["Action"])}
            assert refused(others + spared, concerned), f"{statement['Sid']}: {resource}"


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("action", ["kms:DescribeKey", "kms:Decrypt", "kms:PutKeyPolicy"])
def test_a_strangers_key_is_out_of_reach(stack: str, action: str) -> None:
    """It has neither this stack's tags nor the alias of a key that AWS manages: not even a look at it is allowed."""
    call = Call(DEPLOYER, action, OWN_KEY.replace("1111-2222", "0000-0000"))
    assert not allowed(statements(stack), call)
    assert not allowed(statements(stack), replace(call, context=(("kms:RequestAlias", "alias/strangers"),)))
