"""The comparison reports every single change of a definition, and nothing if nothing changed."""

from __future__ import annotations

import json
import random
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline_def.diff.changes import compare
from pipeline_def.diff.formats import as_terminal
from pipeline_def.template.render import canonical
from tests.examples import examples
from tests.pipeline_def.definitions import good
from tests.pipeline_def.test_any_json import PLACES, put

#: Lists of the good definition whose order means nothing; the order of a join's values or of arguments counts.
UNORDERED = (
    "Parameters",
    "EnumValues",
    "Steps",
    "IfSteps",
    "Conditions",
    "Tags",
    "ProcessingInputs",
    "Outputs",
    "InputDataConfig",
    "PropertyFiles",
    "RetryPolicies",
    "ExceptionType",
    "Subnets",
    "SecurityGroupIds",
    "SupportedContentTypes",
    "SupportedResponseMIMETypes",
    "SupportedRealtimeInferenceInstanceTypes",
    "SupportedTransformInstanceTypes",
)

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-2, 10**6)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["10", "true", "null", "{}", "[]", "<ExecutionId>", "hunter2", "«tags»"])
)
#: Members that identify an item of a list at any position.
NAMING = ("Name", "Type", "InputName", "OutputName", "ChannelName", "PropertyFileName", "Key")
VALUES = SCALARS | st.sampled_from([{}, [], [""], {"a": 1}, {"Get": "Parameters.epochs"}])
NAMES = st.sampled_from(["Name", "Type", "Extra", "a.b", "Steps", "DependsOn", "DB_PASSWORD"]) | st.text(max_size=4)


def shuffled(value: Any, rng: random.Random, name: str = "") -> Any:
    """The same meaning in another order: members, named lists and sets."""
    if isinstance(value, dict):
        items = [(key, shuffled(item, rng, key)) for key, item in value.items()]
        rng.shuffle(items)
        return dict(items)
    if isinstance(value, list):
        items = [shuffled(item, rng) for item in value]
        if name in UNORDERED:
            rng.shuffle(items)
        return items
    return value


def at(definition: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        definition = definition[key]
    return definition


SCALAR_PLACES = [path for path in PLACES if not isinstance(at(good(), path), (dict, list))]
OBJECT_PLACES = [(), *(path for path in PLACES if isinstance(at(good(), path), dict))]
LIST_PLACES = [path for path in PLACES if isinstance(at(good(), path), list)]


def assert_described(old: Any, new: Any) -> None:
    """Changes are reported exactly if the texts differ, and the two sides of a change are never equal."""
    changes = compare(old, new)
    assert bool(changes) == (canonical(old) != canonical(new))
    assert all(change.old is None or change.old != change.new for change in changes)
    assert as_terminal(changes, "old", "new").startswith("Nothing changed") == (not changes)


@examples(100)
@given(st.sampled_from(SCALAR_PLACES), VALUES)
def test_another_value_anywhere(path: tuple[Any, ...], value: Any) -> None:
    new = good()
    put(new, path, value)
    assert_described(good(), new)
    assert_described(new, good())


@examples(80)
@given(st.sampled_from(OBJECT_PLACES), NAMES, VALUES)
def test_another_member_anywhere(path: tuple[Any, ...], name: str, value: Any) -> None:
    new = good()
    at(new, path)[name] = value
    assert_described(good(), new)
    assert_described(new, good())


@examples(80)
@given(st.sampled_from(LIST_PLACES), VALUES)
def test_another_item_anywhere(path: tuple[Any, ...], value: Any) -> None:
    new = good()
    at(new, path).append(value)
    assert_described(good(), new)
    assert_described(new, good())


@examples(80)
@given(st.sampled_from(PLACES))
def test_any_member_or_item_dropped_or_an_item_there_twice(path: tuple[Any, ...]) -> None:
    dropped, twice = good(), good()
    del at(dropped, path[:-1])[path[-1]]
    assert_described(good(), dropped)
    assert_described(dropped, good())
    if isinstance(path[-1], int):
        at(twice, path[:-1]).append(at(good(), path))
        assert_described(good(), twice)


@examples(30)
@given(st.integers(0, 999), st.sampled_from([None, 0, 1, 7]))
def test_order_and_white_space_alone_are_never_a_change(seed: int, indent: int | None) -> None:
    assert compare(good(), json.loads(json.dumps(shuffled(good(), random.Random(seed)), indent=indent))) == []


@examples(60)
@given(st.integers(0, 999), st.sampled_from(SCALAR_PLACES), VALUES)
def test_order_does_not_hide_a_change(seed: int, path: tuple[Any, ...], value: Any) -> None:
    changed = good()
    assume(isinstance(value, str) or path[-1] not in NAMING)  # an item without a name is identified by its position
    put(changed, path, value)
    before = {(item.subject, item.how, item.label) for item in compare(good(), changed)}
    after = compare(good(), shuffled(changed, random.Random(seed)))
    assert {(item.subject, item.how, item.label) for item in after} == before
