"""The library over the Automation API, as far as it needs no CLI: events, fingerprints, failures, settings, environment.

The engine's own behaviour is not covered here; `tests/engine/test_automation.py` is, with the true CLI.
"""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pulumi.automation.events import EngineEvent

from contracts.problems import ProblemsError
from deploy_service.effects import (
    UNKNOWN,
    Event,
    Message,
    PolicyFinding,
    Step,
    Summary,
    event_of,
    fingerprint,
    from_json,
    planned,
    to_json,
)
from deploy_service.failures import KINDS, kind_of
from deploy_service.stacks import OLDEST_CLI, Stacks, check_cli, check_stack_name

ROOT = Path(__file__).resolve().parents[2]
URN = "urn:pulumi:dev::model-training::project:Parent$aws:s3/bucket:Bucket::assets"


def step_event(operation: str = "update", *, planning: bool = True, pre: bool = True, **metadata: Any) -> EngineEvent:
    state = {"type": "aws:s3/bucket:Bucket", "urn": URN, "id": "x", "parent": "", "provider": "", "inputs": {}, "outputs": {}}
    known = {"op": operation, "urn": URN, "type": "aws:s3/bucket:Bucket", "provider": "", "new": state, "old": state}
    name = "resourcePreEvent" if pre else "resOutputsEvent"
    return EngineEvent.from_json({"sequence": 1, "timestamp": 1, name: {"metadata": known | metadata, "planning": planning}})


def with_inputs(inputs: dict[str, Any], **metadata: Any) -> Step:
    state = {
        "type": "aws:s3/bucket:Bucket",
        "urn": URN,
        "id": "x",
        "parent": "",
        "provider": "",
        "inputs": inputs,
        "outputs": {},
    }
    found = event_of(step_event(**{"new": state, **metadata}))
    assert isinstance(found, Step)
    return found


def test_a_changed_resource_is_a_step_with_the_property_that_replaces_it() -> None:
    diff = {"tags.a": {"diffKind": "update", "inputDiff": True}, "bucket": {"diffKind": "update-replace", "inputDiff": True}}
    found = event_of(step_event("replace", detailedDiff=diff))
    assert isinstance(found, Step)
    assert (found.operation, found.kind, found.name) == ("replace", "aws:s3/bucket:Bucket", "assets")
    assert (found.paths, found.replacing) == (("bucket", "tags.a"), ("bucket",))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"diagnosticEvent": {"message": "x", "color": "never", "severity": "debug"}}, None),
        ({"diagnosticEvent": {"message": " \n", "color": "never", "severity": "info"}}, None),
        (
            {"diagnosticEvent": {"message": "refused\n", "color": "never", "severity": "error", "urn": URN}},
            Message("error", "refused", "aws:s3/bucket:Bucket", "assets"),
        ),
        ({"preludeEvent": {"config": {"a:secret": "canary"}}}, None),
        ({"stdoutEvent": {"message": "canary", "color": "never"}}, None),
        (
            {
                "summaryEvent": {
                    "maybeCorrupt": False,
                    "durationSeconds": 3,
                    "resourceChanges": {"create": 2},
                    "PolicyPacks": {},
                }
            },
            Summary({"create": 2}, 3, False),
        ),
    ],
)
def test_only_what_says_something_becomes_an_event(data: dict[str, Any], expected: Event | None) -> None:
    assert event_of(EngineEvent.from_json({"sequence": 1, "timestamp": 1} | data)) == expected


@pytest.mark.parametrize(
    "event",
    [
        Step("update", "k", "n", ("a", "b"), ("a",), protected=True, done=False, digest="x"),
        Message("error", "text", "k", "n"),
        PolicyFinding("p", mandatory=True, text="t", name="n"),
        Summary({"same": 1}, 2),
    ],
)
def test_events_survive_the_way_between_the_processes(event: Event) -> None:
    assert from_json(json.loads(json.dumps(to_json(event)))) == event


STEPS = st.lists(
    st.builds(
        Step,
        st.sampled_from(["create", "update", "delete", "replace", "same", "read"]),
        st.sampled_from(["aws:s3/bucket:Bucket", "pulumi:providers:aws"]),
        st.sampled_from("abc"),
        st.sampled_from([(), ("x",), ("x", "y")]),
        digest=st.sampled_from(["1", "2"]),
        done=st.booleans(),
    ),
    max_size=6,
)


@given(STEPS, st.randoms(), st.lists(st.builds(Message, st.just("info"), st.text(max_size=5)), max_size=3), st.integers(0, 9))
def test_the_fingerprint_is_that_of_the_effect_alone(
    steps: list[Step], random: Any, messages: list[Message], time: int
) -> None:
    settings = {"a": "1"}
    mixed: list[Event] = [*steps, *messages, Summary({"create": 1}, time)]
    random.shuffle(mixed)
    assert fingerprint(mixed, settings) == fingerprint(steps, settings)
    idle = [step for step in steps if step not in planned(steps)]
    assert fingerprint([*mixed, *idle], settings) == fingerprint(planned(steps), settings)
    assert fingerprint(steps, {"a": "2"}) != fingerprint(steps, settings)
    for place, step in enumerate(planned(steps)):
        rest = [one for number, one in enumerate(planned(steps)) if number != place]
        other = Step(step.operation, step.kind, step.name, step.paths, step.replacing, digest=f"{step.digest}-other")
        assert fingerprint([*rest, other], settings) != fingerprint(steps, settings)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"policy": "a"}, {"policy": "b"}, False),
        ({"policy": UNKNOWN}, {"policy": None}, True),
        ({"code": {"path": "/tmp/1/x.zip", "hash": "h"}}, {"code": {"path": "/tmp/2/x.zip", "hash": "h"}}, True),
        ({"code": {"path": "/tmp/1/x.zip", "hash": "h"}}, {"code": {"path": "/tmp/1/x.zip", "hash": "i"}}, False),
        ({"list": [{"a": UNKNOWN}]}, {"list": [{"a": None}]}, True),
    ],
)
def test_new_values_count_but_not_places_and_unknown_ones(one: dict[str, Any], other: dict[str, Any], *, same: bool) -> None:
    assert (with_inputs(one).digest == with_inputs(other).digest) is same


def test_a_value_that_does_not_change_has_no_part_in_an_update() -> None:
    diff = {"tags.a": {"diffKind": "update", "inputDiff": True}}
    digests = {with_inputs({"tags": {"a": "1"}, "policy": text}, detailedDiff=diff).digest for text in "xy"}
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("events", "kind"),
    [
        ([PolicyFinding("p", mandatory=True, text="no"), Message("error", "x", "k", "n")], "policy"),
        ([PolicyFinding("p", mandatory=False, text="no"), Message("error", "x", "aws:s3/bucket:Bucket", "n")], "provider"),
        ([Message("error", "Program failed", "pulumi:pulumi:Stack", "dev")], "engine"),
        ([Message("error", "configuration: 2 problems\n  - a", "pulumi:pulumi:Stack", "dev")], "settings"),
        ([], "engine"),
    ],
)
def test_a_failure_has_a_kind(events: list[Event], kind: str) -> None:
    assert kind_of(events)[0] == kind
    assert kind_of(events, conflict=True)[0] == "conflict"
    assert set(KINDS) == {"settings", "policy", "conflict", "provider", "engine", "interrupted"}


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "-x", "Dev", "a" * 41, "pr_1", "d\n", "ｄev", "a/b"])
def test_a_name_that_could_be_a_path_is_refused(name: str) -> None:
    with pytest.raises(ProblemsError, match="allowed: 1 to 40 lower-case letters"):
        check_stack_name(name)


@pytest.fixture
def stacks(tmp_path: Path) -> Stacks:
    return Stacks(tmp_path / "data", ROOT, {"PATH": str(tmp_path / "bin"), "GITHUB_TOKEN": "canary", "AWS_REGION": "x"})


def test_settings_are_checked_before_they_are_stored_and_the_salt_stays(stacks: Stacks) -> None:
    stacks.configure("pr-1", {"aws:region": "eu-central-1", "owner": "me"})
    file = stacks.data / "Pulumi.pr-1.yaml"
    file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), "encryptionsalt": "v1:salt"}))
    stacks.configure("pr-1", {"aws:region": "eu-central-1", "owner": "you"})
    assert yaml.safe_load(file.read_text())["encryptionsalt"] == "v1:salt"
    assert stacks.settings("pr-1")["model-training:owner"] == "you"
    before = file.read_text()
    with pytest.raises(ProblemsError) as caught:
        stacks.configure("pr-1", {"aws:region": "nowhere-1", "ownr": "x", "protectData": "maybe"})
    assert len(caught.value.problems) == 3
    assert file.read_text() == before


def test_a_stack_without_settings_is_refused(stacks: Stacks) -> None:
    with pytest.raises(ProblemsError, match="stack"):
        stacks.preview("unknown")


def write_cli(folder: Path, answer: str) -> None:
    folder.mkdir(exist_ok=True)
    program = folder / "pulumi"
    program.write_text(f"#!/bin/sh\nprintf '%s\\n' '{answer}'\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


@pytest.mark.parametrize("answer", [None, "", "unknown", "v3.1.0", "v2.99.9"])
def test_a_missing_or_old_cli_is_one_message(stacks: Stacks, tmp_path: Path, answer: str | None) -> None:
    stacks.configure("dev", {"aws:region": "eu-central-1"})
    if answer is not None:
        write_cli(tmp_path / "bin", answer)
    with pytest.raises(ProblemsError, match="needed: the Pulumi CLI 3.160.0 or later on PATH"):
        stacks.preview("dev")


def test_a_newer_cli_is_accepted(tmp_path: Path) -> None:
    write_cli(tmp_path, f"v{OLDEST_CLI[0]}.{OLDEST_CLI[1] + 7}.1")
    check_cli({"PATH": str(tmp_path)})


def test_nothing_of_the_service_reaches_the_engine_but_what_it_needs(stacks: Stacks, tmp_path: Path) -> None:
    assert stacks._environment(tmp_path) == {
        "PATH": str(tmp_path / "bin"), "AWS_REGION": "x", "HOME": str(tmp_path), "PULUMI_HOME": str(tmp_path),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }  # fmt: skip
