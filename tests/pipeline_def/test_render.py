"""Rendering is strict, escapes JSON and is canonical for all values."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.problems import ProblemsError
from pipeline_def.check.phases import check_definition
from pipeline_def.template.keys import KEYS, SECTION_SWITCHES, Key, example_values
from pipeline_def.template.render import render, template_tags
from pipeline_def.template.text import read_template
from tests.examples import examples
from tests.pipeline_def.definitions import REGION, arguments, good_text, parameter

TEMPLATE = read_template()
#: What could break out of a string, be taken for a tag, or be escaped as HTML.
NASTY = st.sampled_from(
    ['"', "\\", "{{models_bucket}}", "}}", "{{{", "{{#vpc}}", "&<>'", "\n\t\0", "é漢🙂", "\u2028", "</script>"]
)
TEXTS = st.lists(st.one_of(NASTY, st.text(max_size=8)), max_size=4).map("".join)
WORDS = st.lists(TEXTS, min_size=1, max_size=3)


def value_of(key: Key) -> st.SearchStrategy[Any]:
    if not key.is_json:
        return TEXTS
    if isinstance(key.placeholder, int):
        return st.integers()
    if key.name == "tags":
        return st.lists(st.fixed_dictionaries({"Key": TEXTS, "Value": TEXTS}), min_size=1, max_size=3)
    return WORDS


@st.composite
def values(draw: st.DrawFn) -> dict[str, Any]:
    """Values of every kind, each section on or off."""
    filled: dict[str, Any] = {key.name: draw(value_of(key)) for key in KEYS if key.section is None}
    for section in draw(st.sets(st.sampled_from(sorted(SECTION_SWITCHES)))):
        filled[section] = {key.name: draw(value_of(key)) for key in KEYS if key.section == section}
    return filled


@examples(150)
@given(values())
def test_arbitrary_values_parse_back_to_themselves(filled: dict[str, Any]) -> None:
    definition = json.loads(render(TEMPLATE, filled))
    processing, training = arguments(definition, "FeatureEngineering"), arguments(definition, "Training")
    assert processing["AppSpecification"]["ImageUri"] == filled["feature_image_uri"]
    assert processing["Environment"]["EXECUTION_TABLE"] == filled["execution_table"]
    assert processing["Environment"]["LOG_SYNC_SECONDS"] == filled["log_sync_seconds"]
    assert processing["RoleArn"] == filled["processing_role_arn"]
    assert parameter(definition, "AssetsS3Uri")["DefaultValue"] == f"s3://{filled['assets_bucket']}/assets"
    model_path = training["OutputDataConfig"]["S3OutputPath"]["Std:Join"]["Values"]
    assert model_path[0] == f"s3://{filled['models_bucket']}/executions"
    assert training["StoppingCondition"]["MaxRuntimeInSeconds"] == filled["training_max_runtime_seconds"]
    assert training["Tags"] == filled["tags"]


@examples(60)
@given(values())
def test_a_section_is_rendered_completely_or_not_at_all(filled: dict[str, Any]) -> None:
    training = arguments(json.loads(render(TEMPLATE, filled)), "Training")
    assert ("VpcConfig" in training) == ("vpc" in filled)
    if "vpc" in filled:
        expected = {"Subnets": filled["vpc"]["subnet_ids"], "SecurityGroupIds": filled["vpc"]["security_group_ids"]}
        assert training["VpcConfig"] == expected
    assert ("VolumeKmsKeyId" in training["ResourceConfig"]) == ("kms" in filled)
    assert training.get("EnableManagedSpotTraining", False) == ("spot" in filled)
    assert ("MaxWaitTimeInSeconds" in training["StoppingCondition"]) == ("spot" in filled)


@examples(40)
@given(values(), st.randoms(use_true_random=False))
def test_the_same_values_give_the_same_bytes_in_any_order(filled: dict[str, Any], random: Any) -> None:
    shuffled = list(filled.items())
    random.shuffle(shuffled)
    text = render(TEMPLATE, filled)
    assert render(TEMPLATE, dict(shuffled)) == text
    assert json.dumps(json.loads(text), sort_keys=True, separators=(",", ":")) == text
    assert text.isascii()


def test_the_template_s_layout_does_not_show() -> None:
    loose = re.sub(r'(?<!\\)": ', '"  :\n ', TEMPLATE)
    assert render(loose, example_values()) == render(TEMPLATE, example_values())


@pytest.mark.parametrize("section", sorted(SECTION_SWITCHES))
def test_each_section_alone_is_valid(section: str) -> None:
    off = {name: None for name in SECTION_SWITCHES if name != section}
    text = render(TEMPLATE, example_values(sections=True) | off)
    assert check_definition(text, REGION) == []
    assert len(text) > len(good_text(False))


def test_no_empty_object_stands_where_a_section_is_off() -> None:
    steps = json.dumps(json.loads(good_text(False))["Steps"])
    assert "{}" not in steps
    assert "null" not in steps


def test_every_missing_unused_and_ill_typed_value_is_reported_at_once() -> None:
    wrong = example_values() | {
        "models_bucketts": "x",
        "assets_bucket": None,
        "execution_table": 7,
        "tags": [],
        "vpc": {"subnet_ids": ["s"], "extra": 1},
        "kms": {},
        "spot": True,
        "training_max_runtime_seconds": "3600",
    }
    del wrong["models_bucket"]
    with pytest.raises(ProblemsError) as error:
        render(TEMPLATE, wrong)
    assert {problem.where for problem in error.value.problems} == {
        "models_bucketts",
        "models_bucket",
        "assets_bucket",
        "execution_table",
        "tags",
        "vpc.extra",
        "vpc.security_group_ids",
        "kms.kms_key_arn",
        "spot",
        "training_max_runtime_seconds",
    }
    assert "did you mean 'models_bucket'?" in str(error.value)


@pytest.mark.parametrize("value", [True, 1.5, [1], {"a": "b"}, [{"Key": 1}], [[]], [{}]])
def test_a_json_key_takes_integers_and_lists_of_texts_alone(value: object) -> None:
    with pytest.raises(ProblemsError, match="tags is"):
        render(TEMPLATE, example_values() | {"tags": value})


@pytest.mark.parametrize(
    ("template", "names"),
    [
        ("{{>partial}}", "tag"),
        ("{{=<% %>=}}", "tag"),
        ("{{& key}}", "tag"),
        ("{{^vpc}}", "tag"),
        ("{{#a}}{{#b}}{{/b}}{{/a}}", "section b"),
        ("{{#a}}{{/b}}", "end of section b"),
        ("{{#a}}", "tag"),
        ("{{Key}}", "tag"),
    ],
)
def test_a_template_with_other_tags_is_refused(template: str, names: str) -> None:
    with pytest.raises(ProblemsError, match=names):
        template_tags(template)


def test_a_template_that_gives_no_json_is_refused() -> None:
    with pytest.raises(ProblemsError, match="filled template"):
        render('{"a": {{key}}}', {"key": "not quoted"})
