"""Mutations of the quality gate, of the models that pass it, and of the channels that they learn from."""

from __future__ import annotations

import copy

from tests.pipeline_def.definitions import arguments, get, step
from tests.pipeline_def.mutation import (
    CREATE,
    GATE,
    REGISTER,
    TRAIN,
    channel,
    condition,
    gate_file,
    json_get,
    mutation,
    registered,
)

# gate


@mutation("gate", "GreaterThanOrEqualTo")
def gate_the_wrong_way_round(d):
    condition(d)["Type"] = "LessThanOrEqualTo"


@mutation("gate", "allowed: 0")
def gate_against_the_training_s_own_metric(d):
    condition(d)["RightValue"] = get("Steps.Training.FinalMetricDataList['test:mean_wQuantileLoss'].Value")


@mutation("gate", "RightValue is 0.1")
def gate_against_another_number(d):
    condition(d)["RightValue"] = 0.1


@mutation("gate", "skillExcess")
def gate_by_the_skill_without_the_template_s_margin(d):
    json_get(d)["Path"] = "skill"


@mutation("gate", "LeftValue")
def gate_by_a_file_of_anybody(d):
    condition(d)["LeftValue"] = {"Std:JsonGet": {"S3Uri": "s3://models/gate.json", "Path": "skillExcess"}}


@mutation("gate", "evaluation/gate.json")
def gate_by_another_file(d):
    gate_file(d)["FilePath"] = "metrics.json"


@mutation("gate", "2 conditions")
def gate_with_a_second_condition(d):
    arguments(d, GATE)["Conditions"].append(condition(d))


@mutation("gate", "IfSteps of QualityGate")
def gate_with_its_branches_swapped(d):
    gate = arguments(d, GATE)
    gate["IfSteps"], gate["ElseSteps"] = gate["ElseSteps"], gate["IfSteps"]


@mutation("gate", "a RegisterModel step past the gate")
def model_registered_past_the_gate(d):
    d["Steps"].append(arguments(d, GATE)["IfSteps"].pop())


@mutation("gate", "allowed: Condition")
def gate_that_decides_nothing(d):
    step(d, GATE).update(Type="Fail", Arguments={"ErrorMessage": "rejected"})


@mutation("gate", "QualityGate")
def no_gate_at_all(d):
    gate = step(d, GATE)
    d["Steps"].remove(gate)
    d["Steps"] += gate["Arguments"]["IfSteps"]


@mutation("gate", "Steps.Other.ModelArtifacts.S3ModelArtifacts")
def model_of_another_training(d):
    other = copy.deepcopy(step(d, TRAIN)) | {"Name": "Other"}
    other["Arguments"]["OutputDataConfig"]["S3OutputPath"]["Std:Join"]["Values"][-1] = "other"
    d["Steps"].append(other)
    registered(d)["ModelDataUrl"] = get("Steps.Other.ModelArtifacts.S3ModelArtifacts")


@mutation("gate", "s3://elsewhere/model.tar.gz")
def model_from_a_file(d):
    registered(d)["ModelDataUrl"] = "s3://elsewhere/model.tar.gz"


@mutation("gate", "PrimaryContainer.ModelDataUrl")
def model_that_every_start_chooses(d):
    d["Parameters"].append({"Name": "Artifact", "Type": "String", "DefaultValue": "s3://elsewhere/model.tar.gz"})
    arguments(d, CREATE)["PrimaryContainer"]["ModelDataUrl"] = get("Parameters.Artifact")


@mutation("gate", "PrimaryContainer.ModelDataUrl")
def model_from_a_folder(d):
    container = arguments(d, CREATE)["PrimaryContainer"]
    del container["ModelDataUrl"]
    source = {"S3Uri": "s3://elsewhere/model/", "S3DataType": "S3Prefix", "CompressionType": "None"}
    container["ModelDataSource"] = {"S3DataSource": source}


@mutation("gate", "ModelDataUrl is missing")
def version_without_a_model(d):
    del registered(d)["ModelDataUrl"]


@mutation("gate", "AdditionalS3DataSource")
def model_with_files_of_others(d):
    registered(d)["AdditionalS3DataSource"] = {"S3DataType": "S3Prefix", "S3Uri": "s3://elsewhere/code/"}


@mutation("gate", "SourceUri")
def version_that_is_another_ones_copy(d):
    arguments(d, REGISTER)["SourceUri"] = "arn:aws:sagemaker:eu-central-1:123456789012:model-package/others/7"


@mutation("gate", "PrimaryContainer.ModelPackageName")
def model_of_another_version(d):
    package = "arn:aws:sagemaker:eu-central-1:123456789012:model-package/others/7"
    arguments(d, CREATE)["PrimaryContainer"] = {"ModelPackageName": package}


@mutation("gate", "MetricDefinitions")
def metric_read_by_an_expression(d):
    definition = {"Name": "test:mean_wQuantileLoss", "Regex": "epoch=([0-9]+)"}
    arguments(d, TRAIN)["AlgorithmSpecification"]["MetricDefinitions"] = [definition]


# channel


@mutation("channel", "InputDataConfig['train']")
def channel_of_another_name(d):
    arguments(d, TRAIN)["InputDataConfig"][0]["ChannelName"] = "training"


@mutation("channel", "the algorithm measures nothing")
def no_channel_to_be_scored_on(d):
    del arguments(d, TRAIN)["InputDataConfig"][1]


@mutation("channel", "Outputs['train']")
def learning_from_what_it_is_scored_on(d):
    channel(d)["S3Uri"] = channel(d, 1)["S3Uri"]


@mutation("channel", "s3://elsewhere/train")
def learning_from_elsewhere(d):
    channel(d)["S3Uri"] = "s3://elsewhere/train"
