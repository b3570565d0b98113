"""Every call that an actor makes in a whole local run is allowed by that actor's policy, and needs all of it."""

from __future__ import annotations

from typing import Any

import pytest

from components.iam.actors import ACTORS
from components.iam.people import PEOPLE
from components.iam.statement import LAMBDA, Actor, Statement
from local_run.emulator.access import EVENTS_ACTOR
from local_run.emulator.actors import DEPLOYER
from tests.components.done_by_aws import DONE_BY_AWS
from tests.components.iam_calls import Call
from tests.components.iam_policy import allowed, covers, listed
from tests.components.recorded_run import TESTER, RecordedRun, record_run

pytestmark = pytest.mark.slow

EVERYBODY = {actor.name: actor for actor in (*ACTORS, *PEOPLE)}
#: Schedules do not come due in a local run.
WITHOUT_CALLS = ("scheduler",)
#: Ends an upload in parts that broke off, which no run does on purpose.
NEVER_ON_PURPOSE = {"s3:AbortMultipartUpload"}


def statements_of(actor: Actor, *, by_service: bool) -> list[Statement]:
    """Those of a stack without key and VPC, as the local one is."""
    return [statement for statement in actor.statements if statement.when == "always" and bool(statement.by) == by_service]


OUR_STATEMENTS = [(name, found.sid) for name, actor in EVERYBODY.items() for found in statements_of(actor, by_service=False)]
THEIR_STATEMENTS = [(name, found.sid) for name, actor in EVERYBODY.items() for found in statements_of(actor, by_service=True)]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RecordedRun:
    return record_run(tmp_path_factory.mktemp("recorded"))


def refused(statements: list[dict[str, Any]], calls: set[Call]) -> list[Call]:
    return sorted((call for call in calls if not allowed(statements, call)), key=str)


def without(run: RecordedRun, actor: str, sid: str) -> list[dict[str, Any]]:
    kept = [statement for statement in run.statements(actor) if statement["Sid"] != sid]
    assert len(kept) == len(run.statements(actor)) - 1
    return kept


def never_asked(run: RecordedRun, actor: str, statement: Statement) -> set[str]:
    """Actions of the statement that no call of the run asks for: all, where the local stack has not what it is about."""
    deployed = [found for found in run.statements(actor) if found["Sid"] == statement.sid]
    calls = run.calls(actor)
    return {
        action
        for action in statement.actions
        if not any(covers({**found, "Action": action}, call) for found in deployed for call in calls)
    }


def by_code(calls: set[Call]) -> set[Call]:
    return {call for call in calls if call.by_code}


@pytest.mark.parametrize("actor", [name for name in EVERYBODY if name not in WITHOUT_CALLS])
def test_every_call_is_allowed(run: RecordedRun, actor: str) -> None:
    assert run.calls(actor), f"{actor} made no call: the record says nothing"
    assert refused(run.statements(actor), run.calls(actor)) == []


def test_every_call_is_known(run: RecordedRun) -> None:
    """But those of who deploys, of who sets the scene, and of the emulator in EventBridge's place."""
    outside = {DEPLOYER, TESTER, EVENTS_ACTOR}
    assert {(actor, call) for actor, call in run.recorder.unknown if actor not in outside} == set()
    known = {name for actor in EVERYBODY for name in (actor, f"model-training-local-{actor}")}
    assert {call.actor for call in run.recorder.calls} <= known | outside


@pytest.mark.parametrize(("actor", "sid"), OUR_STATEMENTS)
def test_our_code_cannot_spare_a_statement(run: RecordedRun, actor: str, sid: str) -> None:
    assert refused(without(run, actor, sid), by_code(run.calls(actor))), f"{actor} never needs {sid}"


@pytest.mark.parametrize(("actor", "sid"), OUR_STATEMENTS)
def test_our_code_uses_each_action_and_resource_of_a_statement(run: RecordedRun, actor: str, sid: str) -> None:
    (statement,) = [found for found in run.statements(actor) if found["Sid"] == sid]
    calls = by_code(run.calls(actor))
    for key in ("Action", "Resource"):
        for value in set(listed(statement[key])) - NEVER_ON_PURPOSE:
            assert any(covers({**statement, key: value}, call) for call in calls), f"{actor} never needs {value} in {sid}"


@pytest.mark.parametrize(("actor", "sid"), THEIR_STATEMENTS)
def test_what_a_service_does_is_not_what_our_code_does(run: RecordedRun, actor: str, sid: str) -> None:
    """Our code would do without the statement: who makes these calls is the service, or its stand-in here."""
    assert refused(without(run, actor, sid), by_code(run.calls(actor))) == []


@pytest.mark.parametrize("actor", EVERYBODY.values(), ids=lambda actor: actor.name)
def test_rights_on_a_key_or_a_network_are_the_services_alone(actor: Actor) -> None:
    """No run here has either, so our code must not ask for them itself."""
    assert [found.sid for found in actor.statements if found.when != "always" and not found.by] == []


def test_what_no_call_asks_for_is_what_aws_does_itself(run: RecordedRun) -> None:
    """The table is neither short of a right nor does it speak of one that an actor does not have, or that the run shows."""
    unseen = {
        (name, statement.sid): actions
        for name, actor in EVERYBODY.items()
        for statement in actor.statements
        if statement.by and (actions := never_asked(run, name, statement))
    }
    assert unseen == {key: set(done.actions.split()) for key, done in DONE_BY_AWS.items()}


def test_the_functions_run_under_their_roles(run: RecordedRun) -> None:
    acting = {call.actor for call in run.recorder.calls if call.by_code}
    assert {f"model-training-local-{actor.name}" for actor in ACTORS if actor.service == LAMBDA} <= acting
