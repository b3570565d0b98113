"""Whatever stands in an input, a control answers: an exception would stop every deployment without saying why."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from pulumi_policy.proxy import UnknownValueError

from policies.controls import ANY_KIND, ResourceControl
from policies.documents import IDENTITY_DOCUMENTS, RESOURCE_DOCUMENTS, TRUST_DOCUMENTS
from policies.hygiene import PLAIN
from policies.pack import CONTROLS
from tests.examples import examples
from tests.policies.judging import UNKNOWN, Member, judge
from tests.policies.programs import members

SCALARS = (
    st.none() | st.booleans() | st.integers(-10, 10**6) | st.floats(allow_nan=False) | st.text(max_size=8) | st.just(UNKNOWN)
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3), max_leaves=6
)


def paths(value: Any, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The paths of every value inside a value."""
    entries: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        entries = list(value.items())
    elif isinstance(value, list):
        entries = list(enumerate(value))
    return [at, *(path for key, inner in entries for path in paths(inner, (*at, key)))]


def put(value: Any, path: tuple[str | int, ...], new: Any) -> Any:
    """A copy with another value at the path."""
    if not path:
        return new
    key, *rest = path
    if isinstance(value, list):
        return [put(inner, tuple(rest), new) if index == key else inner for index, inner in enumerate(value)]
    return {**value, key: put(value[key], tuple(rest), new)}


def answers(found: list[Member]) -> None:
    for control in CONTROLS:
        try:
            for message in judge(control, found):
                assert isinstance(message, str)
        except UnknownValueError:
            assert not control.unknown_told_by or not isinstance(control, ResourceControl)


@examples(150, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_value_anywhere_gets_an_answer(data: st.DataObject) -> None:
    member = data.draw(st.sampled_from(members("prod with everything")))
    path = data.draw(st.sampled_from([path for path in paths(dict(member.inputs)) if path]))
    answers([replace(member, inputs=put(dict(member.inputs), path, data.draw(VALUES)))])


@examples(150, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_document_gets_an_answer(data: st.DataObject) -> None:
    """Policy documents, the definition and the registry's rules are JSON inside a text: other JSON, or none at all."""
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
    answers([replace(member, inputs={**member.inputs, key: text})])


def test_every_type_in_use_has_a_control() -> None:
    asked = {kind for control in CONTROLS if control.kinds != ANY_KIND for kind in control.kinds}
    used = {member.kind for stack in ("dev with a key", "prod with everything") for member in members(stack)}
    unasked = {kind for kind in used if kind.replace("Objectv2", "Object") not in asked}
    assert unasked == set(PLAIN)


@pytest.mark.parametrize("places", [IDENTITY_DOCUMENTS, RESOURCE_DOCUMENTS, TRUST_DOCUMENTS])
def test_documents_that_can_not_be_read_are_refused(places: dict[str, tuple[str, ...]]) -> None:
    """No control of documents may pass what it could not read."""
    for kind, (path, *_) in places.items():
        value: Any = [{"policy": "{"}] if path == "inlinePolicies" else "{"
        found = [text for control in CONTROLS for text in judge(control, [Member(kind, {path: value})])]
        assert any("allowed: a policy document in JSON" in text for text in found), kind
