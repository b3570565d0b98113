"""A setting that the stack's file keeps encrypted stands in clear nowhere in the state, except as docs/deploying.md says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pulumi
import pytest
from google.protobuf import json_format
from pulumi.runtime import rpc

from components.kept_secret import holds
from tests.components.recording import ACCOUNT, PROJECT, Recorder, run_program

KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/0aa12345-2222-3333-4444-555555555555"
KEPT: dict[str, object] = {
    "owner": "team of nobody",
    "alarmEmail": "hunter2@example.org",
    "encryptionKey": KEY,
    "permissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/bounding",
    "subnetIds": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    "securityGroupIds": ["sg-0123456789abcdef0"],
    "accessLogsBucket": "logs-of-nobody",
    "retrainingSchedule": "cron(7 6 ? * MON *)",
    "retrainingTemplate": "stealthy",
    "baseImage": "python:3.12.9-slim-bookworm",
}
TEXTS = [text for value in KEPT.values() for text in (value if isinstance(value, list) else [value])]


def run(*keys: str) -> Recorder:
    recorder = Recorder(region="eu-central-1", secret_keys=tuple(f"{PROJECT}:{key}" for key in keys))
    return run_program("dev", recorder, **KEPT)


@pytest.fixture(scope="module")
def secret() -> Recorder:
    return run(*KEPT)


@pytest.fixture(scope="module")
def plain() -> Recorder:
    return run()


def in_clear(value: Any, where: str) -> Iterator[tuple[str, str]]:
    """Every text of a message on the wire that no secret is around."""
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, Mapping) and value.get(rpc._special_sig_key) != rpc._special_secret_sig:
        for key, inner in value.items():
            yield from in_clear(inner, f"{where}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from in_clear(inner, where)


def readable(recorder: Recorder) -> list[tuple[str, str]]:
    inputs = [(name, request.object) for (_, name), request in recorder.requests.items()]
    said = [("outputs", outputs) for outputs in recorder.outputs]
    return [found for name, message in inputs + said for found in in_clear(json_format.MessageToDict(message), name)]


def test_the_texts_are_there_where_nothing_is_kept_secret(plain: Recorder) -> None:
    clear = readable(plain)
    assert [text for text in TEXTS if not any(str(text) in found for _, found in clear)] == []


def test_nothing_of_them_is_in_clear_where_they_are_kept_secret(secret: Recorder) -> None:
    assert [where for where, found in readable(secret) if any(str(text) in found for text in TEXTS)] == []


def test_the_inputs_are_the_same(secret: Recorder, plain: Recorder) -> None:
    def inputs(recorder: Recorder) -> dict[str, Any]:
        return {resource.name: _unwrapped(resource.inputs) for resource in recorder.resources}

    assert json.dumps(inputs(secret), sort_keys=True, default=str) == json.dumps(inputs(plain), sort_keys=True, default=str)


def _unwrapped(value: Any) -> Any:
    if isinstance(value, (pulumi.Asset, pulumi.Archive)):
        return type(value).__name__
    if isinstance(value, Mapping):
        if value.get(rpc._special_sig_key) == rpc._special_secret_sig:
            return _unwrapped(value["value"])
        return {key: _unwrapped(inner) for key, inner in value.items()}
    return [_unwrapped(inner) for inner in value] if isinstance(value, list) else value


def test_the_tags_that_the_provider_adds_up_are_secret_with_them(secret: Recorder, plain: Recorder) -> None:
    table = ("aws:dynamodb/table:Table", "tables-prediction")
    assert "tagsAll" in secret.requests[table].additionalSecretOutputs
    assert list(plain.requests[table].additionalSecretOutputs) == []


def test_only_what_holds_it_is_secret() -> None:
    clear = readable(run("alarmEmail"))
    assert [where for where, found in clear if "hunter2" in found] == []
    assert any(KEY in found for _, found in clear)
    assert ("alarms-email.protocol", "email") in clear


@pytest.mark.parametrize(
    ("text", "expected"),
    [("ops", True), ("by ops, daily", True), ('{"owner":"ops"}', True), ("opsy", False), ("", False), ("devops2", False)],
)
def test_a_text_is_found_as_a_word(text: str, expected: bool) -> None:
    assert holds(text, ["ops"]) is expected
    assert holds({"a": [text]}, ["ops"]) is expected
    assert not holds(text, [])
