"""Mutations of what our own pipeline promises: its places and its images."""

from __future__ import annotations

import json

from tests.pipeline_def.definitions import arguments, get, join, output, parameter, step
from tests.pipeline_def.mutation import CREATE, FE, TRAIN, mutation, registered

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
    output(d, "evaluation")["S3Output"]["S3Uri"] = output(d, "features")["S3Output"]["S3Uri"]


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


@mutation("isolation", "ExecutionId")
def execution_id_that_is_none(d):
    d["Parameters"].remove(parameter(d, "ExecutionId"))
    d["Steps"] = _with_a_fixed_id(d["Steps"])


def _with_a_fixed_id(value):
    if value == get("Parameters.ExecutionId"):
        return "latest"
    if isinstance(value, dict):
        return {key: _with_a_fixed_id(item) for key, item in value.items()}
    return [_with_a_fixed_id(item) for item in value] if isinstance(value, list) else value


@mutation("isolation", "--executionid")
def container_that_is_told_another_id(d):
    arguments(d, FE)["AppSpecification"]["ContainerArguments"] = ["--executionid", "latest"]


@mutation("isolation", "the channel at")
def evaluation_inside_a_channel(d):
    output(d, "evaluation")["S3Output"]["S3Uri"]["Std:Join"]["Values"][2:] = ["train", "evaluation"]


@mutation("isolation", "the channel at")
def evaluation_under_a_name_that_starts_like_a_channel(d):
    output(d, "evaluation")["S3Output"]["S3Uri"]["Std:Join"]["Values"][2] = "train-evaluation"


@mutation("isolation", "models bucket")
def evaluation_in_a_bucket_of_their_own(d):
    output(d, "evaluation")["S3Output"]["S3Uri"]["Std:Join"]["Values"][0] = "s3://elsewhere/executions"


@mutation("isolation", "../evaluation")
def evaluation_out_of_the_execution(d):
    output(d, "evaluation")["S3Output"]["S3Uri"]["Std:Join"]["Values"][2] = "../evaluation"


@mutation("isolation", "a folder of its own")
def two_outputs_of_one_folder(d):
    output(d, "evaluation")["S3Output"]["LocalPath"] = output(d, "features")["S3Output"]["LocalPath"] + "/"


@mutation("isolation", "output/../evaluation")
def output_from_a_folder_above(d):
    output(d, "evaluation")["S3Output"]["LocalPath"] = "/opt/ml/processing/output/../evaluation"


@mutation("isolation", "/tmp/evaluation")
def output_from_a_folder_elsewhere(d):
    output(d, "evaluation")["S3Output"]["LocalPath"] = "/tmp/evaluation"


def dataset(**definition):
    columns = {"QueryString": "select 1", "Database": "d", "OutputFormat": "PARQUET"}
    return {
        "InputName": "dataset",
        "DatasetDefinition": {
            "LocalPath": "/opt/ml/processing/input/dataset",
            **{name: columns | members for name, members in definition.items()},
        },
    }


@mutation("isolation", "ProcessingInputs[2].S3Input")
def query_results_of_athena_elsewhere(d):
    given = dataset(AthenaDatasetDefinition={"Catalog": "c", "OutputS3Uri": "s3://anywhere/fixed"})
    arguments(d, FE)["ProcessingInputs"].append(given)


@mutation("isolation", "ProcessingInputs[2].S3Input")
def query_results_of_redshift_over_an_output(d):
    role = arguments(d, FE)["RoleArn"]
    uri = output(d, "evaluation")["S3Output"]["S3Uri"]
    redshift = {"ClusterId": "c", "DbUser": "u", "ClusterRoleArn": role, "OutputS3Uri": uri}
    arguments(d, FE)["ProcessingInputs"].append(dataset(RedshiftDatasetDefinition=redshift))


@mutation("isolation", "Outputs[6].S3Output")
def output_into_a_feature_group(d):
    given = {"OutputName": "store", "AppManaged": True, "FeatureStoreOutput": {"FeatureGroupName": "prices"}}
    arguments(d, FE)["ProcessingOutputConfig"]["Outputs"].append(given)


@mutation("isolation", "FeatureStoreOutput")
def output_into_a_feature_group_as_well(d):
    output(d, "features")["FeatureStoreOutput"] = {"FeatureGroupName": "prices"}


def read_into(d, index, folder):
    arguments(d, FE)["ProcessingInputs"][index]["S3Input"]["LocalPath"] = folder


@mutation("isolation", "a folder of its own")
def two_inputs_of_one_folder(d):
    read_into(d, 1, "/opt/ml/processing/input/assets/")


@mutation("isolation", "ProcessingInputs[0].S3Input.LocalPath is '/opt/ml/processing/output/train'")
def input_into_the_folder_of_an_output(d):
    read_into(d, 0, "/opt/ml/processing/output/train")


@mutation("isolation", "ProcessingInputs[2].S3Input")
def dataset_into_the_folder_of_an_input(d):
    given = dataset(AthenaDatasetDefinition={"Catalog": "c", "OutputS3Uri": within(d, "dataset")})
    given["DatasetDefinition"]["LocalPath"] = "/opt/ml/processing/input/assets"
    arguments(d, FE)["ProcessingInputs"].append(given)


def within(d, name):
    bucket = output(d, "evaluation")["S3Output"]["S3Uri"]["Std:Join"]["Values"][0]
    return join(bucket, get("Parameters.ExecutionId"), name)


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


@mutation("image", "as text")
def our_image_given_by_a_parameter(d):
    application = arguments(d, FE)["AppSpecification"]
    d["Parameters"].append({"Name": "Image", "Type": "String", "DefaultValue": application["ImageUri"]})
    application["ImageUri"] = get("Parameters.Image")


@mutation("image", "as text")
def our_image_put_together(d):
    arguments(d, FE)["AppSpecification"]["ImageUri"] = join(OURS, "latest", on=":")


@mutation("image", "content-hash")
def our_image_by_a_date(d):
    arguments(d, FE)["AppSpecification"]["ImageUri"] = f"{OURS}:20250101120000"


@mutation("image", "content-hash")
def image_of_another_account(d):
    arguments(d, FE)["AppSpecification"]["ImageUri"] = "999999999999.dkr.ecr.eu-central-1.amazonaws.com/features:v1"


@mutation("image", "amazonaws.com")
def our_image_from_a_registry_elsewhere(d):
    image = arguments(d, FE)["AppSpecification"]["ImageUri"]
    arguments(d, FE)["AppSpecification"]["ImageUri"] = image.replace("amazonaws.com", "evil.example")


@mutation("image", "version tag 1")
def built_in_algorithm_of_another_version(d):
    arguments(d, TRAIN)["AlgorithmSpecification"]["TrainingImage"] += "2"


@mutation("image", "version tag 1")
def built_in_algorithm_by_a_tag_that_moves(d):
    container = arguments(d, CREATE)["PrimaryContainer"]
    container["Image"] = container["Image"].replace(":1", ":latest-1")


FOREIGN = "999999999999.dkr.ecr.eu-central-1.amazonaws.com/features:0123456789abcdef0123456789abcdef"


@mutation("image", "123456789012, the account of the steps' roles")
def image_of_another_account_by_a_hash(d):
    arguments(d, FE)["AppSpecification"]["ImageUri"] = FOREIGN


@mutation("image", "123456789012, the account of the steps' roles")
def image_of_another_account_by_a_digest(d):
    arguments(d, FE)["AppSpecification"]["ImageUri"] = FOREIGN.partition(":")[0] + "@sha256:" + "a" * 64


@mutation("image", "123456789012, the account of the steps' roles")
def account_that_is_written_elsewhere_alone(d):
    step(d, FE)["Description"] = "arn:aws:iam::999999999999:role/x"
    arguments(d, FE)["AppSpecification"]["ImageUri"] = FOREIGN


@mutation("image", "TrainingImage is '999999999999")
def training_by_an_image_of_another_account(d):
    specification = arguments(d, TRAIN)["AlgorithmSpecification"]
    replaced = json.loads(json.dumps(d).replace(specification["TrainingImage"], FOREIGN))
    d.clear()
    d |= replaced


@mutation("image", "allowed: 495149712605.dkr.ecr.eu-central-1.amazonaws.com/forecasting-deepar:1")
def training_by_an_image_of_our_own(d):
    specification = arguments(d, TRAIN)["AlgorithmSpecification"]
    specification["TrainingImage"] = arguments(d, FE)["AppSpecification"]["ImageUri"]


@mutation("image", "TrainingImage is missing")
def training_by_the_name_of_an_algorithm(d):
    specification = arguments(d, TRAIN)["AlgorithmSpecification"]
    del specification["TrainingImage"]
    specification["AlgorithmName"] = "my-algorithm"


@mutation("image", "the image that trains the model")
def model_served_by_an_image_of_our_own(d):
    arguments(d, CREATE)["PrimaryContainer"]["Image"] = arguments(d, FE)["AppSpecification"]["ImageUri"]


@mutation("image", "the image that trains the model")
def version_served_by_an_image_of_another_account(d):
    registered(d)["Image"] = FOREIGN
