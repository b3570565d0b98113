from __future__ import annotations

import ast
import hashlib
import json

import pytest

from components import definitions
from contracts.status import FORECAST_STEPS
from pipeline_def.check.phases import check_definition
from pipeline_def.template.text import FORECAST, TRAINING
from tests.components.recording import ROOT, Recorder, run_program

KIND = "aws:sagemaker/pipeline:Pipeline"


def inputs_of(recorded: Recorder, name: str = "pipeline-pipeline") -> dict:
    return dict(recorded.named(name).inputs)


def definition(recorded: Recorder, name: str = "pipeline-pipeline") -> dict:
    text = inputs_of(recorded, name)["pipelineDefinition"]
    assert check_definition(text, "eu-central-1") == []
    return dict(json.loads(text))


def default(recorded: Recorder, parameter: str) -> object:
    (found,) = [item["DefaultValue"] for item in definition(recorded)["Parameters"] if item["Name"] == parameter]
    return found


def step(recorded: Recorder, name: str) -> dict:
    (found,) = [item for item in definition(recorded)["Steps"] if item["Name"] == name]
    return dict(found["Arguments"])


def test_the_pipeline_runs_under_its_role_in_order(recorded: Recorder) -> None:
    inputs = inputs_of(recorded)
    assert inputs["pipelineName"] == recorded.exports["pipelineName"] == f"model-training-{recorded.stack}"
    assert inputs["roleArn"].endswith(f":role/model-training-{recorded.stack}-pipeline")
    waits = " ".join(recorded.requests[(KIND, "pipeline-pipeline")].dependencies)
    assert all(f"roles-{actor}-policy" in waits for actor in ("pipeline", "processing", "training", "model", "evaluation"))


def test_every_step_has_its_own_role(dev: Recorder) -> None:
    assert step(dev, "FeatureEngineering")["RoleArn"].endswith(":role/model-training-dev-processing")
    assert step(dev, "Training")["RoleArn"].endswith(":role/model-training-dev-training")


def test_what_a_stack_leaves_out_is_absent(dev: Recorder) -> None:
    training = step(dev, "Training")
    assert "VpcConfig" not in training
    assert "VolumeKmsKeyId" not in training["ResourceConfig"]
    assert training.get("EnableManagedSpotTraining") in (None, False)


def test_vpc_key_and_spot_where_the_stack_has_them(everything: Recorder) -> None:
    training = step(everything, "Training")
    assert training["VpcConfig"]["SecurityGroupIds"] == ["sg-0123456789abcdef0"]
    assert len(training["VpcConfig"]["Subnets"]) == 2
    assert ":key/" in training["ResourceConfig"]["VolumeKmsKeyId"]
    assert ":key/" in training["OutputDataConfig"]["KmsKeyId"]
    assert training["EnableManagedSpotTraining"] is True
    assert training["StoppingCondition"]["MaxWaitTimeInSeconds"] == 3600


@pytest.mark.parametrize(
    ("key", "value", "parameter"),
    [
        ("processingInstanceType", "ml.m5.4xlarge", "ProcessingInstanceType"),
        ("trainingInstanceType", "ml.g5.xlarge", "TrainingInstanceType"),
        ("approvalStatus", "Approved", "ModelApprovalStatus"),
    ],
)
def test_a_setting_is_the_parameters_default(dev: Recorder, key: str, value: str, parameter: str) -> None:
    assert default(dev, parameter) != value
    assert default(run_program("dev", **{key: value}), parameter) == value


def test_limits_and_sync_interval_reach_the_definition() -> None:
    recorded = run_program("dev", trainingMaxRuntimeSeconds=1234, processingMaxRuntimeSeconds=2345, logSyncSeconds=7)
    assert step(recorded, "Training")["StoppingCondition"]["MaxRuntimeInSeconds"] == 1234
    processing = step(recorded, "FeatureEngineering")
    assert processing["StoppingCondition"]["MaxRuntimeInSeconds"] == 2345
    assert processing["Environment"]["LOG_SYNC_SECONDS"] == "7"


def test_another_region_is_another_algorithm_image() -> None:
    recorded = run_program("dev", **{"aws:region": "us-east-1"})
    image = json.loads(inputs_of(recorded)["pipelineDefinition"])
    assert "522234722520.dkr.ecr.us-east-1.amazonaws.com/forecasting-deepar:1" in json.dumps(image)
    assert "eu-central-1" not in json.dumps(image)


def test_a_large_definition_is_stored_in_the_pipeline_bucket(monkeypatch: pytest.MonkeyPatch, dev: Recorder) -> None:
    monkeypatch.setattr(definitions, "STORED_ABOVE_BYTES", 10_000)
    recorded = run_program("dev")
    inputs = inputs_of(recorded)
    (stored,) = [one for one in recorded.resources if one.name == "pipeline-definition"]
    content = stored.inputs["content"]
    assert content == inputs_of(dev)["pipelineDefinition"]
    assert "pipelineDefinition" not in inputs
    key = f"definitions/{hashlib.sha256(content.encode()).hexdigest()}.json"
    assert inputs["pipelineDefinitionS3Location"] == {"bucket": stored.inputs["bucket"], "objectKey": key}
    assert stored.inputs["key"] == key
    assert stored.inputs["bucket"] == recorded.exports["pipelineBucket"]


def test_our_definition_is_small_enough_for_the_resource_itself(dev: Recorder) -> None:
    assert "pipelineDefinitionS3Location" not in inputs_of(dev)
    assert not definitions.is_stored(TRAINING)
    assert not definitions.is_stored(FORECAST)


def test_the_forecast_pipeline_has_the_same_roles_and_a_name_of_its_own(recorded: Recorder) -> None:
    inputs = inputs_of(recorded, "forecast-pipeline")
    assert inputs["pipelineName"] == recorded.exports["forecastPipelineName"] == f"model-training-{recorded.stack}-forecast"
    assert inputs["roleArn"] == inputs_of(recorded)["roleArn"]
    steps = {item["Name"]: item["Arguments"] for item in definition(recorded, "forecast-pipeline")["Steps"]}
    assert tuple(steps) == FORECAST_STEPS
    assert steps["Prepare"]["RoleArn"].endswith("-prepare")
    assert steps["Publish"]["RoleArn"].endswith("-publish")
    waits = " ".join(recorded.requests[(KIND, "forecast-pipeline")].dependencies)
    assert all(f"roles-{actor}-policy" in waits for actor in ("pipeline", "prepare", "model", "publish"))


def test_unchanged_input_gives_the_same_text(dev: Recorder) -> None:
    inputs = inputs_of(run_program("dev", baseImage="python:3.11-slim-bookworm"))
    again = inputs_of(run_program("dev"))
    assert inputs["pipelineDefinition"] == again["pipelineDefinition"]


def test_no_module_of_ours_is_imported_late() -> None:
    """Inside an apply the program's own folder may be no place to import from any more."""
    for path in (ROOT / "components").rglob("*.py"):
        for function in [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)]:
            if path.name == "__main__.py":
                continue  # the command line, which the program does not import
            late = [node for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom)]
            assert late == [], f"{path.name}: {function.name}"
