"""Single changes that break the good definition, each with the rule that must catch it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.pipeline_def.definitions import arguments, get, join, output, parameter, step

FE, TRAIN, GATE, CREATE, REGISTER = "FeatureEngineering", "Training", "QualityGate", "CreateModel", "RegisterModel"
Definition = dict[str, Any]


@dataclass(frozen=True)
class Mutation:
    rule: str
    name: str
    change: Callable[[Definition], object]
    #: A word that the finding must name.
    names: str

    @property
    def id(self) -> str:
        return f"{self.rule}: {self.name}"


MUTATIONS: list[Mutation] = []


def mutation(rule: str, names: str) -> Callable[[Callable[[Definition], object]], Callable[[Definition], object]]:
    def register(change: Callable[[Definition], object]) -> Callable[[Definition], object]:
        MUTATIONS.append(Mutation(rule, change.__name__.replace("_", " "), change, names))
        return change

    return register


def hyper(d: Definition) -> dict[str, Any]:
    return arguments(d, TRAIN)["HyperParameters"]


def cluster(d: Definition) -> dict[str, Any]:
    return arguments(d, FE)["ProcessingResources"]["ClusterConfig"]


def policies(d: Definition, name: str = FE) -> list[dict[str, Any]]:
    return step(d, name)["RetryPolicies"]


def condition(d: Definition) -> dict[str, Any]:
    return arguments(d, GATE)["Conditions"][0]


def json_get(d: Definition) -> dict[str, Any]:
    return condition(d)["LeftValue"]["Std:JsonGet"]


def channel(d: Definition, index: int = 0) -> dict[str, Any]:
    return arguments(d, TRAIN)["InputDataConfig"][index]["DataSource"]["S3DataSource"]


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
    arguments(d, TRAIN)["InputDataConfig"][1]["ChannelName"] = "train"


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
    arguments(d, FE)["ContainerArgumentsExtra"] = None
    del arguments(d, FE)["ContainerArgumentsExtra"]
    arguments(d, FE)["AppSpecification"]["ContainerArguments"][1] = get("Execution.PipelineExecutionID")


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
    gate = arguments(d, GATE)
    gate["ElseSteps"].append(gate["IfSteps"].pop())
    gate["ElseSteps"][0]["DependsOn"] = [CREATE]


@mutation("branch", "IfSteps")
def property_from_the_other_branch(d):
    gate = arguments(d, GATE)
    gate["ElseSteps"].append(gate["IfSteps"].pop())
    arguments(d, REGISTER)["ModelPackageDescription"] = get("Steps.CreateModel.ModelName")


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


@mutation("unfilled", "}}")
def half_a_key_left(d):
    step(d, TRAIN)["Description"] = "trains on kms}}"


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
    del output(d, "plots")["S3Output"]["LocalPath"]
    output(d, "plots")["S3Output"].pop("S3UploadMode")


# limits


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
        uri = join("s3://b/executions", get("Parameters.ExecutionId"), f"x{index}")
        local = {"LocalPath": f"/opt/ml/processing/output/x{index}", "S3UploadMode": "EndOfJob", "S3Uri": uri}
        outputs.append({"OutputName": f"x{index}", "S3Output": local})


@mutation("limits", "S3UploadMode")
def unknown_upload_mode(d):
    output(d, "plots")["S3Output"]["S3UploadMode"] = "Sometime"


@mutation("limits", "51 entries")
def too_many_tags(d):
    arguments(d, TRAIN)["Tags"] = [{"Key": f"k{index}", "Value": "v"} for index in range(51)]


@mutation("limits", "201 parameters")
def too_many_parameters(d):
    d["Parameters"] += [{"Name": f"p{index}", "Type": "String"} for index in range(201 - len(d["Parameters"]))]


@mutation("limits", "1048576")
def definition_too_large(d):
    step(d, TRAIN)["DisplayName"] = "x" * 1_048_577


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


# cache


@mutation("cache", "another")
def cache_on_a_step_that_knows_the_execution(d):
    step(d, FE)["CacheConfig"] = {"Enabled": True, "ExpireAfter": "P30D"}


@mutation("cache", "30 days")
def cache_expiry_in_words(d):
    step(d, CREATE)["CacheConfig"] = {"Enabled": False, "ExpireAfter": "30 days"}


@mutation("cache", "yes")
def cache_switch_as_text(d):
    step(d, CREATE)["CacheConfig"] = {"Enabled": "yes"}


# isolation


@mutation("isolation", "s3://models/latest/train")
def output_outside_the_execution(d):
    output(d, "train")["S3Output"]["S3Uri"] = "s3://models/latest/train"


@mutation("isolation", "S3OutputPath")
def model_under_the_bucket_alone(d):
    arguments(d, TRAIN)["OutputDataConfig"]["S3OutputPath"] = join("s3://models/executions", "model")


@mutation("isolation", "default")
def execution_id_with_a_default(d):
    parameter(d, "ExecutionId")["DefaultValue"] = "first"


@mutation("isolation", "prefix")
def two_outputs_at_one_prefix(d):
    output(d, "plots")["S3Output"]["S3Uri"] = output(d, "features")["S3Output"]["S3Uri"]


@mutation("isolation", "prefix")
def a_model_over_another_steps_output(d):
    arguments(d, TRAIN)["OutputDataConfig"]["S3OutputPath"] = output(d, "features")["S3Output"]["S3Uri"]


@mutation("isolation", "CheckpointConfig")
def checkpoints_shared_by_all(d):
    arguments(d, TRAIN)["CheckpointConfig"] = {"S3Uri": "s3://models/checkpoints"}


@mutation("isolation", "-<ExecutionId>")
def execution_id_inside_a_name(d):
    output(d, "train")["S3Output"]["S3Uri"] = join(
        "s3://models/executions/run-", get("Parameters.ExecutionId"), "/train", on=""
    )


# image

OURS = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/features"


@mutation("image", "latest")
def our_image_by_latest(d):
    arguments(d, FE)["AppSpecification"]["ImageUri"] = f"{OURS}:latest"


@mutation("image", "content-hash")
def our_image_by_a_mutable_tag(d):
    arguments(d, FE)["AppSpecification"]["ImageUri"] = f"{OURS}:v1"


@mutation("image", "eu-central-1")
def our_image_from_another_region(d):
    image = arguments(d, FE)["AppSpecification"]["ImageUri"]
    arguments(d, FE)["AppSpecification"]["ImageUri"] = image.replace("eu-central-1", "eu-west-1")


@mutation("image", "495149712605")
def built_in_algorithm_of_another_account(d):
    image = arguments(d, TRAIN)["AlgorithmSpecification"]["TrainingImage"]
    arguments(d, TRAIN)["AlgorithmSpecification"]["TrainingImage"] = image.replace("495149712605", "522234722520")


@mutation("image", "never latest")
def built_in_algorithm_without_a_tag(d):
    container = arguments(d, CREATE)["PrimaryContainer"]
    container["Image"] = container["Image"].removesuffix(":1")


@mutation("image", "ubuntu")
def image_from_no_registry(d):
    arguments(d, FE)["AppSpecification"]["ImageUri"] = "ubuntu:24.04"


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


# secret

CANARY = "hunter2-canary-Zx9"


@mutation("secret", "DB_PASSWORD")
def password_in_the_environment(d):
    arguments(d, FE)["Environment"]["DB_PASSWORD"] = CANARY


@mutation("secret", "ApiToken")
def token_as_default_of_a_parameter(d):
    d["Parameters"].append({"Name": "ApiToken", "Type": "String", "DefaultValue": CANARY})


@mutation("secret", "ENDPOINT")
def access_key_by_its_looks(d):
    arguments(d, FE)["Environment"]["ENDPOINT"] = "AKIA" + "CANARYCANARY1234"


@mutation("secret", "ContainerArguments[3]")
def password_after_its_flag(d):
    arguments(d, FE)["AppSpecification"]["ContainerArguments"] += ["--password", CANARY]


@mutation("secret", "Description")
def credentials_in_a_url(d):
    step(d, TRAIN)["Description"] = f"see https://user:{CANARY}@example.com/"


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
