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
    assert len(MUTATIONS) == 242
    assert len({mutation.id for mutation in MUTATIONS}) == 242


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
    r"|.*\.(S3CompressionType|S3DataDistributionType)|Steps\.0\.Arguments\.NetworkConfig\.EnableNetworkIsolation"
)
#: Members of optional sections may be absent together, but not one by one.
MEMBERS = [(sections, path) for sections in (False, True) for path in members(good(sections))]


def test_every_deleted_member_is_reported_unless_it_is_optional() -> None:
    unreported, needlessly = [], []
    for sections, path in MEMBERS:
        definition = good(sections)
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
        (good_text().replace('"DefaultValue":0.001', '"DefaultValue":1e999'), "1e999 is too large a number"),
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
    assert {finding.rule for finding in findings(definition)} == {"required"}
    definition["Steps"][0]["DependsOn"] = 7
    assert {finding.rule for finding in findings(definition)} == {"shape"}


def test_every_rule_reports_a_mutation() -> None:
    reported = set()
    for mutation in MUTATIONS:
        definition = good()
        mutation.change(definition)
        reported |= {finding.rule for finding in findings(definition)}
    reported.add("json")
    assert {*SHAPE_RULES, *(rule.id for phase in PHASES for rule in phase)} - reported == {"section"}


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
    next(item for item in MUTATIONS if item.name == "value that is not an execution id").change(definition)
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


SDK_TEXTS = [
    "ParameterInteger(name='x', parameter_type=<ParameterTypeEnum.INTEGER: 'Integer'>, default_value=1)",
    "ParameterString(name='a', parameter_type=<ParameterTypeEnum.STRING: 'String'>, default_value=None)",
    "ParameterFloat(name='f', default_value=1.0)",
    "ParameterBoolean(name='b')",
    "Parameter(name='b', parameter_type=<ParameterTypeEnum.BOOLEAN: 'Boolean'>, default_value=None)",
    "s3://bucket/Join(on='/', values=['a'])",
    "JsonGet(step_name='a', property_file='b', json_path='c', s3_uri=None, step=None)",
    "<sagemaker.core.workflow.execution_variables.ExecutionVariable object at 0x7fb9d2176bd0>",
    "PropertyFile(name='n', output_name='o', path='p')",
    "ConditionGreaterThan(condition_type=<ConditionTypeEnum.GT: 'GreaterThan'>, left=1, right=2)",
    "{'_step': None, 'step_name': 'S', 'path': 'ModelArtifacts', '_shape_names': ['ModelArtifacts']}",
    "Calling __str__ on an Output[T] is not supported.",
]


def put_into_description(d: Definition, text: str) -> None:
    step(d, "Training")["Description"] = text


def put_into_tag(d: Definition, text: str) -> None:
    arguments(d, "Training")["Tags"][0]["Value"] = text


def put_into_environment_name(d: Definition, text: str) -> None:
    arguments(d, "FeatureEngineering")["Environment"][text] = "x"


def put_into_default(d: Definition, text: str) -> None:
    parameter(d, "AssetsS3Uri")["DefaultValue"] = text


def put_into_hyperparameter(d: Definition, text: str) -> None:
    arguments(d, "Training")["HyperParameters"]["likelihood"] = text


def put_into_metadata(d: Definition, text: str) -> None:
    d["Metadata"]["note"] = {"deep": [text]}


def put_into_join(d: Definition, text: str) -> None:
    arguments(d, "Training")["OutputDataConfig"]["S3OutputPath"]["Std:Join"]["Values"][2] = text


@pytest.mark.parametrize("text", SDK_TEXTS)
@pytest.mark.parametrize(
    "put",
    [
        put_into_description,
        put_into_tag,
        put_into_environment_name,
        put_into_default,
        put_into_hyperparameter,
        put_into_metadata,
        put_into_join,
    ],
)
def test_an_object_printed_as_text_is_reported_anywhere(put: Any, text: str) -> None:
    definition = good()
    put(definition, text)
    assert "leftover" in {finding.rule for finding in findings(definition)}


@pytest.mark.parametrize(
    "text", ["Joined (on Monday)", "Parameter (name of it)", "object at rest", "Condition(s) apply", "<s>"]
)
def test_prose_is_not_an_object_of_the_sdk(text: str) -> None:
    definition = good()
    put_into_description(definition, text)
    assert messages(definition) == []


@pytest.mark.parametrize("expiry", ["P30D", "PT1H", "P1Y2M3W4DT5H6M7S", "30d", "T12h", "p1w", "PT30M"])
def test_a_cache_has_an_expiry(expiry: str) -> None:
    definition = good()
    step(definition, "Training")["CacheConfig"] = {"Enabled": False, "ExpireAfter": expiry}
    assert messages(definition) == []


@pytest.mark.parametrize(
    "expiry", ["", "P", "PT", "T", "P1DT", "P0D", "PT0S", "30", "1 day", "P-1D", "P1.5D", "P1H", "PT1D", "D1", None, 30, {}]
)
def test_a_malformed_or_empty_duration_is_reported(expiry: object) -> None:
    definition = good()
    step(definition, "Training")["CacheConfig"] = {"Enabled": False, "ExpireAfter": expiry}
    (message,) = messages(definition)
    assert message.startswith("[shape] step Training, $.Steps[1].CacheConfig.ExpireAfter is ")
    assert "such as P30D" in message


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("InputMode", "Pipe"),
        ("InputMode", "FastFile"),
        ("ContentType", "text/csv"),
        ("ContentType", "application/x-recordio"),
        ("CompressionType", "Gzip"),
        ("RecordWrapperType", "RecordIO"),
    ],
)
@pytest.mark.parametrize("index", [0, 1])
def test_a_channel_that_deepar_cannot_read_is_reported(member: str, value: str, index: int) -> None:
    definition = good()
    arguments(definition, "Training")["InputDataConfig"][index][member] = value
    (message,) = messages(definition)
    assert f"step Training, $.Steps[1].Arguments.InputDataConfig[{index}].{member} is '{value}'; DeepAR allows " in message


@pytest.mark.parametrize("value", ["json", "json.gz", "parquet", "auto"])
def test_a_channel_with_a_content_type_that_deepar_reads_passes(value: str) -> None:
    definition = good()
    arguments(definition, "Training")["InputDataConfig"][0] |= {"ContentType": value, "InputMode": "File"}
    assert messages(definition) == []


def fail_step(**message: object) -> Definition:
    return {"Name": "F", "Type": "Fail", "Arguments": message}


@pytest.mark.parametrize("message", [{}, {"ErrorMessage": ""}, {"ErrorMessage": None}])
@pytest.mark.parametrize("in_branch", [False, True])
def test_a_fail_step_has_a_message(message: Definition, in_branch: bool) -> None:
    definition = good()
    steps = arguments(definition, "QualityGate")["ElseSteps"] if in_branch else definition["Steps"]
    steps.append(fail_step(**message))
    (text,) = messages(definition)
    assert "[required] step F, $.Steps[" in text
    assert "ErrorMessage is missing" in text
    steps[-1] = fail_step(ErrorMessage=join("rejected: ", get("Parameters.ExecutionId"), on=""))
    assert messages(definition) == []


@pytest.mark.parametrize("branch", ["IfSteps", "ElseSteps"])
def test_a_condition_in_a_branch_is_reported(branch: str) -> None:
    definition = good()
    gate = arguments(definition, "QualityGate")
    inner = {"Conditions": gate["Conditions"], "IfSteps": [fail_step(ErrorMessage="no")]}
    gate[branch].append({"Name": "Inner", "Type": "Condition", "Arguments": inner})
    assert any("[shape] step Inner, $.Steps[2]" in text and "does not support" in text for text in messages(definition))


REFERENCE = {"Get": "Parameters.Undeclared"}


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("DisplayName", REFERENCE),
        ("Description", join("x", REFERENCE)),
        ("DependsOn", [REFERENCE]),
        ("DependsOn", REFERENCE),
        ("CacheConfig", {"Enabled": REFERENCE, "ExpireAfter": "P1D"}),
        ("CacheConfig", {"Enabled": True, "ExpireAfter": REFERENCE}),
        ("PropertyFiles", [{"PropertyFileName": "G", "OutputName": "evaluation", "FilePath": REFERENCE}]),
        ("PropertyFiles", REFERENCE),
        ("RetryPolicies", [{"ExceptionType": ["Step.THROTTLING"], "MaxAttempts": REFERENCE}]),
        ("FunctionArn", REFERENCE),
    ],
)
def test_a_reference_next_to_the_arguments_is_reported(member: str, value: object) -> None:
    definition = good()
    step(definition, "FeatureEngineering")[member] = value
    found = [finding for finding in findings(definition) if finding.path.startswith(f"$.Steps[0].{member}")]
    assert found
    assert {finding.step for finding in found} == {"FeatureEngineering"}


@pytest.mark.parametrize("name", ["Two words", "Grüße", "", "a.b", "x" * 65, "a/b", "a\n"])
def test_a_display_name_that_aws_s_schema_forbids_is_reported(name: str) -> None:
    definition = good()
    step(definition, "Training")["DisplayName"] = name
    (message,) = messages(definition)
    assert "step Training, $.Steps[1].DisplayName is" in message
    assert "1 to 64 letters, digits, hyphens and underscores" in message


def test_our_display_names_are_those_that_api_and_schema_accept() -> None:
    names = re.findall(r'"DisplayName": "([^"]*)"', read_template())
    assert len(names) == 5
    assert all(re.fullmatch(r"[A-Za-z0-9\-_]{1,64}", name) for name in names)


def test_a_definition_that_is_too_large_names_its_biggest_part() -> None:
    definition = good()
    parameter(definition, "AssetsS3Uri")["DefaultValue"] = "x" * 1_100_000
    message = next(text for text in messages(definition) if "[size] $ is" in text)
    assert "allowed: at most 1048576 characters; the biggest part is parameter AssetsS3Uri at $.Parameters[1]" in message
    definition = good()
    step(definition, "QualityGate")["Description"] = "x" * 1_100_000
    message = next(text for text in messages(definition) if "[size] $ is" in text)
    assert "the biggest part is step QualityGate at $.Steps[2]" in message


def test_a_section_applies_to_all_jobs_or_to_none() -> None:
    definition = good()
    del arguments(definition, "CreateModel")["VpcConfig"]
    (message,) = messages(definition)
    assert "[section] step CreateModel" in message
    assert "VpcConfig is missing" in message


def test_a_name_that_a_function_gives_is_reported() -> None:
    definition = good()
    arguments(definition, "FeatureEngineering")["ProcessingOutputConfig"]["Outputs"][4]["OutputName"] = get("Parameters.epochs")
    assert any("Outputs[4].OutputName" in message and "written out" in message for message in messages(definition))


def test_a_list_that_a_function_gives_is_reported() -> None:
    definition = good()
    outputs = get("Steps.Training.InputDataConfig")
    arguments(definition, "FeatureEngineering")["ProcessingOutputConfig"]["Outputs"] = outputs
    assert any("a list written out" in message for message in messages(definition))
