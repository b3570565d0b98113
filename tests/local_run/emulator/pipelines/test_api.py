"""What the layer's operations refuse and list, as SageMaker does."""

from __future__ import annotations

import uuid
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.local_run.emulator.pipelines.support import BUCKET, WAIT, World, condition, get, processing, training

PARAMETERS = [
    {"Name": "ExecutionId", "Type": "String"},
    {"Name": "Count", "Type": "Integer", "DefaultValue": 1},
    {"Name": "Rate", "Type": "Float", "DefaultValue": 0.5},
    {"Name": "Flag", "Type": "Boolean", "DefaultValue": False},
    {"Name": "Approval", "Type": "String", "DefaultValue": "Pending", "EnumValues": ["Pending", "Approved"]},
]


def refused(world: World, **parameters: str) -> str:
    with pytest.raises(ClientError) as caught:
        world.start(**parameters)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return str(caught.value)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"ExecutionId": "x", "Cuont": "1"}, ["Unknown parameter [Cuont]", "did you mean 'Count'?"]),
        ({"ExecutionId": "x", "Count": "1.5"}, ["Parameter [Count]", "'1.5' is not of type Integer"]),
        ({"ExecutionId": "x", "Count": "two"}, ["'two' is not of type Integer"]),
        ({"ExecutionId": "x", "Rate": "nan"}, ["'nan' is not of type Float"]),
        ({"ExecutionId": "x", "Flag": "yes"}, ["'yes' is not of type Boolean"]),
        ({"ExecutionId": "x", "Approval": "Maybe"}, ["'Maybe' is not among its values [Pending, Approved]"]),
        ({"ExecutionId": ""}, ["required minimum: 1"]),
        ({}, ["Parameter [ExecutionId] is undefined"]),
        ({"Cuont": "1", "Rate": "x"}, ["Cuont", "Rate", "ExecutionId"]),
    ],
)
def test_a_start_with_wrong_parameters_is_refused_with_all_of_them(
    world: World, given: dict[str, str], words: list[str]
) -> None:
    world.pipeline([processing("Features", "")], PARAMETERS)
    message = refused(world, **given)
    for word in words:
        assert word in message
    assert world.client("sagemaker").list_pipeline_executions(PipelineName="demo")["PipelineExecutionSummaries"] == []


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([{"Name": "X", "Type": "Teleport", "Arguments": {}}], "type 'Teleport' is not run here"),
        ([processing("X", "", {"Std:Explode": {}})], "unknown function 'Std:Explode'"),
        ([processing("X", "", get("Parameters.Absent"))], "parameter 'Absent' is not declared"),
        ([processing("X", "", DependsOn=["Absent"])], "no step 'Absent' to depend on"),
        ([processing("X", "", get("Steps.Absent.ProcessingJobArn"))], "no step 'Absent' to depend on"),
        ([processing("X", ""), processing("X", "")], "step name 'X' is used 2 times"),
        ([processing("A", "", DependsOn=["B"]), processing("B", "", DependsOn=["A"])], "wait for one another: A, B"),
        ([condition("X", [{"Type": "Smells", "LeftValue": 1, "RightValue": 1}])], "unknown condition type 'Smells'"),
        ([processing("X", "", RetryPolicies=[{"ExceptionType": ["Nope"]}])], "ExceptionType 'Nope' is unknown"),
        (
            [processing("X", "", RetryPolicies=[{"ExceptionType": "Step.THROTTLING", "MaxAttempts": 2, "ExpireAfterMin": 5}])],
            "exclude one another",
        ),
    ],
)
def test_a_definition_that_cannot_run_is_refused_at_start(world: World, steps: list[Any], words: str) -> None:
    world.pipeline(steps)
    assert words in refused(world)


def test_an_unknown_pipeline_or_execution_is_not_found(world: World) -> None:
    client = world.client("sagemaker")
    missing = f"arn:aws:sagemaker:eu-central-1:{world.emulator.account_id}:pipeline/demo/execution/abc"
    calls = [
        lambda: world.start("absent"),
        lambda: client.describe_pipeline(PipelineName="absent"),
        lambda: client.list_pipeline_executions(PipelineName="absent"),
        lambda: client.describe_pipeline_execution(PipelineExecutionArn=missing),
        lambda: client.list_pipeline_execution_steps(PipelineExecutionArn=missing),
        lambda: client.stop_pipeline_execution(PipelineExecutionArn=missing),
        lambda: client.retry_pipeline_execution(PipelineExecutionArn=missing),
    ]
    for call in calls:
        with pytest.raises(ClientError) as caught:
            call()
        assert caught.value.response["Error"]["Code"] == "ResourceNotFound"


def test_a_token_used_with_other_parameters_is_a_conflict(world: World) -> None:
    world.pipeline([processing("Features", "")], PARAMETERS)
    token = "t" * 40
    arn = world.start(token=token, ExecutionId="one")
    assert world.start(token=token, ExecutionId="one") == arn
    with pytest.raises(ClientError, match="ConflictException"):
        world.start(token=token, ExecutionId="two")


def test_a_short_token_is_refused(world: World) -> None:
    world.pipeline([processing("Features", "")])
    session = boto3.Session()
    credentials = world.emulator.environment("someone")
    client = session.client(
        "sagemaker", region_name="eu-central-1", endpoint_url=world.emulator.endpoint,
        aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"], aws_secret_access_key="x",
        config=boto3.session.Config(parameter_validation=False),
    )  # fmt: skip
    with pytest.raises(ClientError, match="ClientRequestToken"):
        client.start_pipeline_execution(PipelineName="demo", ClientRequestToken="short")


def test_pipelines_are_found_by_arn_too(world: World) -> None:
    arn = world.pipeline([processing("Features", "")])
    client = world.client("sagemaker")
    assert client.describe_pipeline(PipelineName=arn)["PipelineName"] == "demo"
    execution = client.start_pipeline_execution(PipelineName=arn, ClientRequestToken=uuid.uuid4().hex)["PipelineExecutionArn"]
    assert world.local.wait(execution, WAIT)
    listed = client.list_pipeline_executions(PipelineName=arn)["PipelineExecutionSummaries"]
    assert [item["PipelineExecutionArn"] for item in listed] == [execution]


def test_executions_and_steps_are_listed_in_pages_newest_first(world: World) -> None:
    world.pipeline([processing("A", ""), processing("B", "", DependsOn=["A"])])
    arns = [world.start() for _ in range(3)]
    assert all(world.local.wait(arn, WAIT) for arn in arns)
    client = world.client("sagemaker")
    pages = client.get_paginator("list_pipeline_executions").paginate(PipelineName="demo", PaginationConfig={"PageSize": 2})
    listed = [[item["PipelineExecutionArn"] for item in page["PipelineExecutionSummaries"]] for page in pages]
    assert listed == [arns[:0:-1], arns[:1]]
    first = client.list_pipeline_execution_steps(PipelineExecutionArn=arns[0], MaxResults=1)
    assert [item["StepName"] for item in first["PipelineExecutionSteps"]] == ["B"]
    rest = client.list_pipeline_execution_steps(PipelineExecutionArn=arns[0], MaxResults=1, NextToken=first["NextToken"])
    assert [item["StepName"] for item in rest["PipelineExecutionSteps"]] == ["A"] and "NextToken" not in rest


def test_given_parameters_and_description_are_kept_and_can_be_updated(world: World) -> None:
    world.pipeline([processing("Features", "time.sleep(0.5)")], PARAMETERS)
    arn = world.start(ExecutionId="one", Count="2")
    client = world.client("sagemaker")
    given = client.list_pipeline_parameters_for_execution(PipelineExecutionArn=arn)["PipelineParameters"]
    assert {item["Name"]: item["Value"] for item in given} == {"ExecutionId": "one", "Count": "2"}
    assert world.describe(arn)["PipelineExecutionStatus"] == "Executing"
    changes = {"PipelineExecutionDescription": "why", "PipelineExecutionDisplayName": "one"}
    client.update_pipeline_execution(PipelineExecutionArn=arn, **changes)
    described = world.describe(arn)
    assert (described["PipelineExecutionDescription"], described["PipelineExecutionDisplayName"]) == ("why", "one")


def test_jobs_are_listed_with_motos_own_and_can_be_stopped(world: World) -> None:
    world.pipeline([processing("Long", "print('up', flush=True); time.sleep(6000)")])
    arn = world.start()
    client = world.client("sagemaker")
    moto_job = training("T", {}, {})["Arguments"] | {"TrainingJobName": "by-hand"}
    client.create_training_job(**{key: value for key, value in moto_job.items() if key != "InputDataConfig"})
    while not world.steps(arn).get("Long", {}).get("Metadata"):
        assert world.status(arn) == "Executing"
    (job,) = client.list_processing_jobs(StatusEquals="InProgress")["ProcessingJobSummaries"]
    assert job["ProcessingJobName"].startswith("pipelines-")
    assert [item["TrainingJobName"] for item in client.list_training_jobs()["TrainingJobSummaries"]] == ["by-hand"]
    assert client.describe_training_job(TrainingJobName="by-hand")["TrainingJobStatus"] == "Completed"
    client.stop_processing_job(ProcessingJobName=job["ProcessingJobName"])
    assert world.local.wait(arn, WAIT)
    assert client.describe_processing_job(ProcessingJobName=job["ProcessingJobName"])["ProcessingJobStatus"] == "Stopped"
    assert world.steps(arn)["Long"]["FailureReason"] == "ClientError: the job was stopped"
    assert client.list_processing_jobs(StatusEquals="InProgress")["ProcessingJobSummaries"] == []


def test_requests_for_other_services_and_regions_pass_through(world: World) -> None:
    world.pipeline([processing("Features", "")])
    elsewhere = world.emulator.client("sagemaker", region="us-west-2")
    with pytest.raises(ClientError, match="absent|demo"):
        elsewhere.list_pipeline_executions(PipelineName="demo")
    assert world.client("s3").list_buckets()["Buckets"][0]["Name"] == BUCKET
