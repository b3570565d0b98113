"""What is compared: files, templates, and a template with the deployed definition whose values it takes."""

from __future__ import annotations

import json
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from contracts.problems import ProblemsError
from pipeline_def.diff.adopted_values import adopt
from pipeline_def.diff.changes import Change
from pipeline_def.diff.formats import as_json, as_markdown, as_terminal
from pipeline_def.diff.sources import Source, compare_sources, read_source
from pipeline_def.template.keys import example_values
from pipeline_def.template.render import render
from pipeline_def.template.text import read_template
from tests.pipeline_def.definitions import arguments, get, good, good_text, join, output


def sentences(changes: list[Change]) -> list[str]:
    return [f"{change.subject}: {change.words}" for change in changes]


@pytest.mark.parametrize(
    ("key", "literal", "says"),
    [
        ("{{{training_max_runtime_seconds}}}", "7200", "longest run: «training_max_runtime_seconds» → 7200"),
        ("{{{tags}}}", '[{"Key": "a", "Value": "b"}]', "tags: «tags» → a: b"),
        ("{{{subnet_ids}}}", '["subnet-1", "subnet-2"]', "network (Subnets): «subnet_ids» → subnet-1, subnet-2"),
    ],
)
def test_a_key_replaced_by_what_it_stood_for_is_one_change(key: str, literal: str, says: str) -> None:
    new = read_template().replace(key, literal)
    found = compare_sources(Source("old", read_template()), Source("new", new)).changes
    assert {change.words for change in found} == {says}
    back = compare_sources(Source("new", new), Source("old", read_template())).changes
    assert len(back) == len(found)


def test_two_templates_are_compared_with_keys_where_values_would_stand() -> None:
    new = read_template().replace('"s3://{{assets_bucket}}/assets"', '"s3://{{assets_bucket}}/prices"')
    (change,) = compare_sources(Source("old", read_template()), Source("new", new)).changes
    assert change.words == "default: s3://«assets_bucket»/assets → s3://«assets_bucket»/prices"


def test_what_only_a_section_changes_says_so() -> None:
    new = read_template().replace(
        '"MaxWaitTimeInSeconds": {{{training_max_wait_seconds}}}{{/spot}}', '"MaxWaitTimeInSeconds": 60{{/spot}}'
    )
    new = new.replace(
        '"EnableManagedSpotTraining": true{{/spot}}', '"EnableManagedSpotTraining": true, "Environment": {"A": "b"}{{/spot}}'
    )
    found = compare_sources(Source("old", read_template()), Source("new", new)).changes
    assert {change.only_with for change in found} == {"spot"}
    assert "only where the stack sets spot" in as_terminal(found, "old", "new")


@pytest.mark.parametrize("sections", [False, True])
def test_a_deployed_definition_is_compared_with_the_template_by_its_own_values(sections: bool) -> None:
    template = Source("template", read_template())
    deployed = Source("deployed", good_text(sections))
    assert compare_sources(deployed, template).changes == []
    assert compare_sources(template, deployed).changes == []
    changed_template = read_template().replace('"DefaultValue": 128', '"DefaultValue": 64')
    (change,) = compare_sources(deployed, Source("template", changed_template)).changes
    assert (change.subject, change.old, change.new) == ("parameter mini_batch_size", "128", "64")


def test_a_deployed_place_that_disagrees_with_the_others_is_a_change() -> None:
    drifted = good()
    output(drifted, "plots")["S3Output"]["S3Uri"] = join("s3://elsewhere/executions", get("Parameters.ExecutionId"), "plots")
    (change,) = compare_sources(Source("deployed", json.dumps(drifted)), Source("template", read_template())).changes
    assert change.label == "output plots"
    assert str(change.old).startswith("s3://elsewhere/")


def test_a_place_that_disagrees_with_most_is_told_and_the_others_are_not() -> None:
    tampered = good()
    arguments(tampered, "Training")["AlgorithmSpecification"]["TrainingImage"] = "evil:latest"
    found = compare_sources(Source("deployed", json.dumps(tampered)), Source("template", read_template()))
    assert sentences(found.changes) == ["step Training: image: evil:latest → «deepar_image_uri»"]
    assert "forecasting-deepar" in found.adopted["deepar_image_uri"]
    back = compare_sources(Source("template", read_template()), Source("deployed", json.dumps(tampered)))
    assert sentences(back.changes) == ["step Training: image: «deepar_image_uri» → evil:latest"]


def test_a_key_whose_places_have_no_majority_is_told_at_each() -> None:
    torn = good()
    arguments(torn, "FeatureEngineering")["Environment"]["ASSETS_BUCKET"] = "elsewhere"
    found = compare_sources(Source("deployed", json.dumps(torn)), Source("template", read_template()))
    assert {change.subject for change in found.changes} == {"parameter AssetsS3Uri", "step FeatureEngineering"}
    assert all("«assets_bucket»" in str(change.new) for change in found.changes)
    assert "assets_bucket" not in found.adopted


def test_values_in_another_order_agree_and_those_of_another_kind_fill_nothing() -> None:
    deployed = good()
    for name in ("FeatureEngineering", "Training"):
        arguments(deployed, name)["Tags"].reverse()
    arguments(deployed, "Training")["StoppingCondition"]["MaxRuntimeInSeconds"] = "3600"
    found = compare_sources(Source("deployed", json.dumps(deployed)), Source("template", read_template()))
    assert [change.words for change in found.changes] == ["longest run: 3600 → «training_max_runtime_seconds»"]


def test_a_key_twice_in_one_text_has_one_value() -> None:
    filled = {"a": "«x»/«y»/«x»", "b": "«x»"}
    assert adopt(filled, {"a": "1/2/1"}) == ({"a": "1/2/1", "b": "1"}, {"x": "1", "y": "2"})
    assert adopt(filled, {"a": "1/2/3"}) == (filled, {})


def test_an_adopted_secret_is_not_shown() -> None:
    template = read_template().replace("{{log_sync_seconds}}", "{{db_password}}")
    deployed = read_template().replace("{{log_sync_seconds}}", "hunter2-canary")
    text = render(deployed, {key: value for key, value in example_values().items() if key != "log_sync_seconds"})
    found = compare_sources(Source("deployed", text), Source("template", template))
    assert found.changes == []
    for writer in (as_terminal, as_markdown, as_json):
        assert "hunter2" not in writer(found.changes, "old", "new", found.adopted)


@mock_aws
def test_a_pipeline_in_aws_is_compared_with_the_template(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    client = boto3.client("sagemaker", region_name="eu-central-1")
    role = "arn:aws:iam::123456789012:role/pipeline"
    client.create_pipeline(PipelineName="dev", PipelineDefinition=good_text(), RoleArn=role, ClientRequestToken="t" * 32)
    deployed = read_source("deployed:dev")
    assert deployed.name == "the deployed dev"
    assert compare_sources(deployed, read_source("template")).changes == []
    with pytest.raises(ProblemsError, match="pipeline is 'absent'"):
        read_source("deployed:absent")


def test_reading_a_source_names_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(ProblemsError, match="absent.json"):
        read_source(str(tmp_path / "absent.json"))
    with pytest.raises(ProblemsError, match="allowed: JSON or the template"):
        compare_sources(Source("old", "not json"), Source("new", good_text()))
    with pytest.raises(ProblemsError, match="one JSON object"):
        compare_sources(Source("old", "[]"), Source("new", good_text()))
