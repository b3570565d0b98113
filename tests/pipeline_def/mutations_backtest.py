"""Mutations of the backtest, and of what the evaluation reads."""

from __future__ import annotations

import copy

from tests.pipeline_def.definitions import arguments, get, join, step
from tests.pipeline_def.mutation import BACKTEST, CREATE, EVALUATION, mutation


def transform_input(d):
    return arguments(d, BACKTEST)["TransformInput"]


def evaluation_input(d, name):
    return next(item for item in arguments(d, EVALUATION)["ProcessingInputs"] if item["InputName"] == name)["S3Input"]


# backtest


@mutation("backtest", "Steps.CreateModel.ModelName")
def backtest_of_another_model(d):
    other = copy.deepcopy(step(d, CREATE)) | {"Name": "Other"}
    d["Steps"].append(other)
    arguments(d, BACKTEST)["ModelName"] = get("Steps.Other.ModelName")


@mutation("backtest", "lines/ below the output requests")
def backtest_that_sends_the_index(d):
    source = transform_input(d)["DataSource"]["S3DataSource"]
    source["S3Uri"] = source["S3Uri"]["Std:Join"]["Values"][0]


@mutation("backtest", "allowed: SingleRecord")
def backtest_in_batches(d):
    arguments(d, BACKTEST)["BatchStrategy"] = "MultiRecord"


@mutation("backtest", "allowed: Line")
def backtest_of_whole_files(d):
    transform_input(d)["SplitType"] = "None"


@mutation("backtest", "TransformOutput.AssembleWith")
def answers_without_line_ends(d):
    arguments(d, BACKTEST)["TransformOutput"]["AssembleWith"] = "None"


@mutation("backtest", "application/jsonlines")
def answers_in_another_form(d):
    arguments(d, BACKTEST)["TransformOutput"]["Accept"] = "application/json"


@mutation("backtest", "num_samples")
def answers_of_quantiles(d):
    arguments(d, BACKTEST)["Environment"]["DEEPAR_INFERENCE_CONFIG"] = '{"output_types": ["quantiles"]}'


@mutation("backtest", "DataProcessing")
def answers_joined_with_the_input(d):
    arguments(d, BACKTEST)["DataProcessing"] = {"JoinSource": "Input"}


@mutation("backtest", "Steps.Backtest.TransformOutput.S3OutputPath")
def evaluation_of_other_answers(d):
    evaluation_input(d, "backtest")["S3Uri"] = "s3://elsewhere/answers"


@mutation("backtest", "without /opt/ml/processing/input/fitted")
def evaluation_without_the_fitted_state(d):
    evaluation_input(d, "fitted")["LocalPath"] = "/opt/ml/processing/input/scales"


@mutation("backtest", "manifest.json below")
def evaluation_of_another_manifest(d):
    evaluation_input(d, "manifest")["S3Uri"]["Std:Join"]["Values"][1] = "evaluation-manifest.json"


# isolation


@mutation("isolation", "TransformOutput.S3OutputPath")
def answers_shared_by_all_executions(d):
    arguments(d, BACKTEST)["TransformOutput"]["S3OutputPath"] = "s3://models/backtest"


@mutation("isolation", "DataCaptureConfig.DestinationS3Uri")
def answers_captured_elsewhere(d):
    arguments(d, BACKTEST)["DataCaptureConfig"] = {"DestinationS3Uri": "s3://elsewhere/capture"}


@mutation("isolation", "a prefix of its own")
def answers_among_the_requests(d):
    values = arguments(d, BACKTEST)["TransformOutput"]["S3OutputPath"]["Std:Join"]["Values"]
    values[-1] = "requests"


@mutation("isolation", "a prefix of its own")
def evaluation_that_overwrites_features(d):
    output = arguments(d, EVALUATION)["ProcessingOutputConfig"]["Outputs"][0]
    output["S3Output"]["S3Uri"]["Std:Join"]["Values"][-1] = "features"


@mutation("backtest", "Environment.PREDICTION_TABLE")
def evaluation_without_the_prediction_table(d):
    del arguments(d, EVALUATION)["Environment"]["PREDICTION_TABLE"]


@mutation("isolation", "run-evaluation-step.py")
def evaluation_with_the_other_executor(d):
    arguments(d, EVALUATION)["AppSpecification"]["ContainerEntrypoint"][-1] = "/opt/ml/processing/input/code/run-fe-step.py"


# instances


@mutation("instances", "TransformResources.InstanceCount")
def backtest_on_no_instance(d):
    arguments(d, BACKTEST)["TransformResources"]["InstanceCount"] = 0


# section


@mutation("section", "TransformResources.VolumeKmsKeyId")
def backtest_on_volumes_without_the_key(d):
    del arguments(d, BACKTEST)["TransformResources"]["VolumeKmsKeyId"]


# reference


@mutation("reference", "did you mean")
def backtest_of_a_misspelt_property(d):
    arguments(d, EVALUATION)["ProcessingInputs"][2]["S3Input"]["S3Uri"] = get("Steps.Backtest.TransformOutput.S3OutputPaths")


# required


@mutation("required", "CustomerMetadataProperties.ScalesSha256")
def version_without_the_hash_of_its_scales(d):
    del arguments(d, "RegisterModel")["CustomerMetadataProperties"]["ScalesSha256"]


@mutation("limits", "at most")
def path_that_is_too_long(d):
    arguments(d, BACKTEST)["TransformOutput"]["S3OutputPath"] = join("s3://models", "x" * 1025)
