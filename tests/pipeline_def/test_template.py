"""The committed template: what it holds, and what it never holds."""

from __future__ import annotations

import json
import re

import pytest

from contracts import environment, layout, status
from contracts import parameters as names
from contracts.hyperparameters import HYPERPARAMETERS
from contracts.regions import DEEPAR_ACCOUNTS
from pipeline_def.author.hyperparameter_defaults import DEFAULTS
from pipeline_def.template.keys import JSON, KEYS, keys_of
from pipeline_def.template.render import template_tags
from pipeline_def.template.text import TEMPLATE_PATHS, read_template
from tests.pipeline_def.definitions import arguments, get, good, output, parameter, step


@pytest.mark.parametrize("pipeline", TEMPLATE_PATHS)
def test_a_template_has_keys_of_the_table_in_their_sections(pipeline: str) -> None:
    tags = template_tags(read_template(pipeline))
    found = {(name, section) for section in (None, *tags.sections) for name in tags.keys(section)}
    assert found == {(key.name, key.section) for key in keys_of(pipeline)}


def test_each_key_of_the_table_is_in_a_template() -> None:
    assert {key for pipeline in TEMPLATE_PATHS for key in keys_of(pipeline)} == set(KEYS)
    assert {key.name for key in KEYS if key.is_json} == set(JSON)


@pytest.mark.parametrize("pipeline", TEMPLATE_PATHS)
def test_no_account_region_or_name_is_written_out(pipeline: str) -> None:
    text = read_template(pipeline)
    assert re.search(r"\d{12}", text) is None
    assert [region for region in DEEPAR_ACCOUNTS if region in text] == []
    assert "amazonaws" not in text
    assert "arn:" not in text
    assert "@" not in text


def test_the_template_stays_far_below_the_size_for_an_upload() -> None:
    assert all(path.stat().st_size < 100 * 1024 for path in TEMPLATE_PATHS.values())


def test_steps_have_the_names_and_types_that_the_other_rooms_know() -> None:
    definition = good()
    top = {item["Name"]: item["Type"] for item in definition["Steps"]}
    gate = arguments(definition, status.GATE_STEP)
    inner = {item["Name"]: item["Type"] for item in gate["IfSteps"]}
    assert top == {
        status.PROCESSING_STEP: "Processing",
        status.TRAINING_STEP: "Training",
        status.CREATE_MODEL_STEP: "Model",
        status.BACKTEST_STEP: "Transform",
        status.EVALUATION_STEP: "Processing",
        status.GATE_STEP: "Condition",
    }
    assert inner == {status.REGISTER_STEP: "RegisterModel"}
    assert gate["ElseSteps"] == []
    assert (*top, *inner) == status.STEPS


def test_the_parameters_are_those_of_the_contract_each_with_a_default_but_the_execution_id() -> None:
    contract = {
        value
        for name, value in vars(names).items()
        if name.isupper() and name.endswith(("_ID", "_URI", "_TYPE", "_COUNT", "_GB"))
    }
    contract = {value for value in contract if not value.startswith("ml.")} | {
        names.MODEL_APPROVAL_STATUS,
        names.MODEL_PACKAGE_GROUP_NAME,
    }
    contract -= {names.FITTED_S3_URI, names.FORECAST_INSTANCE_TYPE, names.FORECAST_INSTANCE_COUNT}  # of the forecast pipeline
    declared = {item["Name"]: item for item in good()["Parameters"]}
    assert set(declared) == contract | set(HYPERPARAMETERS)
    assert [name for name, item in declared.items() if "DefaultValue" not in item] == [names.EXECUTION_ID]


def test_every_hyperparameter_reaches_the_algorithm_as_text_from_its_own_parameter() -> None:
    definition = good()
    passed = arguments(definition, "Training")["HyperParameters"]
    assert set(passed) == set(HYPERPARAMETERS)
    for name, value in passed.items():
        kind = parameter(definition, name)["Type"]
        reference = get(f"Parameters.{name}")
        assert value == (reference if kind == "String" else {"Std:Join": {"On": "", "Values": [reference]}})
        assert str(parameter(definition, name)["DefaultValue"]) == DEFAULTS[name]


def test_the_container_gets_its_arguments_folders_and_environment_as_the_contract_says() -> None:
    processing = arguments(good(), "FeatureEngineering")
    application = processing["AppSpecification"]
    assert application["ContainerEntrypoint"] == ["python3", f"{layout.INPUT_CODE_DIR}/{layout.EXECUTOR_NAME}"]
    assert application["ContainerArguments"] == ["--executionid", get("Parameters.ExecutionId")]
    folders = {item["InputName"]: item["S3Input"]["LocalPath"] for item in processing["ProcessingInputs"]}
    assert folders == {"code": layout.INPUT_CODE_DIR, "assets": layout.INPUT_ASSETS_DIR}
    assert set(processing["Environment"]) == {
        environment.EXECUTION_TABLE,
        environment.ASSETS_BUCKET,
        environment.MODELS_BUCKET,
        environment.LOG_SYNC_SECONDS,
        environment.TEST_QUANTILES,
        environment.PIPELINE_EXECUTION_ARN,
    }
    assert processing["Environment"][environment.TEST_QUANTILES] == get("Parameters.test_quantiles")
    assert processing["Environment"][environment.PIPELINE_EXECUTION_ARN] == get("Execution.PipelineExecutionArn")


def test_each_output_goes_where_the_layout_says() -> None:
    definition = good()
    for name in layout.OUTPUTS:
        place = output(definition, name)["S3Output"]
        expected = "executions/an-id" if name == "manifest" else f"executions/an-id/{name}"
        spelled = [item if isinstance(item, str) else "an-id" for item in place["S3Uri"]["Std:Join"]["Values"]]
        assert "/".join(spelled).split("/", 3)[3] == expected
        assert place["LocalPath"] == f"{layout.OUTPUT_ROOT}/{name}"


def test_the_gate_compares_the_evaluation_s_figure_with_zero() -> None:
    definition = good()
    (condition,) = arguments(definition, status.GATE_STEP)["Conditions"]
    files = {item["PropertyFileName"]: item for item in step(definition, status.EVALUATION_STEP)["PropertyFiles"]}
    (name, file), *rest = files.items()
    assert rest == []
    assert (file["OutputName"], file["FilePath"]) == ("evaluation", layout.GATE_FILE)
    json_get = {"PropertyFile": get(f"Steps.{status.EVALUATION_STEP}.PropertyFiles.{name}"), "Path": layout.GATE_EXCESS}
    assert condition == {
        "Type": "GreaterThanOrEqualTo",
        "LeftValue": {"Std:JsonGet": json_get},
        "RightValue": 0.0,
    }


def test_jobs_are_isolated_encrypted_tagged_bounded_retried_and_never_cached() -> None:
    definition = good()
    processing, training = arguments(definition, "FeatureEngineering"), arguments(definition, "Training")
    model = arguments(definition, "CreateModel")
    assert training["EnableNetworkIsolation"] is True
    assert training["EnableInterContainerTrafficEncryption"] is True
    assert model["EnableNetworkIsolation"] is True
    assert processing["NetworkConfig"]["EnableInterContainerTrafficEncryption"] is True
    assert processing["ProcessingResources"]["ClusterConfig"]["VolumeKmsKeyId"]
    assert processing["ProcessingOutputConfig"]["KmsKeyId"]
    assert training["ResourceConfig"]["VolumeKmsKeyId"]
    assert training["OutputDataConfig"]["KmsKeyId"]
    for job in (processing, training):
        assert job["StoppingCondition"]["MaxRuntimeInSeconds"] > 0
        assert {tag["Key"] for tag in job["Tags"]} == {"project", "stack", "owner"}
    assert "Tags" not in arguments(definition, "RegisterModel"), "the API refuses tags on a version of a model package group"
    retried = {name: step(definition, name).get("RetryPolicies") for name in status.STEPS}
    assert [name for name, policies in retried.items() if not policies] == [status.GATE_STEP]
    assert "CacheConfig" not in json.dumps(definition)
    roles = {processing["RoleArn"], training["RoleArn"], model["ExecutionRoleArn"]}
    assert len(roles) == 3
