"""Mutations of what a step asks for: its job's arguments, limits, retries, cache, instances, hyperparameters."""

from __future__ import annotations

from tests.pipeline_def.definitions import arguments, get, join, output, parameter, step
from tests.pipeline_def.mutation import CREATE, FE, GATE, REGISTER, TRAIN, cluster, hyper, mutation, policies

# arguments


@mutation("arguments", "VolumeSizeInGB")
def volume_of_no_size(d):
    parameter(d, "TrainingVolumeSizeInGB")["DefaultValue"] = -1


@mutation("arguments", "RoleArn")
def training_without_role(d):
    del arguments(d, TRAIN)["RoleArn"]


@mutation("arguments", "InstanceTyp")
def misspelt_member_of_the_arguments(d):
    cluster(d)["InstanceTyp"] = cluster(d)["InstanceType"]


@mutation("arguments", "Environment")
def environment_with_a_number(d):
    arguments(d, FE)["Environment"]["LOG_SYNC_SECONDS"] = 10


@mutation("arguments", "VolumeSizeInGB")
def volume_given_by_a_text_parameter(d):
    cluster(d)["VolumeSizeInGB"] = get("Parameters.AssetsS3Uri")


@mutation("arguments", "S3Output")
def output_without_place(d):
    del output(d, "evaluation")["S3Output"]["LocalPath"]
    output(d, "evaluation")["S3Output"].pop("S3UploadMode")


@mutation("arguments", "PrimaryContainer")
def model_of_nothing(d):
    del arguments(d, CREATE)["PrimaryContainer"]


@mutation("arguments", "the group's name and tags")
def tags_on_a_version_of_a_group(d):
    arguments(d, REGISTER)["Tags"] = [{"Key": "a", "Value": "b"}]


@mutation("arguments", "S3Input.LocalPath is 'input'")
def input_into_a_relative_folder(d):
    arguments(d, FE)["ProcessingInputs"][0]["S3Input"]["LocalPath"] = "input"


@mutation("arguments", "begins with /opt/ml/processing/")
def input_into_a_folder_elsewhere(d):
    arguments(d, FE)["ProcessingInputs"][0]["S3Input"]["LocalPath"] = "/opt/ml/input"


@mutation("arguments", "begins with /opt/ml/processing/")
def input_out_of_its_folder(d):
    arguments(d, FE)["ProcessingInputs"][0]["S3Input"]["LocalPath"] = "/opt/ml/processing/../code"


@mutation("arguments", "S3Input.LocalPath")
def input_into_a_relative_folder_by_a_parameter(d):
    d["Parameters"].append({"Name": "Folder", "Type": "String", "DefaultValue": "input"})
    arguments(d, FE)["ProcessingInputs"][0]["S3Input"]["LocalPath"] = get("Parameters.Folder")


# limits


@mutation("limits", "'aws:owner'")
def tag_that_aws_keeps_for_itself(d):
    arguments(d, TRAIN)["Tags"].append({"Key": "aws:owner", "Value": "x"})


@mutation("limits", "'AWS:owner'")
def tag_that_aws_keeps_for_itself_in_capitals(d):
    arguments(d, CREATE)["Tags"].append({"Key": "AWS:owner", "Value": "x"})


@mutation("limits", "LONG_VALUE")
def environment_value_too_long(d):
    arguments(d, FE)["Environment"]["LONG_VALUE"] = "x" * 257


@mutation("limits", "101 entries")
def too_many_environment_variables(d):
    arguments(d, FE)["Environment"] |= {f"V{index}": "x" for index in range(101 - len(arguments(d, FE)["Environment"]))}


@mutation("limits", "ContainerArguments[2]")
def container_argument_too_long(d):
    arguments(d, FE)["AppSpecification"]["ContainerArguments"].append("x" * 257)


@mutation("limits", "11 entries")
def too_many_outputs(d):
    outputs = arguments(d, FE)["ProcessingOutputConfig"]["Outputs"]
    for index in range(5):
        bucket = output(d, "evaluation")["S3Output"]["S3Uri"]["Std:Join"]["Values"][0]
        uri = join(bucket, get("Parameters.ExecutionId"), f"x{index}")
        local = {"LocalPath": f"/opt/ml/processing/output/x{index}", "S3UploadMode": "EndOfJob", "S3Uri": uri}
        outputs.append({"OutputName": f"x{index}", "S3Output": local})


@mutation("limits", "S3UploadMode")
def unknown_upload_mode(d):
    output(d, "evaluation")["S3Output"]["S3UploadMode"] = "Sometime"


@mutation("limits", "51 entries")
def too_many_tags(d):
    arguments(d, TRAIN)["Tags"] = [{"Key": f"k{index}", "Value": "v"} for index in range(51)]


@mutation("limits", "201 parameters")
def too_many_parameters(d):
    d["Parameters"] += [
        {"Name": f"p{index}", "Type": "String", "DefaultValue": "x"} for index in range(201 - len(d["Parameters"]))
    ]


@mutation("limits", "the biggest part is step Training")
def definition_too_large(d):
    step(d, TRAIN)["DisplayName"] = "x" * 1_048_577


@mutation("limits", "1 to 64 letters")
def display_name_too_long(d):
    step(d, TRAIN)["DisplayName"] = "x" * 257


@mutation("limits", "at most 3072")
def description_too_long(d):
    step(d, TRAIN)["Description"] = "x" * 3073


@mutation("limits", "'Maybe' in EnumValues of ModelApprovalStatus")
def choice_that_the_api_refuses(d):
    parameter(d, "ModelApprovalStatus")["EnumValues"].append("Maybe")


# retry


@mutation("retry", "MaxAttempts 5 and ExpireAfterMin 60")
def attempts_and_expiry_at_once(d):
    policies(d)[0]["ExpireAfterMin"] = 60


@mutation("retry", "21")
def too_many_attempts(d):
    policies(d)[0]["MaxAttempts"] = 21


@mutation("retry", "SageMaker.JOB_INTERNAL_ERROR")
def job_error_on_a_step_without_a_job(d):
    policies(d, CREATE)[0]["ExceptionType"] = ["SageMaker.JOB_INTERNAL_ERROR"]


@mutation("retry", "SageMaker.JOB_CAPACITY_ERROR")
def exception_of_the_old_guide(d):
    policies(d, TRAIN)[2]["ExceptionType"] = ["SageMaker.JOB_CAPACITY_ERROR"]


@mutation("retry", "43200")
def interval_of_more_than_twelve_hours(d):
    policies(d)[1]["IntervalSeconds"] = 43_201


@mutation("retry", "Condition")
def retry_of_a_condition(d):
    step(d, GATE)["RetryPolicies"] = [{"ExceptionType": ["Step.THROTTLING"], "MaxAttempts": 2}]


@mutation("retry", "Lambda")
def retry_of_a_lambda(d):
    policy = {"ExceptionType": ["Step.THROTTLING"], "MaxAttempts": 2}
    d["Steps"].append({"Name": "Notify", "Type": "Lambda", "Arguments": {}, "RetryPolicies": [policy]})


@mutation("retry", "ExceptionType")
def policy_for_no_error(d):
    policies(d)[0]["ExceptionType"] = []


@mutation("retry", "MaxAttempts is null")
def attempts_of_null(d):
    policies(d)[0]["MaxAttempts"] = None


@mutation("retry", "1.5")
def interval_with_a_fraction(d):
    policies(d)[0]["IntervalSeconds"] = 1.5


# cache


@mutation("cache", "another")
def cache_on_a_step_that_knows_the_execution(d):
    step(d, FE)["CacheConfig"] = {"Enabled": True, "ExpireAfter": "P30D"}


@mutation("cache", "30 days")
def cache_expiry_in_words(d):
    step(d, TRAIN)["CacheConfig"] = {"Enabled": False, "ExpireAfter": "30 days"}


@mutation("cache", "yes")
def cache_switch_as_text(d):
    step(d, TRAIN)["CacheConfig"] = {"Enabled": "yes"}


@mutation("cache", "did you mean 'ExpireAfter'")
def cache_with_a_misspelt_member(d):
    step(d, TRAIN)["CacheConfig"] = {"Enabled": False, "ExpiresAfter": "P30D"}


@mutation("cache", "Condition")
def cache_on_a_condition(d):
    step(d, GATE)["CacheConfig"] = {"Enabled": False}


@mutation("cache", "a Model step takes no CacheConfig")
def cache_on_a_model(d):
    step(d, CREATE)["CacheConfig"] = {"Enabled": False, "ExpireAfter": "P1D"}


@mutation("cache", "a RegisterModel step takes no CacheConfig")
def cache_on_a_version(d):
    step(d, REGISTER)["CacheConfig"] = {"Enabled": False}


# instances


@mutation("instances", "ml.m5.xlarge")
def instance_type_without_ml(d):
    parameter(d, "ProcessingInstanceType")["DefaultValue"] = "m5.xlarge"


@mutation("instances", "ml.large")
def instance_type_without_family(d):
    arguments(d, TRAIN)["ResourceConfig"]["InstanceType"] = "ml.large"


@mutation("instances", "SupportedRealtimeInferenceInstanceTypes[0]")
def serving_instance_type_misspelt(d):
    arguments(d, REGISTER)["InferenceSpecification"]["SupportedRealtimeInferenceInstanceTypes"][0] = "ml.m5.xxlarge"


@mutation("instances", "InstanceCount")
def zero_instances(d):
    parameter(d, "TrainingInstanceCount")["DefaultValue"] = 0


@mutation("instances", "1000000000")
def a_billion_instances(d):
    parameter(d, "TrainingInstanceCount")["DefaultValue"] = 1_000_000_000


@mutation("instances", "ml.g5.xlarge")
def volume_key_where_the_instance_brings_its_own(d):
    parameter(d, "TrainingInstanceType")["DefaultValue"] = "ml.g5.xlarge"


@mutation("instances", "InstanceType is missing")
def job_on_nothing(d):
    del cluster(d)["InstanceType"]


# spot


@mutation("spot", "3600")
def wait_beyond_the_algorithm(d):
    arguments(d, TRAIN)["StoppingCondition"]["MaxWaitTimeInSeconds"] = 7200


@mutation("spot", "MaxRuntimeInSeconds")
def wait_shorter_than_the_run(d):
    arguments(d, TRAIN)["StoppingCondition"]["MaxWaitTimeInSeconds"] = 1800


@mutation("spot", "MaxWaitTimeInSeconds")
def spot_without_a_wait(d):
    del arguments(d, TRAIN)["StoppingCondition"]["MaxWaitTimeInSeconds"]


@mutation("spot", "EnableManagedSpotTraining")
def wait_without_spot(d):
    del arguments(d, TRAIN)["EnableManagedSpotTraining"]


# hyperparameter


@mutation("hyperparameter", "from 1 to 1000")
def no_epochs(d):
    parameter(d, "epochs")["DefaultValue"] = 0


@mutation("hyperparameter", "learning_rate")
def learning_rate_far_too_high(d):
    parameter(d, "learning_rate")["DefaultValue"] = 1e9


@mutation("hyperparameter", "num_cell")
def unknown_hyperparameter(d):
    hyper(d)["num_cell"] = hyper(d).pop("num_cells")


@mutation("hyperparameter", "Std:Join")
def number_that_is_not_made_text(d):
    hyper(d)["epochs"] = get("Parameters.epochs")


@mutation("hyperparameter", "likelihood")
def likelihood_as_an_empty_text(d):
    hyper(d)["likelihood"] = ""


@mutation("hyperparameter", "prediction_length")
def required_hyperparameter_left_out(d):
    del hyper(d)["prediction_length"]


@mutation("hyperparameter", "test_quantiles")
def quantile_of_one(d):
    parameter(d, "test_quantiles")["DefaultValue"] = "[0.5, 1.0]"


@mutation("hyperparameter", "poisson")
def choice_that_the_algorithm_refuses(d):
    parameter(d, "likelihood")["EnumValues"] = ["student-T", "poisson"]


@mutation("hyperparameter", "'0'")
def number_to_choose_that_the_algorithm_refuses(d):
    parameter(d, "epochs")["EnumValues"] = [0, 100]
