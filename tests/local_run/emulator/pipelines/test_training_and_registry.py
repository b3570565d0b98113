"""Training jobs, created models and registered packages."""

from __future__ import annotations

import io
import json
import tarfile
import textwrap
from typing import Any

import pytest

from local_run.emulator.progress import EpochFinished
from tests.local_run.emulator.pipelines.support import BUCKET, DEEPAR_IMAGE, ROLE, World, condition, get, join, training

TRAINER = """
import json, sys
from pathlib import Path
ml = Path(sys.argv[1])
hyperparameters = json.loads((ml / "input/config/hyperparameters.json").read_text())
channels = json.loads((ml / "input/config/inputdataconfig.json").read_text())
train = (ml / "input/data/train/train.json").read_text()
for epoch in range(int(hyperparameters["epochs"])):
    print(f"#quality_metric: host=algo-1, epoch={epoch}, train loss <loss>={1.0 / (epoch + 1)}", flush=True)
print("#quality_metric: host=algo-1, test RMSE <loss>=nan")
print("#test_score (algo-1, mean_wQuantileLoss): 0.9")
print("#quality_metric: host=algo-1, test mean_wQuantileLoss <loss>=0.75")
(ml / "model/weights.json").write_text(json.dumps({"h": hyperparameters, "channels": sorted(channels), "train": train}))
"""


def train_step(epochs: Any = "3") -> dict[str, Any]:
    return training("Training", {"train": f"s3://{BUCKET}/channels/train"}, {"epochs": epochs})


@pytest.fixture
def ready(world: World) -> World:
    world.trainer.write_text(TRAINER)
    world.put("channels/train/train.json", '{"start": "2020-01-01 00:00:00"}')
    return world


def test_training_runs_on_the_container_layout_and_leaves_model_and_metrics(ready: World) -> None:
    parameters = [{"Name": "epochs", "Type": "Integer", "DefaultValue": 2}]
    arn = ready.run([train_step(join("", get("Parameters.epochs")))], parameters, epochs="4")
    assert ready.status(arn) == "Succeeded"
    name = ready.steps(arn)["Training"]["Metadata"]["TrainingJob"]["Arn"].rsplit("/", 1)[1]
    job = ready.client("sagemaker").describe_training_job(TrainingJobName=name)
    metrics = {item["MetricName"]: item["Value"] for item in job["FinalMetricDataList"]}
    assert metrics == {"train:loss": 0.25, "test:mean_wQuantileLoss": 0.75}, "the last value of each; NaN is no metric"
    assert (job["TrainingJobStatus"], job["HyperParameters"]) == ("Completed", {"epochs": "4"})
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://{BUCKET}/models/{name}/output/model.tar.gz"
    packed = ready.client("s3").get_object(Bucket=BUCKET, Key=f"models/{name}/output/model.tar.gz")["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        member = archive.extractfile("weights.json")
        assert member is not None
        model = json.loads(member.read())
    assert model == {"h": {"epochs": "4"}, "channels": ["train"], "train": '{"start": "2020-01-01 00:00:00"}'}
    reported = [(event.epoch, event.epochs, event.loss) for event in ready.progress.of(EpochFinished)]
    assert reported == [(0, 4, 1.0), (1, 4, 0.5), (2, 4, pytest.approx(1 / 3)), (3, 4, 0.25)]


def test_an_algorithms_failure_file_is_the_reason(ready: World) -> None:
    ready.trainer.write_text(
        textwrap.dedent("""
        import sys
        from pathlib import Path
        (Path(sys.argv[1]) / "output/failure").write_text("epochs is 0; allowed: from 1")
        sys.exit(1)
    """)
    )
    arn = ready.run([train_step("0")])
    step = ready.steps(arn)["Training"]
    assert step["FailureReason"] == "ClientError: AlgorithmError: epochs is 0; allowed: from 1, exit code: 1"
    name = step["Metadata"]["TrainingJob"]["Arn"].rsplit("/", 1)[1]
    job = ready.client("sagemaker").describe_training_job(TrainingJobName=name)
    assert job["FailureReason"] == "AlgorithmError: epochs is 0; allowed: from 1, exit code: 1"


def test_a_number_among_the_hyperparameters_is_refused_as_sagemaker_does(ready: World) -> None:
    arn = ready.run([train_step(get("Parameters.epochs"))], [{"Name": "epochs", "Type": "Integer", "DefaultValue": 2}])
    reason = ready.steps(arn)["Training"]["FailureReason"]
    assert "Failed to invoke sagemaker:CreateTrainingJob" in reason and "HyperParameters" in reason


def test_an_image_without_a_stand_in_is_named(ready: World) -> None:
    step = train_step()
    step["Arguments"]["AlgorithmSpecification"]["TrainingImage"] = "1.dkr.ecr.eu-central-1.amazonaws.com/xgboost:1"
    arn = ready.run([step])
    assert (
        "no stand-in for the training image '1.dkr.ecr.eu-central-1.amazonaws.com/xgboost:1'"
        in (ready.steps(arn)["Training"]["FailureReason"])
    )


def registration(with_gate: bool = True) -> list[dict[str, Any]]:
    artefact = get("Steps.Training.ModelArtifacts.S3ModelArtifacts")
    metric = get("Steps.Training.FinalMetricDataList['test:mean_wQuantileLoss'].Value")
    model = {"Name": "CreateModel", "Type": "Model", "Arguments": {
        "ExecutionRoleArn": ROLE, "EnableNetworkIsolation": True,
        "PrimaryContainer": {"Image": DEEPAR_IMAGE, "ModelDataUrl": artefact}}}  # fmt: skip
    register = {"Name": "RegisterModel", "Type": "RegisterModel", "Arguments": {
        "ModelPackageGroupName": "forecasts", "ModelApprovalStatus": get("Parameters.Approval"),
        "SkipModelValidation": "None",
        "ModelMetrics": {"ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": f"s3://{BUCKET}/gate.json"}}},
        "CustomerMetadataProperties": {"Loss": join("", metric)},
        "InferenceSpecification": {
            "Containers": [{"Image": DEEPAR_IMAGE, "ModelDataUrl": artefact}],
            "SupportedContentTypes": ["application/json"], "SupportedResponseMIMETypes": ["application/json"]}}}  # fmt: skip
    gate = condition("Gate", [{"Type": "LessThanOrEqualTo", "LeftValue": metric, "RightValue": 0.8}], yes=[model, register])
    return [train_step(), gate]


STATUSES = ["PendingManualApproval", "Approved"]
APPROVAL = [{"Name": "Approval", "Type": "String", "DefaultValue": STATUSES[0], "EnumValues": STATUSES}]


def test_model_and_package_point_at_the_artefact_and_keep_what_moto_forgets(ready: World) -> None:
    client = ready.client("sagemaker")
    client.create_model_package_group(ModelPackageGroupName="forecasts")
    arn = ready.run(registration(), APPROVAL, Approval="Approved")
    assert ready.status(arn) == "Succeeded", ready.steps(arn)
    steps = ready.steps(arn)
    job = steps["Training"]["Metadata"]["TrainingJob"]["Arn"].rsplit("/", 1)[1]
    artefact = client.describe_training_job(TrainingJobName=job)["ModelArtifacts"]["S3ModelArtifacts"]

    model = client.describe_model(ModelName=steps["CreateModel"]["Metadata"]["Model"]["Arn"].rsplit("/", 1)[1])
    assert model["PrimaryContainer"]["ModelDataUrl"] == artefact
    assert model["EnableNetworkIsolation"] is True

    package = client.describe_model_package(ModelPackageName=steps["RegisterModel"]["Metadata"]["RegisterModel"]["Arn"])
    assert package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"] == artefact
    assert package["ModelApprovalStatus"] == "Approved"
    assert package["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"] == f"s3://{BUCKET}/gate.json"
    assert package["CustomerMetadataProperties"] == {"Loss": "0.75"}
    assert package["SkipModelValidation"] == "None"

    client.update_model_package(ModelPackageArn=package["ModelPackageArn"], ModelApprovalStatus="Rejected")
    assert client.describe_model_package(ModelPackageName=package["ModelPackageArn"])["ModelApprovalStatus"] == "Rejected"


def test_a_missing_group_fails_the_step_with_the_services_words(ready: World) -> None:
    arn = ready.run(registration(), APPROVAL)
    assert ready.status(arn) == "Failed"
    assert "Model Package Group does not exist" in ready.steps(arn)["RegisterModel"]["FailureReason"]


def test_executions_that_register_at_once_get_versions_of_their_own(ready: World) -> None:
    ready.client("sagemaker").create_model_package_group(ModelPackageGroupName="forecasts")
    ready.pipeline(registration(), APPROVAL)
    arns = [ready.start() for _ in range(4)]
    assert all(ready.local.wait(arn, 60) for arn in arns)
    packages = [ready.steps(arn)["RegisterModel"]["Metadata"]["RegisterModel"]["Arn"] for arn in arns]
    assert sorted(item.rsplit("/", 1)[1] for item in packages) == ["1", "2", "3", "4"]
