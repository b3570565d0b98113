"""Expressions, conditions and parameters, without an emulator."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_run.emulator.pipelines.errors import ApiError, StepFailedError
from local_run.emulator.pipelines.language.conditions import all_hold, holds
from local_run.emulator.pipelines.language.definition import Parameter, parse_definition
from local_run.emulator.pipelines.language.expressions import follow, references, resolve
from local_run.emulator.pipelines.language.parameters import typed


class FixedScope:
    """A scope of fixed values."""

    def parameter(self, name: str) -> Any:
        return {"count": 3, "rate": 0.5, "name": "a", "flag": True}[name]

    def execution_variable(self, name: str) -> Any:
        return f"<{name}>"

    def step_properties(self, step: str) -> Mapping[str, Any]:
        return {
            "ProcessingOutputConfig": {"Outputs": [
                {"OutputName": "train", "S3Output": {"S3Uri": "s3://b/train"}},
                {"OutputName": "test", "S3Output": {"S3Uri": "s3://b/test"}},
            ]},
            "FinalMetricDataList": [{"MetricName": "test:mean_wQuantileLoss", "Value": 0.25}],
            "HyperParameters": {"epochs": "3"},
            "Step": step,
        }  # fmt: skip

    def property_file(self, step: str, name: str) -> Any:
        return {"threshold": 1.5, "nested": {"list": [{"x": 7}]}, "step": step, "name": name}

    def json_object(self, s3_uri: str) -> Any:
        return {"uri": s3_uri}


def get(path: str) -> dict[str, str]:
    return {"Get": path}


FILE = {"Get": "Steps.S.PropertyFiles.Gate"}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (get("Parameters.count"), 3),
        (get("Execution.PipelineName"), "<PipelineName>"),
        (get("Steps.S.ProcessingOutputConfig.Outputs['test'].S3Output.S3Uri"), "s3://b/test"),
        (get('Steps.S.ProcessingOutputConfig.Outputs["test"].S3Output.S3Uri'), "s3://b/test"),
        (get("Steps.S.ProcessingOutputConfig.Outputs[0].OutputName"), "train"),
        (get("Steps.S.FinalMetricDataList['test:mean_wQuantileLoss'].Value"), 0.25),
        (get("Steps.S.HyperParameters['epochs']"), "3"),
        (
            {"Std:Join": {"On": "/", "Values": ["s3:/", get("Parameters.name"), 1, 2.5, get("Parameters.flag")]}},
            "s3://a/1/2.5/true",
        ),
        ({"Std:Join": {"On": "", "Values": [{"Std:Join": {"On": "-", "Values": ["x", "y"]}}, "z"]}}, "x-yz"),
        ({"Std:JsonGet": {"PropertyFile": FILE, "Path": "threshold"}}, 1.5),
        ({"Std:JsonGet": {"PropertyFile": FILE, "Path": "$.nested.list[0].x"}}, 7),
        ({"Std:JsonGet": {"S3Uri": {"Std:Join": {"On": "/", "Values": ["s3:/", "b", "k"]}}, "Path": "uri"}}, "s3://b/k"),
        ({"A": [get("Parameters.count"), {"B": get("Parameters.rate")}]}, {"A": [3, {"B": 0.5}]}),
        ({"Get": 5}, {"Get": 5}),
        ({"Get": "Parameters.count", "More": 1}, {"Get": "Parameters.count", "More": 1}),
    ],
)
def test_an_expression_gives_its_value(expression: Any, value: Any) -> None:
    assert resolve(expression, FixedScope()) == value


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        (get("Nonsense.x"), "begins with Parameters, Execution or Steps"),
        (get("Steps.S.Nothing.Here"), "nothing at 'Nothing'"),
        (get("Steps.S.ProcessingOutputConfig.Outputs['nope'].S3Output"), "nothing at"),
        (get("Steps.S.ProcessingOutputConfig.Outputs[9]"), "nothing at"),
        (get("Steps.S.Step..x"), "not a path"),
        ({"Std:Explode": {}}, "unknown function Std:Explode"),
        ({"Std:Join": {"On": "", "Values": [["a"]]}}, "joins text, numbers and booleans"),
        ({"Std:JsonGet": {"PropertyFile": get("Steps.S.Gate"), "Path": "x"}}, "Steps.<step>.PropertyFiles.<name>"),
        ({"Std:JsonGet": {"PropertyFile": FILE, "Path": "absent.x"}}, "nothing at 'absent'"),
    ],
)
def test_an_expression_that_leads_nowhere_says_where(expression: Any, words: str) -> None:
    with pytest.raises(StepFailedError) as caught:
        resolve(expression, FixedScope())
    assert words in caught.value.reason


NAMES = st.text().filter(lambda key: key != "Get" and key[:4] != "Std:")
JSON_DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner),
    max_leaves=20,
)


@given(JSON_DATA)
def test_data_without_expressions_is_never_changed(data: Any) -> None:
    assert resolve(data, FixedScope()) == data
    assert list(references(data)) == []


KEYS = st.text(st.sampled_from("abcXYZ_:-09"), min_size=1, max_size=6)


@given(st.lists(KEYS, min_size=1, max_size=5), st.integers())
def test_following_a_path_of_names_reads_what_was_put_there(path: list[str], value: int) -> None:
    root: Any = value
    for name in reversed(path):
        root = {name: root}
    assert follow(root, ".".join(path), "it") == value
    assert follow(root, "$" + "".join(f"['{name}']" for name in path), "it") == value


def plain(value: Any) -> Any:
    return value


def compare(kind: str, left: Any, right: Any) -> dict[str, Any]:
    return {"Type": kind, "LeftValue": left, "RightValue": right}


@given(st.integers() | st.floats(allow_nan=False), st.integers() | st.floats(allow_nan=False))
def test_comparisons_agree_with_one_another(left: float, right: float) -> None:
    greater, less, equal = (holds(compare(kind, left, right), plain) for kind in ("GreaterThan", "LessThan", "Equals"))
    assert [greater, less, equal].count(True) == 1
    assert holds(compare("GreaterThanOrEqualTo", left, right), plain) == (greater or equal)
    assert holds(compare("LessThanOrEqualTo", left, right), plain) == (less or equal)
    assert holds({"Type": "Not", "Condition": compare("Equals", left, right)}, plain) == (not equal)
    either = [compare("GreaterThan", left, right), compare("Equals", left, right)]
    assert holds({"Type": "Or", "Conditions": either}, plain) == (greater or equal)
    assert holds({"Type": "In", "QueryValue": left, "Values": [right]}, plain) == equal


def test_all_conditions_of_a_step_must_hold_and_none_makes_it_true() -> None:
    yes, no = compare("Equals", 1, 1), compare("Equals", 1, 2)
    assert all_hold([yes, yes], plain) and not all_hold([yes, no], plain) and all_hold([], plain)
    assert holds({"Type": "Or", "Conditions": []}, plain) is False


@pytest.mark.parametrize(
    "condition",
    [
        compare("GreaterThan", "1", 2),
        compare("LessThan", True, 2),
        compare("Equals", "1", 1),
        compare("Equals", True, 1),
        {"Type": "Sounds", "LeftValue": 1},
    ],
)
def test_what_cannot_be_compared_fails_rather_than_being_false(condition: dict[str, Any]) -> None:
    with pytest.raises(StepFailedError):
        holds(condition, plain)


def test_a_broken_condition_is_not_hidden_by_a_false_one() -> None:
    with pytest.raises(StepFailedError):
        all_hold([compare("Equals", 1, 2), compare("Equals", 1, "1")], plain)


@given(st.integers(-(10**18) + 1, 10**18 - 1))
def test_integers_are_read_as_they_are_written(value: int) -> None:
    assert typed(Parameter("p", "Integer"), str(value)) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_are_read_as_they_are_written(value: float) -> None:
    assert typed(Parameter("p", "Float"), repr(value)) == value


def test_steps_wait_for_references_dependencies_and_their_condition() -> None:
    inner = {"Name": "In", "Type": "Processing", "Arguments": {"X": get("Steps.A.Y")}}
    gate = {"Name": "Gate", "Type": "Condition", "Arguments": {
        "Conditions": [compare("Equals", get("Steps.B.Z"), 1)], "IfSteps": [inner], "ElseSteps": []}}  # fmt: skip
    steps = [
        {"Name": "A", "Type": "Processing", "Arguments": {}},
        {"Name": "B", "Type": "Processing", "Arguments": {}, "DependsOn": ["A"]},
        gate,
    ]
    parsed = parse_definition(json.dumps({"Steps": steps})).steps
    assert {name: set(step.waits_for) for name, step in parsed.items()} == {
        "A": set(), "B": {"A"}, "Gate": {"B"}, "In": {"A", "Gate"},
    }  # fmt: skip
    assert parsed["In"].guard is not None and parsed["In"].guard.branch is True


BROKEN = ["", "[]", "{}", '{"Steps": {}}', '{"Steps": [{}]}', '{"Steps": [7]}', '{"Steps": [], "Parameters": [1]}']


@pytest.mark.parametrize("text", BROKEN)
def test_a_definition_that_is_none_is_a_validation_error(text: str) -> None:
    with pytest.raises(ApiError) as caught:
        parse_definition(text)
    assert caught.value.code == "ValidationException"
