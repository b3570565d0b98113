"""Mutations of what a definition consists of: members, names, parameters, and values where keys were."""

from __future__ import annotations

from tests.pipeline_def.definitions import arguments, output, parameter, step
from tests.pipeline_def.mutation import CREATE, FE, GATE, REGISTER, TRAIN, mutation

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
    d["Steps"].append({"Name": "Cleaning", "Type": "Fail"})


@mutation("structure", "$.Parameters[0]")
def parameter_that_is_text(d):
    d["Parameters"].insert(0, "ExecutionId")


@mutation("structure", "FunctionArn")
def member_of_another_step_type(d):
    step(d, TRAIN)["FunctionArn"] = "arn:aws:lambda:eu-central-1:123456789012:function:f"


@mutation("structure", "$.Steps[5].Arguments.IfSteps[1].Arguments")
def step_without_arguments_in_a_branch(d):
    arguments(d, GATE)["IfSteps"].append({"Name": "Notify", "Type": "Fail"})


@mutation("structure", "DisplayName")
def display_name_that_is_a_number(d):
    step(d, TRAIN)["DisplayName"] = 5


@mutation("structure", "Description")
def description_that_is_null(d):
    step(d, TRAIN)["Description"] = None


@mutation("structure", "Metadata")
def metadata_as_text(d):
    d["Metadata"] = "x"


@mutation("structure", "PipelineExperimentConfig")
def experiment_as_text(d):
    d["PipelineExperimentConfig"] = "x"


@mutation("structure", "$.PipelineExperimentConfig")
def experiment_with_a_misspelt_member(d):
    d["PipelineExperimentConfig"] = {"ExperimentName": "x", "TrailName": "y"}


@mutation("structure", "$.PipelineExperimentConfig")
def experiment_named_by_a_number(d):
    d["PipelineExperimentConfig"] = {"ExperimentName": 5}


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
    d["Steps"].append({"Name": FE, "Type": "Fail", "Arguments": {"ErrorMessage": "no"}})


@mutation("unique", "epochs")
def two_parameters_of_one_name(d):
    d["Parameters"].append({"Name": "epochs", "Type": "Integer", "DefaultValue": 3})


@mutation("unique", "evaluation")
def two_outputs_of_one_name(d):
    output(d, "features")["OutputName"] = "evaluation"


@mutation("unique", "code")
def two_inputs_of_one_name(d):
    arguments(d, FE)["ProcessingInputs"][0]["InputName"] = "code"


@mutation("unique", "train")
def two_channels_of_one_name(d):
    arguments(d, TRAIN)["InputDataConfig"].append(arguments(d, TRAIN)["InputDataConfig"][0])


@mutation("unique", "Tags[3].Key")
def two_tags_of_one_key(d):
    arguments(d, TRAIN)["Tags"].append({"Key": "owner", "Value": "somebody"})


@mutation("unique", "a tag at")
def two_tags_of_one_key_on_a_model(d):
    tags = arguments(d, CREATE)["Tags"]
    tags.append(dict(tags[0]))


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


@mutation("parameter", "DefaultValue is null")
def default_of_null(d):
    d["Parameters"].append({"Name": "Unused", "Type": "String", "DefaultValue": None})


@mutation("parameter", "each value once")
def enumeration_with_a_value_twice(d):
    d["Parameters"].append({"Name": "Colour", "Type": "String", "DefaultValue": "Red", "EnumValues": ["Red", "Red"]})


@mutation("parameter", "likelihood")
def parameter_that_every_start_must_set(d):
    del parameter(d, "likelihood")["DefaultValue"]


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


@mutation("unfilled", "@models_bucket@")
def what_stands_for_a_key_in_authoring(d):
    arguments(d, FE)["Environment"]["MODELS_BUCKET"] = "@models_bucket@"


@mutation("unfilled", "1000000002")
def number_that_stands_for_a_key_in_authoring(d):
    d["Metadata"] = {"Limit": 1_000_000_002}


@mutation("unfilled", "«execution_table»")
def what_stands_for_a_key_in_a_comparison(d):
    arguments(d, FE)["Environment"]["EXECUTION_TABLE"] = "«execution_table»"


@mutation("unfilled", "<REPLACE_ME>")
def what_people_write_for_a_value_to_come(d):
    arguments(d, FE)["Environment"]["MODELS_BUCKET"] = "<REPLACE_ME>"


@mutation("unfilled", "MODELS_BUCKET")
def variable_of_none(d):
    arguments(d, FE)["Environment"]["MODELS_BUCKET"] = "None"


@mutation("unfilled", "MODELS_BUCKET")
def variable_without_text(d):
    arguments(d, FE)["Environment"]["MODELS_BUCKET"] = ""
