"""What is compared: files, templates, and a template rendered with values."""

from __future__ import annotations

from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from contracts.problems import ProblemsError
from pipeline_def.diff.changes import Change
from pipeline_def.diff.formats import as_terminal
from pipeline_def.diff.sources import Source, compare_sources, read_source
from pipeline_def.template.keys import example_values
from pipeline_def.template.text import read_template
from tests.pipeline_def.definitions import good_text


def sentences(changes: list[Change]) -> list[str]:
    return [f"{change.subject}: {change.words}" for change in changes]


def test_two_templates_are_compared_with_keys_where_values_would_stand() -> None:
    new = read_template().replace('"s3://{{assets_bucket}}/assets"', '"s3://{{assets_bucket}}/prices"')
    (change,) = compare_sources(Source("old", read_template()), Source("new", new))
    assert change.words == "default: s3://«assets_bucket»/assets → s3://«assets_bucket»/prices"


@pytest.mark.parametrize(
    ("old", "new", "subject", "words", "kinds"),
    [
        (
            '"MaxPayloadInMB": 25',
            '"MaxPayloadInMB": 6',
            "step Backtest",
            "limits of the transform job's requests: 6 → 25",
            {"cost"},
        ),
        (
            "at least what the template requires?",
            "more than the template requires?",
            "step QualityGate",
            "name or description: Is the model's skill against the best baseline more than the template requires? → "
            "Is the model's skill against the best baseline at least what the template requires?",
            set(),
        ),
        (
            '"Name": "epochs",\n      "Type": "Integer",\n      "DefaultValue": 100',
            '"Name": "epochs",\n      "Type": "Integer",\n      "DefaultValue": 20',
            "parameter epochs",
            "default: 20 → 100",
            {"model", "cost"},
        ),
    ],
)
def test_the_edits_of_the_template_so_far_are_described(old: str, new: str, subject: str, words: str, kinds: set[str]) -> None:
    """Each edit is undone in today's template: what it was before, against what it is now."""
    assert read_template().count(old) == 1
    before = Source("before", read_template().replace(old, new))
    (change,) = compare_sources(before, Source("now", read_template()))
    assert (change.subject, change.words) == (subject, words)
    assert {effect.kind for effect in change.effects} == kinds


def test_what_only_a_section_changes_says_so() -> None:
    new = read_template().replace(
        '"MaxWaitTimeInSeconds": {{{training_max_wait_seconds}}}{{/spot}}', '"MaxWaitTimeInSeconds": 60{{/spot}}'
    )
    new = new.replace(
        '"EnableManagedSpotTraining": true{{/spot}}', '"EnableManagedSpotTraining": true, "Environment": {"A": "b"}{{/spot}}'
    )
    found = compare_sources(Source("old", read_template()), Source("new", new))
    assert {change.only_with for change in found} == {"spot"}
    assert "only if the stack sets spot" in as_terminal(found, "old", "new")


@pytest.mark.parametrize("sections", [False, True])
def test_a_rendered_definition_is_compared_with_the_template_rendered_by_values(sections: bool) -> None:
    template = Source("template", read_template())
    deployed = Source("deployed", good_text(sections))
    values = example_values(sections=sections)
    assert compare_sources(deployed, template, values) == []
    assert compare_sources(template, deployed, values) == []
    changed_template = read_template().replace('"DefaultValue": 32', '"DefaultValue": 64')
    (change,) = compare_sources(deployed, Source("template", changed_template), values)
    assert (change.subject, change.old, change.new) == ("parameter mini_batch_size", "32", "64")


def test_a_template_without_values_is_not_compared_with_a_rendered_definition() -> None:
    with pytest.raises(ProblemsError, match="--values FILE renders the template first"):
        compare_sources(Source("deployed", good_text()), Source("template", read_template()))


@mock_aws
def test_a_pipeline_in_aws_is_compared_with_the_template(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    client = boto3.client("sagemaker", region_name="eu-central-1")
    role = "arn:aws:iam::123456789012:role/pipeline"
    client.create_pipeline(PipelineName="dev", PipelineDefinition=good_text(), RoleArn=role, ClientRequestToken="t" * 32)
    deployed = read_source("deployed:dev")
    assert deployed.name == "the deployed dev"
    assert compare_sources(deployed, Source("rendered", good_text())) == []
    with pytest.raises(ProblemsError, match="pipeline is 'absent'"):
        read_source("deployed:absent")


def test_reading_a_source_names_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(ProblemsError, match="absent.json"):
        read_source(str(tmp_path / "absent.json"))
    with pytest.raises(ProblemsError, match="allowed: JSON or the template"):
        compare_sources(Source("old", "not json"), Source("new", good_text()))
    with pytest.raises(ProblemsError, match="one JSON object"):
        compare_sources(Source("old", "[]"), Source("new", good_text()))
