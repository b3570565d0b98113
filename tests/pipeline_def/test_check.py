"""The good definition passes, and everything that breaks it is reported with step, path, value and what is allowed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts.problems import ProblemsError
from contracts.regions import DEEPAR_ACCOUNTS
from pipeline_def.check.finding import Finding
from pipeline_def.check.phases import PHASES, SHAPE_RULES, check_definition, read_definition, require_valid
from pipeline_def.template.keys import example_values
from pipeline_def.template.render import render
from pipeline_def.template.text import read_template
from tests.examples import share_of
from tests.pipeline_def.definitions import REGION, arguments, get, good, good_text, join, parameter, step
from tests.pipeline_def.mutations import CANARY, MUTATIONS, Mutation

CASES = Path(__file__).parent / "cases"
Definition = dict[str, Any]


def findings(definition: Definition, region: str | None = REGION) -> list[Finding]:
    return check_definition(json.dumps(definition), region)


def messages(definition: Definition) -> list[str]:
    return [str(finding) for finding in findings(definition)]


@pytest.mark.parametrize("sections", [False, True])
def test_the_good_definition_passes(sections: bool) -> None:
    assert check_definition(good_text(sections), REGION) == []
    assert require_valid(good_text(sections), REGION) == good_text(sections)


@pytest.mark.parametrize("region", sorted(DEEPAR_ACCOUNTS))
def test_the_good_definition_passes_in_every_region(region: str) -> None:
    text = render(read_template(), example_values(region, sections=True))
    assert check_definition(text, region) == []


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.id)
def test_each_mutation_is_reported_with_path_and_what_is_allowed(mutation: Mutation) -> None:
    definition = good()
    mutation.change(definition)
    found = findings(definition)
    assert any(mutation.names in str(finding) for finding in found), [str(finding) for finding in found]
    assert all(finding.path.startswith("$") and finding.allowed for finding in found)
    assert all(finding.step for finding in found if ".Steps[" in finding.path and "Steps['" not in finding.path)


def test_the_corpus_of_mutations_is_complete() -> None:
    assert len(MUTATIONS) == 264
    assert len({mutation.id for mutation in MUTATIONS}) == 264


#: Case -> what a finding must name.
REPORTED = {
    "FunctionArn-missing": ("After", "$.Steps[3].Type is 'Lambda'", "step type"),
    "cache-enabled-without-expiry": ("After", "$.Steps[3].CacheConfig.ExpireAfter is missing", "duration"),
    "control-lambda-step": ("After", "$.Steps[3].Type is 'Lambda'", "Processing, Training"),
    "deepar-pipe-mode": ("Training", "AlgorithmSpecification.TrainingInputMode is 'Pipe'", "File"),
    "fail-step-without-message": ("F", "Arguments.ErrorMessage is missing", "message"),
    "model-without-execution-role": ("CreateModel", "ExecutionRoleArn is missing", "needed"),
    "nested-condition": ("Inner", "$.Steps[2].Arguments.ElseSteps[0]", "does not support a condition in a branch"),
    "processing-without-stopping-condition": ("FeatureEngineering", "StoppingCondition is missing", "time limit"),
    "register-without-approval-status": ("RegisterModel", "ModelApprovalStatus is missing", "approval"),
    "register-without-inference-specification": ("RegisterModel", "InferenceSpecification is missing", "needed"),
    "sdk-object-as-container-argument": ("FeatureEngineering", "ContainerArguments[2]", "SDK's object"),
    "training-without-resource-config": ("Training", "ResourceConfig is missing", "needed"),
    "undeclared-parameter-in-FunctionArn": ("After", "$.Steps[3].Type is 'Lambda'", "step type"),
}


def current_case(name: str) -> Definition:
    """A case with display names that are allowed now, so that only its own defect remains."""
    text = (CASES / f"{name}.json").read_text()
    return json.loads(re.sub(r'("DisplayName": ?"\w+) (\w+")', r"\1-\2", text))


@pytest.mark.parametrize("name", sorted(path.stem for path in CASES.glob("*.json")))
def test_each_reported_definition_that_cannot_run_is_rejected(name: str) -> None:
    step_name, path, allowed = REPORTED[name]
    for region in (None, REGION):
        found = findings(current_case(name), region)
        assert any(finding.step == step_name and path in str(finding) and allowed in str(finding) for finding in found), [
            str(finding) for finding in found
        ]
    with pytest.raises(ProblemsError, match=re.escape(step_name)):
        require_valid((CASES / f"{name}.json").read_text(), REGION)


@pytest.mark.parametrize("name", sorted(path.stem for path in CASES.glob("*.json")))
def test_a_case_is_rejected_for_its_own_defect_whatever_else_is_wrong_with_it(name: str) -> None:
    """As it is stored: with display names that are no longer allowed, and without a variable that is now required."""
    step_name, path, allowed = REPORTED[name]
    found = check_definition((CASES / f"{name}.json").read_text(), REGION)
    assert any(finding.step == step_name and path in str(finding) and allowed in str(finding) for finding in found)


def test_a_missing_member_hides_no_other_defect() -> None:
    """The container's variable is removed, which is a defect of its own; every mutation is reported nevertheless."""
    hidden = []
    for mutation in MUTATIONS:
        definition = good()
        mutation.change(definition)
        for step_ in definition.get("Steps", []) if isinstance(definition.get("Steps"), list) else []:
            environment = step_.get("Arguments", {}).get("Environment") if isinstance(step_, dict) else None
            if isinstance(environment, dict):
                environment.pop("TEST_QUANTILES", None)
        if not any(mutation.names in str(finding) for finding in findings(definition)):
            hidden.append(mutation.id)
    # Without the variable, there are no longer too many of them.
    assert [id_ for id_ in hidden if "environment variables" not in id_] == []


def members(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every member of every object."""
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        if isinstance(value, dict):
            yield (*path, key)
        yield from members(item, (*path, key))


#: Members that may be absent: descriptions, what SageMaker has a default for, and retries.
OPTIONAL = re.compile(
    r"Metadata|.*\.(DisplayName|Description|RetryPolicies|ElseSteps|SkipModelValidation)"
    r"|.*\.RetryPolicies\.\d+\.(BackoffRate|IntervalSeconds|MaxAttempts|ExpireAfterMin)"
    r"|.*\.(S3CompressionType|S3DataDistributionType)|Steps\.[04]\.Arguments\.NetworkConfig\.EnableNetworkIsolation"
)
#: With all optional sections, whose members may be absent together, but not one by one.
MEMBERS = list(members(good(True)))


def test_every_deleted_member_is_reported_unless_it_is_optional() -> None:
    unreported, needlessly = [], []
    for path in share_of(MEMBERS):
        definition = good(True)
        owner: Any = definition
        for key in path[:-1]:
            owner = owner[key]
        del owner[path[-1]]
        name = ".".join(map(str, path))
        is_reported, is_optional = bool(findings(definition)), OPTIONAL.fullmatch(name) is not None
        unreported += [name] if not (is_reported or is_optional) else []
        needlessly += [name] if is_reported and is_optional else []
    assert (unreported, needlessly) == ([], [])


@pytest.mark.parametrize("mutation", [item for item in MUTATIONS if item.topic == "secret"], ids=lambda item: item.id)
def test_a_secret_is_never_shown(mutation: Mutation) -> None:
    definition = good()
    mutation.change(definition)
    text = " ".join(messages(definition))
    assert CANARY not in text
    assert "CANARY" not in text


def test_no_rule_shows_a_secret() -> None:
    definition = good()
    definition["Parameters"].append({"Name": "DbPassword", "Type": "Integer", "DefaultValue": CANARY})
    definition["Steps"][0]["Arguments"]["Environment"]["API_KEY"] = CANARY * 20
    found = findings(definition)
    definition["Parameters"].pop()
    found += findings(definition)
    assert {"shape", "limits", "secret"} <= {finding.rule for finding in found}
    assert all(CANARY not in str(finding) and CANARY not in json.dumps(finding.as_dict()) for finding in found)


@pytest.mark.parametrize(
    "arguments_value",
    [
        [{"Environment": {"DB_PASSWORD": CANARY}}],
        {"AppSpecification": {"ContainerArguments": ["--token", CANARY]}},
        {"AppSpecification": {"ContainerArguments": [f"--token={CANARY}"]}},
        {"Unknown": {"Deep": [{"ApiKey": CANARY}]}},
    ],
)
def test_a_secret_inside_a_reported_object_is_not_shown(arguments_value: object) -> None:
    definition = good()
    step(definition, "FeatureEngineering")["Arguments"] = arguments_value
    assert messages(definition)
    assert all(CANARY not in message for message in messages(definition))
    definition = good()
    step(definition, "FeatureEngineering")["Arguments"]["RoleArn"] = arguments_value
    assert messages(definition)
    assert all(CANARY not in message for message in messages(definition))


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
        (good_text().replace('"DefaultValue":0.005', '"DefaultValue":1e999'), "1e999 is too large a number"),
    ],
)
def test_text_that_is_not_a_json_object_gives_one_finding(text: str, names: str) -> None:
    (finding,) = check_definition(text, REGION)
    assert (finding.rule, names in str(finding)) == ("json", True)
    assert read_definition(text) is None


def test_a_template_is_not_called_broken_json() -> None:
    (finding,) = check_definition(read_template(), REGION)
    assert (finding.rule, finding.value) == ("leftover", "a template")


def test_all_problems_are_reported_at_once() -> None:
    definition = good()
    names = ("zero instances", "no epochs", "our image by latest", "too many attempts")
    for mutation in [mutation for mutation in MUTATIONS if mutation.name in names]:
        mutation.change(definition)
    with pytest.raises(ProblemsError) as error:
        require_valid(json.dumps(definition), REGION)
    text = str(error.value)
    assert len(error.value.problems) == 4
    assert "[image] step FeatureEngineering, $.Steps[0].Arguments.AppSpecification.ImageUri is '" in text
    assert (
        "[shape] step FeatureEngineering, $.Steps[0].RetryPolicies[0].MaxAttempts is 21; allowed: an integer from 1 to 20"
        in text
    )


def test_later_phases_do_not_run_on_a_definition_that_they_cannot_read() -> None:
    definition = good()
    del arguments(definition, "Training")["ResourceConfig"]
    parameter(definition, "epochs")["DefaultValue"] = 0
    assert {"required", "deepar"} <= {finding.rule for finding in findings(definition)}, "a missing member hides nothing"
    definition["Steps"][0]["DependsOn"] = 7
    assert {finding.rule for finding in findings(definition)} == {"shape"}


def test_every_rule_reports_a_mutation() -> None:
    reported = set()
    for mutation in MUTATIONS:
        definition = good()
        mutation.change(definition)
        reported |= {finding.rule for finding in findings(definition)}
    # Not JSON at all, and the other pipeline's own rule (test_forecast.py).
    reported |= {"json", "forecast"}
    assert {*SHAPE_RULES, *(rule.id for phase in PHASES for rule in phase)} <= reported


IMAGE = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/features"


@pytest.mark.parametrize(
    ("tag", "is_allowed"),
    [
        ("@sha256:" + "a" * 64, True),
        (":latest@sha256:" + "a" * 64, True),
        (":" + "1" * 32, True),
        (":" + "1" * 31, False),
        (":v1", False),
        ("", False),
    ],
)
def test_our_image_has_a_content_hash_or_a_digest(tag: str, is_allowed: bool) -> None:
    definition = good()
    arguments(definition, "FeatureEngineering")["AppSpecification"]["ImageUri"] = IMAGE + tag
    assert (messages(definition) == []) is is_allowed


def test_the_isolated_partitions_have_their_own_domains() -> None:
    text = good_text().replace("eu-central-1.amazonaws.com", "us-iso-east-1.c2s.ic.gov")
    assert not [item for item in check_definition(text, "us-iso-east-1") if "the domain" in item.allowed]


def test_a_secret_of_a_parameter_is_reported_once() -> None:
    definition = good()
    definition["Parameters"].append({"Name": "Thing", "Type": "String", "DefaultValue": "AKIA" + "CANARYCANARY1234"})
    arguments(definition, "FeatureEngineering")["Environment"]["THING"] = get("Parameters.Thing")
    (message,) = messages(definition)
    assert "parameter Thing" in message


def test_a_value_that_a_start_sets_is_not_a_secret_of_the_definition() -> None:
    definition = good()
    definition["Parameters"].append({"Name": "Reference", "Type": "String"})
    environment = arguments(definition, "FeatureEngineering")["Environment"]
    environment["DB_PASSWORD"] = join("prod", get("Parameters.Reference"))
    assert "secret" not in {finding.rule for finding in findings(definition)}


def test_a_long_value_is_shortened_in_a_message() -> None:
    definition = good()
    step(definition, "Training")["DependsOn"] = "x" * 500
    (message,) = messages(definition)
    assert "x…; allowed" in message
    assert len(message) < 300


def test_without_a_region_all_images_must_be_in_one_region() -> None:
    assert check_definition(good_text(True)) == []
    definition = good()
    image = definition["Steps"][0]["Arguments"]["AppSpecification"]["ImageUri"]
    definition["Steps"][0]["Arguments"]["AppSpecification"]["ImageUri"] = image.replace("eu-central-1", "eu-west-1")
    assert {finding.rule for finding in findings(definition, None)} == {"image"}


def test_the_contract_holds_whatever_the_steps_and_parameters_are_called() -> None:
    with pytest.raises(ProblemsError, match="every model passes the quality gate"):
        require_valid(good_text().replace("QualityGate", "Check"), REGION)
    definition = good()
    next(item for item in MUTATIONS if item.name == "execution id that is none").change(definition)
    with pytest.raises(ProblemsError, match="ExecutionId"):
        require_valid(json.dumps(definition), REGION)


def test_the_execution_id_is_text() -> None:
    definition = good()
    parameter(definition, "ExecutionId")["Type"] = "Integer"
    found = [str(finding) for finding in findings(definition)]
    assert any("ExecutionId" in message or "$.Parameters[0]" in message for message in found)


@pytest.mark.parametrize("text", ['{"a": {"b": 1}}', '{"a":{"b":{}}}', '[[{"a":{}}]]', "{{", "}}"])
def test_text_with_braces_is_not_a_template_key(text: str) -> None:
    definition = good()
    arguments(definition, "FeatureEngineering")["Environment"]["CONFIG"] = text
    arguments(definition, "Training")["Tags"][0]["Value"] = text
    assert [str(item) for item in findings(definition) if item.rule != "limits"] == []
