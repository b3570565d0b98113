"""Mutations of how a definition holds together: references, files, order, conditions."""

from __future__ import annotations

from tests.pipeline_def.definitions import arguments, get, join, step
from tests.pipeline_def.mutation import (
    CREATE,
    EVALUATION,
    FE,
    GATE,
    REGISTER,
    TRAIN,
    channel,
    condition,
    gate_file,
    hyper,
    json_get,
    mutation,
    other_condition,
)


def fail(message):
    return {"Name": "Notify", "Type": "Fail", "Arguments": {"ErrorMessage": message}}


# reference


@mutation("reference", "Parameters.num_layer")
def reference_to_an_undeclared_parameter(d):
    hyper(d)["num_layers"] = join(get("Parameters.num_layer"), on="")


@mutation("reference", "ModelArtifact")
def property_that_a_training_step_lacks(d):
    arguments(d, CREATE)["PrimaryContainer"]["ModelDataUrl"] = get("Steps.Training.ModelArtifact.S3ModelArtifacts")


@mutation("reference", "trains")
def output_that_does_not_exist(d):
    channel(d)["S3Uri"] = get("Steps.FeatureEngineering.ProcessingOutputConfig.Outputs['trains'].S3Output.S3Uri")


@mutation("reference", "FeatureEnginering")
def reference_to_a_missing_step(d):
    channel(d)["S3Uri"] = get("Steps.FeatureEnginering.ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri")


@mutation("reference", "mean_wQuantileLos")
def metric_that_the_algorithm_never_logs(d):
    condition(d)["RightValue"] = get("Steps.Training.FinalMetricDataList['test:mean_wQuantileLos'].Value")


@mutation("reference", "Execution.PipelineExecutionID")
def unknown_execution_variable(d):
    arguments(d, FE)["Environment"]["PIPELINE_EXECUTION_ARN"] = get("Execution.PipelineExecutionID")


@mutation("reference", "Outputs[9]")
def output_index_out_of_range(d):
    channel(d)["S3Uri"] = get("Steps.FeatureEngineering.ProcessingOutputConfig.Outputs[9].S3Output.S3Uri")


@mutation("reference", "Std:Concat")
def unknown_function(d):
    channel(d)["S3Uri"] = {"Std:Concat": ["a", "b"]}


@mutation("reference", "Param.epochs")
def reference_with_an_unknown_root(d):
    hyper(d)["epochs"] = join(get("Param.epochs"), on="")


@mutation("reference", "Std:Join")
def join_without_values(d):
    arguments(d, REGISTER)["CustomerMetadataProperties"]["ExecutionId"] = {"Std:Join": {"On": ""}}


@mutation("reference", "ModelArtifacts")
def structure_in_the_place_of_text(d):
    arguments(d, CREATE)["PrimaryContainer"]["ModelDataUrl"] = get("Steps.Training.ModelArtifacts")


@mutation("reference", "allowed: text; this is a number")
def number_in_the_place_of_text(d):
    arguments(d, CREATE)["PrimaryContainer"]["ModelDataUrl"] = get("Steps.Training.BillableTimeInSeconds")


@mutation("reference", "allowed: a number; this is text")
def text_in_the_place_of_a_number(d):
    arguments(d, TRAIN)["ResourceConfig"]["VolumeSizeInGB"] = get("Steps.FeatureEngineering.ProcessingJobName")


@mutation("reference", "a single value")
def metric_compared_without_its_value(d):
    other_condition(d, RightValue=get("Steps.Training.FinalMetricDataList['test:mean_wQuantileLoss']"))


@mutation("reference", "a single value")
def list_joined_to_text(d):
    hyper(d)["time_freq"] = join(get("Steps.FeatureEngineering.ProcessingInputs"), on="")


@mutation("reference", "NOPE")
def variable_that_the_job_was_not_given(d):
    arguments(d, CREATE)["PrimaryContainer"]["ModelDataUrl"] = get("Steps.FeatureEngineering.Environment['NOPE']")


@mutation("reference", "did you mean 'epochs'")
def hyperparameter_that_the_job_was_not_given(d):
    arguments(d, REGISTER)["ModelPackageDescription"] = get("Steps.Training.HyperParameters['epoch']")


@mutation("reference", "ModelArtifacts is no list")
def index_into_what_is_no_list(d):
    arguments(d, CREATE)["PrimaryContainer"]["ModelDataUrl"] = get("Steps.Training.ModelArtifacts[0]")


@mutation("reference", "the only member of its object")
def function_beside_another_member(d):
    inner = get("Parameters.ExecutionId") | join("x")
    d["Steps"].append(fail(inner))


@mutation("reference", "Outcome")
def property_that_a_condition_lacks(d):
    d["Steps"].append(fail(get("Steps.QualityGate.Result")))


@mutation("reference", "TrialNames")
def member_that_an_experiment_lacks(d):
    d["Steps"].append(fail(get("PipelineExperimentConfig.TrialNames")))


@mutation("reference", "single values")
def join_of_a_list(d):
    arguments(d, REGISTER)["ModelPackageDescription"] = join(["D"], on="")


# json-get


@mutation("json-get", "Gates")
def property_file_that_is_not_declared(d):
    json_get(d)["PropertyFile"]["Get"] = "Steps.Evaluation.PropertyFiles.Gates"


@mutation("json-get", "evaluations")
def property_file_in_no_output(d):
    gate_file(d)["OutputName"] = "evaluations"


@mutation("json-get", "Path")
def json_get_without_path(d):
    json_get(d)["Path"] = ""


@mutation("json-get", "PropertyFile")
def json_get_of_both_sources(d):
    json_get(d)["S3Uri"] = join("s3://bucket", "key")


@mutation("json-get", "FilePath")
def property_file_with_an_absolute_path(d):
    gate_file(d)["FilePath"] = "/opt/ml/gate.json"


@mutation("json-get", "FilePath")
def property_file_outside_its_output(d):
    gate_file(d)["FilePath"] = "../gate.json"


@mutation("json-get", "PropertyFileName")
def property_file_without_name(d):
    step(d, EVALUATION)["PropertyFiles"].append({"OutputName": "evaluation", "FilePath": "gate.json"})


@mutation("json-get", "did you mean 'FilePath'")
def property_file_with_a_misspelt_member(d):
    gate_file(d)["FilePaths"] = "gate.json"


@mutation("json-get", "PropertyFile is missing")
def json_get_from_no_place(d):
    other_condition(d, LeftValue={"Std:JsonGet": {"S3Uri": "gate.json", "Path": "threshold"}})


@mutation("json-get", "StepName")
def json_get_with_an_unknown_member(d):
    json_get(d)["StepName"] = FE


@mutation("json-get", "Path")
def json_get_with_half_a_bracket(d):
    inner = {**json_get(d), "Path": "thresholds[0"}
    other_condition(d, LeftValue={"Std:JsonGet": inner})


# depends-on


@mutation("depends-on", "FeatureEng")
def dependency_on_a_missing_step(d):
    step(d, TRAIN)["DependsOn"] = ["FeatureEng"]


@mutation("depends-on", "Sometimes")
def dependency_with_an_unknown_trigger(d):
    step(d, TRAIN)["DependsOn"] = [{"Step": FE, "Trigger": "Sometimes"}]


@mutation("depends-on", "DependsOn")
def dependency_that_is_no_list(d):
    step(d, TRAIN)["DependsOn"] = FE


# cycle


@mutation("cycle", "FeatureEngineering → Training → FeatureEngineering")
def cycle_of_two_steps(d):
    step(d, FE)["DependsOn"] = [TRAIN]


@mutation("cycle", "Training → Training")
def step_that_waits_for_itself(d):
    step(d, TRAIN)["DependsOn"] = [TRAIN]


@mutation("cycle", "QualityGate")
def condition_that_waits_for_its_own_branch(d):
    step(d, GATE)["DependsOn"] = [REGISTER]


# branch


@mutation("branch", "ElseSteps")
def branches_that_wait_for_each_other(d):
    arguments(d, GATE)["ElseSteps"] = [fail("no") | {"DependsOn": [REGISTER]}]


@mutation("branch", "IfSteps")
def property_from_the_other_branch(d):
    arguments(d, GATE)["ElseSteps"] = [fail(get("Steps.RegisterModel.ModelPackageArn"))]


# condition


@mutation("condition", "GreaterThanOrEqual")
def unknown_condition_type(d):
    condition(d)["Type"] = "GreaterThanOrEqual"


@mutation("condition", "RightValue")
def condition_without_right_value(d):
    del condition(d)["RightValue"]


@mutation("condition", "Conditions")
def no_conditions(d):
    arguments(d, GATE)["Conditions"] = []


@mutation("condition", "branches")
def condition_with_empty_branches(d):
    d["Steps"].append({"Name": "Idle", "Type": "Condition", "Arguments": {"Conditions": [condition(d)], "IfSteps": []}})


@mutation("condition", "a single value")
def condition_against_an_object(d):
    other_condition(d, RightValue={"a": 1})


@mutation("condition", "a single value")
def condition_against_a_list(d):
    other_condition(d, LeftValue=[1])


@mutation("condition", "a number and text")
def condition_of_a_number_and_text(d):
    other_condition(d, LeftValue=1, RightValue=get("Parameters.time_freq"))


@mutation("condition", "true or false")
def condition_of_a_number_and_a_switch(d):
    other_condition(d, LeftValue=1, RightValue=True)


@mutation("condition", "Conditions[0].Type is 'In'")
def membership_in_text(d):
    del other_condition(d, kind="In", QueryValue="D", Values="D")["LeftValue"]
    del arguments(d, "Other")["Conditions"][0]["RightValue"]


@mutation("condition", "LeftValues")
def condition_with_a_misspelt_member(d):
    other_condition(d, LeftValues=1)


@mutation("condition", "Conditions[0].Type is 'Not'")
def negation_of_half_a_condition(d):
    inner = {"Type": "Equals", "LeftValue": 1}
    other_condition(d)
    arguments(d, "Other")["Conditions"] = [{"Type": "Not", "Condition": inner}]


@mutation("condition", "Conditions[0].Type is 'Or'")
def choice_of_unknown_conditions(d):
    other_condition(d)
    arguments(d, "Other")["Conditions"] = [{"Type": "Or", "Conditions": [{"Type": "Same"}]}]
