"""Mutations of how a definition holds together: members, names, references, order, conditions, keys."""

from __future__ import annotations

from tests.pipeline_def.definitions import arguments, get, join, output, parameter, step
from tests.pipeline_def.mutation import CREATE, FE, GATE, REGISTER, TRAIN, channel, condition, hyper, json_get, mutation

# structure


@mutation("structure", "Version")
def version_of_another_schema(d):
    d["Version"] = "2019-01-01"


@mutation("structure", "Parameter")
def misspelt_member_of_the_definition(d):
    d["Parameter"] = []


@mutation("structure", "RetryPolicy")
def misspelt_member_of_a_step(d):
    step(d, TRAIN)["RetryPolicy"] = []


@mutation("structure", "Arguments")
def step_without_arguments(d):
    d["Steps"].append({"Name": "Cleaning", "Type": "Lambda"})


@mutation("structure", "$.Parameters[0]")
def parameter_that_is_text(d):
    d["Parameters"].insert(0, "ExecutionId")


# step-type


@mutation("step-type", "Cleanupp")
def unknown_step_type(d):
    d["Steps"].append({"Name": "Cleaning", "Type": "Cleanupp", "Arguments": {}})


@mutation("step-type", "Condition")
def step_type_in_lower_case(d):
    step(d, GATE)["Type"] = "condition"


# unique


@mutation("unique", "$.Steps[0].Name")
def two_steps_of_one_name(d):
    d["Steps"].append({"Name": FE, "Type": "Lambda", "Arguments": {"FunctionArn": "arn:aws:lambda"}})


@mutation("unique", "epochs")
def two_parameters_of_one_name(d):
    d["Parameters"].append({"Name": "epochs", "Type": "Integer", "DefaultValue": 3})


@mutation("unique", "plots")
def two_outputs_of_one_name(d):
    output(d, "features")["OutputName"] = "plots"


@mutation("unique", "code")
def two_inputs_of_one_name(d):
    arguments(d, FE)["ProcessingInputs"][0]["InputName"] = "code"


@mutation("unique", "train")
def two_channels_of_one_name(d):
    arguments(d, TRAIN)["InputDataConfig"].append(arguments(d, TRAIN)["InputDataConfig"][0])


# name


@mutation("name", "Create Model")
def step_name_with_a_space(d):
    step(d, CREATE)["Name"] = "Create Model"


@mutation("name", "65 characters")
def step_name_too_long(d):
    step(d, REGISTER)["Name"] = "R" * 65


@mutation("name", "batch.size")
def parameter_name_with_a_dot(d):
    d["Parameters"].append({"Name": "batch.size", "Type": "Integer", "DefaultValue": 3})


# parameter


@mutation("parameter", "TrainingVolumeSizeInGB")
def parameter_of_unknown_type(d):
    parameter(d, "TrainingVolumeSizeInGB")["Type"] = "Int"


@mutation("parameter", "one of Red, Green")
def default_that_the_enumeration_lacks(d):
    d["Parameters"].append({"Name": "Colour", "Type": "String", "DefaultValue": "Blue", "EnumValues": ["Red", "Green"]})


@mutation("parameter", "ModelPackageGroupName")
def number_as_default_of_text(d):
    parameter(d, "ModelPackageGroupName")["EnumValues"] = [1, 2]


@mutation("parameter", "Unused")
def integer_with_a_fraction(d):
    d["Parameters"].append({"Name": "Unused", "Type": "Integer", "DefaultValue": 1.5})


@mutation("parameter", "Unused")
def integer_as_text(d):
    d["Parameters"].append({"Name": "Unused", "Type": "Integer", "DefaultValue": "2"})


@mutation("parameter", "Unused")
def truth_as_integer(d):
    d["Parameters"].append({"Name": "Unused", "Type": "Integer", "DefaultValue": True})


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


# json-get


@mutation("json-get", "Gates")
def property_file_that_is_not_declared(d):
    json_get(d)["PropertyFile"]["Get"] = "Steps.FeatureEngineering.PropertyFiles.Gates"


@mutation("json-get", "evaluations")
def property_file_in_no_output(d):
    step(d, FE)["PropertyFiles"][0]["OutputName"] = "evaluations"


@mutation("json-get", "Path")
def json_get_without_path(d):
    json_get(d)["Path"] = ""


@mutation("json-get", "PropertyFile")
def json_get_of_both_sources(d):
    json_get(d)["S3Uri"] = join("s3://bucket", "key")


@mutation("json-get", "FilePath")
def property_file_with_an_absolute_path(d):
    step(d, FE)["PropertyFiles"][0]["FilePath"] = "/opt/ml/gate.json"


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
    step(d, GATE)["DependsOn"] = [CREATE]


# branch


@mutation("branch", "ElseSteps")
def branches_that_wait_for_each_other(d):
    arguments(d, GATE)["ElseSteps"] = [{"Name": "Notify", "Type": "Lambda", "Arguments": {}, "DependsOn": [CREATE]}]


@mutation("branch", "IfSteps")
def property_from_the_other_branch(d):
    inner = {"model": get("Steps.CreateModel.ModelName")}
    arguments(d, GATE)["ElseSteps"] = [{"Name": "Notify", "Type": "Lambda", "Arguments": inner}]


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


# unfilled


@mutation("unfilled", "{{execution_table}}")
def template_key_left(d):
    arguments(d, FE)["Environment"]["EXECUTION_TABLE"] = "{{execution_table}}"


@mutation("unfilled", "Output")
def pulumi_output_put_into_text(d):
    arguments(d, FE)["Environment"]["MODELS_BUCKET"] = "Calling __str__ on an Output[T] is not supported."


@mutation("unfilled", "{{{ tags }}}")
def template_key_inside_a_text(d):
    step(d, TRAIN)["Description"] = "trains for {{{ tags }}}"


@mutation("unfilled", "Output")
def value_unknown_in_a_preview(d):
    arguments(d, FE)["Environment"]["MODELS_BUCKET"] = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
