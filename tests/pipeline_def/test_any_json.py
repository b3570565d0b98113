"""The check and the comparison raise no exception for any JSON in a definition."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from pipeline_def.check.phases import check_definition
from pipeline_def.diff.changes import compare
from pipeline_def.diff.formats import as_json, as_markdown, as_terminal
from tests.examples import examples
from tests.pipeline_def.definitions import REGION, good

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Get", "Std:Join", "Std:JsonGet", "Name", "Type", "x"]) | st.text(max_size=4), inner, max_size=3
        )
    ),
    max_leaves=6,
)
LIKELY = st.sampled_from(
    [
        {"Get": "Parameters."},
        {"Get": "Steps.Training"},
        {"Get": "Steps.Training.[0]"},
        {"Get": ["x"]},
        {"Std:Join": {"Values": [{"Get": 1}]}},
        {"Std:Join": None},
        {"Std:JsonGet": {"PropertyFile": "x", "Path": "y"}},
        {"Std:JsonGet": 3},
        {"Name": "A", "Type": "Condition", "Arguments": {"IfSteps": [1, {"Name": "B", "Type": "Training", "Arguments": []}]}},
        {"Step": {"Step": "x"}},
        "",
        [],
        {},
    ]
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found += places(item, (*path, key))
    return found


PLACES = places(good())


def put(definition: Any, path: tuple[Any, ...], value: Any) -> None:
    for key in path[:-1]:
        definition = definition[key]
    definition[path[-1]] = value


@examples(150)
@example(("Steps", 1, "Arguments", "StoppingCondition"), {"Get": None})
@example(("Steps", 5, "Arguments", "Conditions", 0, "Type"), [])
@given(st.sampled_from(PLACES), JSON | LIKELY)
def test_any_value_anywhere(path: tuple[Any, ...], value: Any) -> None:
    definition = good()
    put(definition, path, value)
    for finding in check_definition(json.dumps(definition), REGION):
        assert str(finding)
        json.dumps(finding.as_dict())
    changes = compare(good(), definition)
    for writer in (as_terminal, as_markdown, as_json):
        assert writer(changes, "old", "new")


@examples(100)
@given(JSON)
def test_any_json_at_all(value: Any) -> None:
    text = json.dumps(value)
    assert check_definition(text, REGION)
    if isinstance(value, dict):
        assert compare(value, value) == []
        compare(good(), value)
