"""Every rule catches what it is for, and nothing else; the good definition has nothing wrong."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from contracts.problems import ProblemsError
from contracts.regions import DEEPAR_ACCOUNTS
from pipeline_def.check.phases import JSON_RULE, RULES, check_definition, require_valid
from pipeline_def.template.keys import example_values
from pipeline_def.template.render import render
from pipeline_def.template.text import read_template
from tests.pipeline_def.definitions import REGION, arguments, get, good, good_text, join, parameter, step
from tests.pipeline_def.mutations import CANARY, MUTATIONS, Mutation

SDK_DEFINITIONS = sorted((Path(__file__).parent / "sdk_definitions").glob("*.json"))


@pytest.mark.parametrize("sections", [False, True])
def test_nothing_is_wrong_with_the_good_definition(sections: bool) -> None:
    assert check_definition(good_text(sections), REGION, contract=True) == []
    assert require_valid(good_text(sections), REGION) == good_text(sections)


@pytest.mark.parametrize("region", sorted(DEEPAR_ACCOUNTS))
def test_nothing_is_wrong_in_any_region(region: str) -> None:
    text = render(read_template(), example_values(region, sections=True))
    assert check_definition(text, region, contract=True) == []


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.id)
def test_a_mutation_is_caught_by_its_own_rule_alone(mutation: Mutation) -> None:
    definition = good()
    mutation.change(definition)
    findings = check_definition(json.dumps(definition), REGION, contract=True)
    assert {finding.rule for finding in findings} == {mutation.rule}
    assert any(mutation.names in str(finding) for finding in findings), [str(finding) for finding in findings]


def test_every_rule_has_two_mutations_at_least_and_sixty_in_all() -> None:
    counted = Counter(mutation.rule for mutation in MUTATIONS)
    assert {rule.id for rule in RULES} == set(counted)
    assert min(counted.values()) >= 2
    assert len(MUTATIONS) >= 60


@pytest.mark.parametrize("mutation", [item for item in MUTATIONS if item.rule == "secret"], ids=lambda item: item.id)
def test_a_secret_is_never_shown(mutation: Mutation) -> None:
    definition = good()
    mutation.change(definition)
    said = " ".join(str(finding) for finding in check_definition(json.dumps(definition), REGION))
    assert "not shown" in said
    assert CANARY not in said
    assert "CANARY" not in said


def test_a_secret_is_not_shown_by_another_rule_either() -> None:
    definition = good()
    definition["Parameters"].append({"Name": "DbPassword", "Type": "Integer", "DefaultValue": CANARY})
    definition["Steps"][0]["Arguments"]["Environment"]["API_KEY"] = CANARY * 20
    findings = check_definition(json.dumps(definition), REGION)
    assert {"parameter", "limits", "secret"} <= {finding.rule for finding in findings}
    assert all(CANARY not in str(finding) and CANARY not in json.dumps(finding.as_dict()) for finding in findings)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", "is missing"),
        ("{", "not JSON"),
        ("[]", "list"),
        ('{"Version": "2020-12-01", "Version": "2020-12-01"}', "duplicate member: Version"),
        ("null", "NoneType"),
        ('{"Version": NaN}', "NaN is no JSON number"),
        ('{"Version": -Infinity}', "-Infinity is no JSON number"),
        ("[" * 100_000 + "]" * 100_000, "more than 100 levels deep"),
        ('{"Metadata": {"a":' + "[" * 980 + "]" * 980 + "}}", "more than 100 levels deep"),
    ],
)
def test_what_is_no_json_object_is_one_finding(text: str, names: str) -> None:
    findings = check_definition(text, REGION)
    assert [finding.rule for finding in findings] == [JSON_RULE]
    assert names in str(findings[0])


def test_a_template_is_told_from_broken_json() -> None:
    (finding,) = check_definition(read_template(), REGION)
    assert (finding.rule, finding.value) == ("unfilled", "a template")


def test_all_findings_come_at_once_with_rule_step_path_value_and_what_is_allowed() -> None:
    definition = good()
    changed = {}
    for mutation in MUTATIONS:
        if mutation.name in ("zero instances", "no epochs", "our image by latest", "too many attempts"):
            mutation.change(definition)
            changed[mutation.rule] = mutation
    with pytest.raises(ProblemsError) as error:
        require_valid(json.dumps(definition), REGION)
    said = str(error.value)
    assert len(error.value.problems) == len(changed) == 4
    assert "[image] step FeatureEngineering, $.Steps[0].Arguments.AppSpecification.ImageUri is '" in said
    assert (
        "[retry] step FeatureEngineering, $.Steps[0].RetryPolicies[0].MaxAttempts is 21; allowed: an integer from 1 to 20"
        in said
    )


def foreign(**members: object) -> list[str]:
    """What is said of a training of another algorithm, with these arguments of its own."""
    definition = good()
    training = arguments(definition, "Training")
    training["AlgorithmSpecification"]["TrainingImage"] = "683313688378.dkr.ecr.eu-central-1.amazonaws.com/xgboost:1.7-1"
    training |= members
    return [str(finding) for finding in check_definition(json.dumps(definition), REGION, contract=False)]


def test_the_built_in_algorithms_limits_are_not_those_of_another() -> None:
    channels = [{"ChannelName": "rows", "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/x"}}}]
    assert foreign(HyperParameters={"epochs": "0", "depth": "5"}, InputDataConfig=channels) == []
    assert foreign(StoppingCondition={"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 86_400}) == []


@pytest.mark.parametrize("tag", ["stable", "latest"])
def test_an_image_of_others_has_a_version(tag: str) -> None:
    image = f"683313688378.dkr.ecr.eu-central-1.amazonaws.com/xgboost:{tag}"
    (said,) = foreign(AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"})
    assert "[image] step Training" in said


@pytest.mark.parametrize(
    ("image", "allowed"),
    [
        ("683313688378.dkr.ecr.eu-central-1.amazonaws.com/xgboost@sha256:" + "a" * 64, True),
        ("683313688378.dkr.ecr.eu-central-1.amazonaws.com/xgboost:latest@sha256:" + "a" * 64, True),
        ("123456789012.dkr.ecr.eu-central-1.amazonaws.com/features:" + "1" * 32, True),
        ("123456789012.dkr.ecr.eu-central-1.amazonaws.com/features:" + "1" * 31, False),
    ],
)
def test_an_image_by_digest_or_hash(image: str, allowed: bool) -> None:
    said = foreign(AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"})
    assert (said == []) is allowed


def test_the_isolated_partitions_have_domains_of_their_own() -> None:
    text = good_text().replace("eu-central-1.amazonaws.com", "us-iso-east-1.c2s.ic.gov")
    assert not [item for item in check_definition(text, "us-iso-east-1") if "the domain" in item.allowed]


def test_a_job_may_run_on_groups_of_instances() -> None:
    groups = [{"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "InstanceGroupName": "a"}]
    assert foreign(ResourceConfig={"VolumeSizeInGB": 10, "InstanceGroups": groups}) == []


def test_a_number_beyond_all_numbers_is_no_json() -> None:
    text = good_text().replace('"DefaultValue":0.001', '"DefaultValue":1e999')
    (finding,) = check_definition(text, REGION)
    assert (finding.rule, "1e999 is too large a number" in str(finding)) == (JSON_RULE, True)


def test_a_secret_of_a_parameter_is_told_of_once() -> None:
    definition = good()
    definition["Parameters"].append({"Name": "Thing", "Type": "String", "DefaultValue": "AKIA" + "CANARYCANARY1234"})
    arguments(definition, "FeatureEngineering")["Environment"]["THING"] = get("Parameters.Thing")
    (said,) = (str(finding) for finding in check_definition(json.dumps(definition), REGION))
    assert "parameter Thing" in said


def test_what_a_start_gives_is_no_secret_of_the_definition() -> None:
    definition = good()
    definition["Parameters"].append({"Name": "Reference", "Type": "String"})
    environment = arguments(definition, "FeatureEngineering")["Environment"]
    environment["DB_PASSWORD"] = join("prod", get("Parameters.Reference"))
    assert check_definition(json.dumps(definition), REGION, contract=False) == []


def test_one_step_name_of_ours_makes_no_pipeline_of_ours() -> None:
    text = good_text().replace("FeatureEngineering", "Prepare")
    assert check_definition(text, REGION) == []


def test_a_long_value_is_shortened_in_a_message() -> None:
    definition = good()
    step(definition, "Training")["DependsOn"] = "x" * 500
    (said,) = (str(finding) for finding in check_definition(json.dumps(definition), REGION))
    assert "x…; allowed" in said
    assert len(said) < 300


def test_without_a_region_the_images_must_agree_with_one_another() -> None:
    assert check_definition(good_text(True)) == []
    definition = good()
    image = definition["Steps"][0]["Arguments"]["AppSpecification"]["ImageUri"]
    definition["Steps"][0]["Arguments"]["AppSpecification"]["ImageUri"] = image.replace("eu-central-1", "eu-west-1")
    assert {finding.rule for finding in check_definition(json.dumps(definition))} == {"image"}


@pytest.mark.parametrize("broken", [None, 1, "x", [], {}, [1], ["x"], [None], [{}], [{"Name": "a"}], [{"Name": 1, "Type": 2}]])
@pytest.mark.parametrize("member", ["Steps", "Parameters", "Version"])
def test_a_definition_of_any_shape_gives_findings_and_no_traceback(member: str, broken: object) -> None:
    definition = good()
    definition[member] = broken
    findings = check_definition(json.dumps(definition), REGION)
    if not (member == "Parameters" and broken in (None, [])):
        assert "structure" in {finding.rule for finding in findings}


def without_execution_id() -> str:
    definition = good()
    next(item for item in MUTATIONS if item.name == "execution id that is none").change(definition)
    return json.dumps(definition)


def test_our_contract_does_not_end_where_the_parameter_it_guards_is_gone() -> None:
    with pytest.raises(ProblemsError, match="ExecutionId"):
        require_valid(without_execution_id(), REGION)
    assert {finding.rule for finding in check_definition(without_execution_id(), REGION)} == {"isolation"}
    assert check_definition(without_execution_id(), REGION, contract=False) == []


def test_an_execution_id_is_text() -> None:
    definition = good()
    parameter(definition, "ExecutionId")["Type"] = "Integer"
    said = [str(finding) for finding in check_definition(json.dumps(definition), REGION) if finding.rule == "isolation"]
    assert said == ["[isolation] $.Parameters[0] is 'Integer'; allowed: a String without default: every start names its own"]


def test_the_program_asks_for_the_gate_whatever_the_steps_are_called() -> None:
    text = good_text().replace("QualityGate", "Check")
    assert check_definition(text, REGION) == []
    with pytest.raises(ProblemsError, match="every model passes the quality gate"):
        require_valid(text, REGION)


@pytest.mark.parametrize("value", [get("Parameters.Image"), join(get("Parameters.Image"), on="")])
@pytest.mark.parametrize("tag", ["latest", "1"])
def test_an_image_that_a_parameter_brings_is_judged_by_its_default(value: object, tag: str) -> None:
    definition = good()
    specification = arguments(definition, "Training")["AlgorithmSpecification"]
    image = specification["TrainingImage"].replace(":1", f":{tag}")
    definition["Parameters"].append({"Name": "Image", "Type": "String", "DefaultValue": image})
    specification["TrainingImage"] = value
    arguments(definition, "Training")["HyperParameters"]["epochs"] = "0"
    found = {finding.rule for finding in check_definition(json.dumps(definition), REGION, contract=False)}
    assert found == ({"hyperparameter", "image"} if tag == "latest" else {"hyperparameter"})
    del definition["Parameters"][-1]["DefaultValue"]
    assert check_definition(json.dumps(definition), REGION, contract=False) == []


@pytest.mark.parametrize("text", ['{"a": {"b": 1}}', '{"a":{"b":{}}}', '[[{"a":{}}]]', "{{", "}}"])
def test_text_with_braces_is_no_template_key(text: str) -> None:
    definition = good()
    arguments(definition, "FeatureEngineering")["Environment"]["CONFIG"] = text
    arguments(definition, "Training")["Tags"][0]["Value"] = text
    assert [str(item) for item in check_definition(json.dumps(definition), REGION) if item.rule != "limits"] == []


@pytest.mark.parametrize("path", SDK_DEFINITIONS, ids=lambda path: path.stem)
def test_no_false_alarm_on_other_pipelines_that_the_sdk_makes(path: Path) -> None:
    assert [str(finding) for finding in check_definition(path.read_text(), "us-east-1")] == []


def test_there_are_other_pipelines() -> None:
    assert len(SDK_DEFINITIONS) >= 8
