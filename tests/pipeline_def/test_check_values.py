"""Values and members that SageMaker or our contract refuses, each in every place where it can occur."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from pipeline_def.check.finding import Finding
from pipeline_def.check.phases import check_definition
from pipeline_def.template.text import read_template
from tests.pipeline_def.definitions import REGION, arguments, get, good, join, parameter, step

Definition = dict[str, Any]


def findings(definition: Definition, region: str | None = REGION) -> list[Finding]:
    return check_definition(json.dumps(definition), region)


def messages(definition: Definition) -> list[str]:
    return [str(finding) for finding in findings(definition)]


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
    assert any("[shape] step Inner, $.Steps[5]" in text and "does not support" in text for text in messages(definition))


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
    assert len(names) == 7
    assert all(re.fullmatch(r"[A-Za-z0-9\-_]{1,64}", name) for name in names)


def test_a_definition_that_is_too_large_names_its_biggest_part() -> None:
    definition = good()
    parameter(definition, "AssetsS3Uri")["DefaultValue"] = "x" * 1_100_000
    message = next(text for text in messages(definition) if "[size] $ is" in text)
    assert "allowed: at most 1048576 characters; the biggest part is parameter AssetsS3Uri at $.Parameters[1]" in message
    definition = good()
    step(definition, "QualityGate")["Description"] = "x" * 1_100_000
    message = next(text for text in messages(definition) if "[size] $ is" in text)
    assert "the biggest part is step QualityGate at $.Steps[5]" in message


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
