"""A control never fails on an input: an exception would stop every deployment without naming the cause."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from pulumi_policy.proxy import UnknownValueError

from policies import kinds
from policies.controls import ANY_KIND
from policies.pack import CONTROLS
from policies.policy_documents import IDENTITY_DOCUMENTS, RESOURCE_DOCUMENTS, TRUST_DOCUMENTS
from policies.resource_types import UNCHECKED
from tests.examples import examples
from tests.policies.cases import UNKNOWN, Member, judge
from tests.policies.programs import STACKS, members

SCALARS = (
    st.none() | st.booleans() | st.integers(-10, 10**6) | st.floats(allow_nan=False) | st.text(max_size=8) | st.just(UNKNOWN)
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3), max_leaves=6
)


def paths(value: Any, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the paths of all values inside a value."""
    entries: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        entries = list(value.items())
    elif isinstance(value, list):
        entries = list(enumerate(value))
    return [at, *(path for key, inner in entries for path in paths(inner, (*at, key)))]


def put(value: Any, path: tuple[str | int, ...], new: Any) -> Any:
    """Return a copy with another value at the path."""
    if not path:
        return new
    key, *rest = path
    if isinstance(value, list):
        return [put(inner, tuple(rest), new) if index == key else inner for index, inner in enumerate(value)]
    return {**value, key: put(value[key], tuple(rest), new)}


def check_all(found: list[Member]) -> None:
    for control in CONTROLS:
        try:
            for message in judge(control, found):
                assert "Proxy object" not in message, "a wrapper of the SDK is shown instead of its value"
        except UnknownValueError:
            assert control.needs_stack or not control.unknown_reported_by


@examples(150, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_control_fails_on_any_value(data: st.DataObject) -> None:
    member = data.draw(st.sampled_from(members("prod with everything")))
    path = data.draw(st.sampled_from([path for path in paths(dict(member.inputs)) if path]))
    check_all([replace(member, inputs=put(dict(member.inputs), path, data.draw(VALUES)))])


@examples(150, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_control_fails_on_any_document(data: st.DataObject) -> None:
    """Policy documents, the definition and the registry's rules are JSON text; they may contain other JSON or be invalid."""
    holders = [
        (member, key)
        for member in members("prod with everything")
        for key, text in member.inputs.items()
        if isinstance(text, str) and text.startswith("{")
    ]
    member, key = data.draw(st.sampled_from(holders))
    raw = json.loads(str(member.inputs[key]))
    changed = put(raw, data.draw(st.sampled_from(paths(raw))), data.draw(VALUES))
    text = data.draw(st.sampled_from([json.dumps(changed), json.dumps(changed)[:-1]]))
    check_all([replace(member, inputs={**member.inputs, key: text})])


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        (kinds.FUNCTION, "name"),
        (kinds.FUNCTION, "loggingConfig.logGroup"),
        (kinds.IMAGE, "imageName"),
        (kinds.PIPELINE, "pipelineDefinition"),
        (kinds.ROLE_POLICY, "policy"),
        (kinds.BUCKET_POLICY, "policy"),
    ],
)
@pytest.mark.parametrize(
    "value", [["x"], {"a": ["x"]}, {"Statement": [{"Effect": "Allow", "Action": [["*"]], "Resource": [["*"]]}]}]
)
def test_a_list_or_object_in_place_of_text_is_shown_as_it_is(kind: str, path: str, value: object) -> None:
    member = next(member for member in members("dev") if member.kind == kind)
    changed = (
        put(dict(member.inputs), (path,), value) if "." not in path else {**member.inputs, "loggingConfig": {"logGroup": value}}
    )
    check_all([replace(member, inputs=changed)])


def test_the_pack_knows_exactly_the_types_of_the_program() -> None:
    checked = {kind for control in CONTROLS if control.kinds != ANY_KIND for kind in control.kinds}
    used = {member.kind.replace("Objectv2", "Object") for stack in STACKS for member in members(stack)}
    known = {value for name, value in vars(kinds).items() if name.isupper()}
    assert known == used
    assert used - checked == set(UNCHECKED)
    assert checked <= used


@pytest.mark.parametrize("places", [IDENTITY_DOCUMENTS, RESOURCE_DOCUMENTS, TRUST_DOCUMENTS])
def test_invalid_documents_are_reported(places: dict[str, str]) -> None:
    """No control may accept a document that it cannot read."""
    for kind, path in places.items():
        value: Any = [{"policy": "{"}] if path == "inlinePolicies" else "{"
        found = [text for control in CONTROLS for text in judge(control, [Member(kind, {path: value})])]
        assert any("allowed: a policy document in JSON" in text for text in found), kind
