"""Endpoints for a limited time: what is created and recorded, what is refused, and what is left if something breaks off."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from typer.testing import CliRunner, Result

from contracts import model_metadata as metadata
from contracts.problems import ProblemsError
from contracts.tables import ENDPOINT_MAINTENANCE
from handlers import endpoint_cleanup
from runs import cli_endpoints, endpoints
from runs.cli import app
from runs.endpoint_rows import EndpointRows
from runs.stack import Stack
from tests.tables import create_table

ROLE = "arn:aws:iam::123456789012:role/pipe-model"
OWN = [{"Key": "project", "Value": "p"}, {"Key": "stack", "Value": "s"}]
TAGS = [*OWN, {"Key": "owner", "Value": "o"}]
TEMPLATE = json.dumps({"id": "daily", "baseAssets": ["AAPL"], "predictionLength": 10}).encode()
NETWORK = {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}


def definition(key: str = "") -> str:
    """The forecast pipeline's steps, as far as an endpoint is like them."""
    container = {"ModelPackageName": {"Get": "Parameters.ModelPackageArn"}}
    model = {"ExecutionRoleArn": ROLE, "PrimaryContainer": container, "VpcConfig": NETWORK, "Tags": TAGS}
    resources = {"InstanceType": {"Get": "Parameters.ForecastInstanceType"}} | ({"VolumeKmsKeyId": key} if key else {})
    steps = {"CreateModel": model, "Forecast": {"TransformResources": resources}}
    return json.dumps({"Steps": [{"Name": name, "Arguments": arguments} for name, arguments in steps.items()]})


def register(stack: Stack, approval: str = "Approved") -> str:
    properties = dict.fromkeys(metadata.PROPERTIES, "x") | {
        metadata.EXECUTION_ID: "t",
        metadata.hash_key("Template"): hashlib.sha256(TEMPLATE).hexdigest(),
        metadata.uri_key("Template"): "s3://models/executions/t/evaluation/template.json",
    }
    container = {"Image": "forecasting-deepar:1", "ModelDataUrl": "s3://models/executions/t/model/model.tar.gz"}
    created = stack.sagemaker.create_model_package(
        ModelPackageGroupName="group",
        InferenceSpecification={"Containers": [container], "SupportedContentTypes": ["a"], "SupportedResponseMIMETypes": ["a"]},
        ModelApprovalStatus=approval,
        CustomerMetadataProperties=properties,
    )
    return str(created["ModelPackageArn"])


@pytest.fixture(autouse=True)
def deployed(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both pipelines with this stack's tags, the registry with an approved model, and the maintenance table."""
    client = stack.sagemaker
    create_table(stack.dynamodb.meta.client, replace(ENDPOINT_MAINTENANCE, name="endpoints"))
    for name in (stack.outputs.pipeline_name, stack.outputs.forecast_pipeline_name):
        token = name.ljust(32, "t")
        client.create_pipeline(
            PipelineName=name, ClientRequestToken=token, RoleArn=ROLE, PipelineDefinition=definition(), Tags=TAGS
        )
    stack.s3.create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": stack.outputs.region})
    stack.s3.put_object(Bucket="models", Key="executions/t/evaluation/template.json", Body=TEMPLATE)
    client.create_model_package_group(ModelPackageGroupName="group")
    monkeypatch.setattr(cli_endpoints.Stack, "load", lambda path=None: stack)
    monkeypatch.setattr(endpoint_cleanup, "stack", lambda: stack)


@pytest.fixture
def package(stack: Stack) -> str:
    return register(stack)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["endpoint", *arguments])


def refuse(stack: Stack, monkeypatch: pytest.MonkeyPatch, operation: str, code: str = "ResourceLimitExceeded") -> None:
    def refused(**_: object) -> None:
        raise ClientError({"Error": {"Code": code, "Message": "no instance is left"}}, operation)

    monkeypatch.setattr(stack.sagemaker, operation, refused)


def existing(stack: Stack) -> list[str]:
    client = stack.sagemaker
    return [
        *(entry["EndpointName"] for entry in client.list_endpoints()["Endpoints"]),
        *(entry["EndpointConfigName"] for entry in client.list_endpoint_configs()["EndpointConfigs"]),
        *(entry["ModelName"] for entry in client.list_models()["Models"]),
    ]


def rows(stack: Stack) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = stack.dynamodb.Table("endpoints").scan()["Items"]
    return found


def test_model_configuration_and_endpoint_are_like_the_stacks_others(stack: Stack, package: str) -> None:
    made = endpoints.create(stack, package, "2h", "ml.c5.large")
    assert re.fullmatch(r"pipe-ep-v1-[0-9a-f]{6}", made.name)
    client = stack.sagemaker
    model = client.describe_model(ModelName=made.name)
    assert (model["ExecutionRoleArn"], model["VpcConfig"]) == (ROLE, NETWORK)
    assert model["PrimaryContainer"] == {"ModelPackageName": package}
    configuration = client.describe_endpoint_config(EndpointConfigName=made.name)
    (variant,) = configuration["ProductionVariants"]
    assert (variant["ModelName"], variant["InstanceType"], variant["InitialInstanceCount"]) == (made.name, "ml.c5.large", 1)
    assert "KmsKeyId" not in configuration
    endpoint = client.describe_endpoint(EndpointName=made.name)
    for arn in (model["ModelArn"], configuration["EndpointConfigArn"], endpoint["EndpointArn"]):
        assert client.list_tags(ResourceArn=arn)["Tags"] == TAGS


def test_with_a_key_the_instances_volumes_are_encrypted_with_it(stack: Stack, package: str) -> None:
    key = "arn:aws:kms:eu-central-1:123456789012:key/k"
    stack.sagemaker.update_pipeline(PipelineName="pipe-forecast", PipelineDefinition=definition(key))
    made = endpoints.create(stack, package, "2h")
    assert stack.sagemaker.describe_endpoint_config(EndpointConfigName=made.name)["KmsKeyId"] == key
    with pytest.raises(ProblemsError, match="a key of its own; allowed: an instance type without local storage"):
        endpoints.create(stack, package, "2h", "ml.m5d.large")


def test_the_row_is_there_before_anything_costs_money(stack: Stack, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, Any]] = []

    def interrupted(**_: object) -> None:
        seen.extend(rows(stack))
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(stack.sagemaker, "create_endpoint", interrupted)
        endpoints.create(stack, package, "15m")
    (row,) = seen
    assert (row["EndpointStatus"], row["ModelPackageArn"], row["TemplateId"]) == ("InService", package, "daily")
    after = datetime.fromisoformat(row["DeleteAfter"]) - datetime.now(UTC)
    assert timedelta(minutes=5) < after <= timedelta(minutes=15)
    assert existing(stack) == [row["EndpointName"]] * 2
    stack.dynamodb.Table("endpoints").put_item(Item={**row, "DeleteAfter": "2020-01-01T00:00:00Z"})
    assert endpoint_cleanup.handle() == {"deleted": [row["EndpointName"]]}
    assert existing(stack) == []


@pytest.mark.parametrize("operation", ["create_model", "create_endpoint_config", "create_endpoint"])
def test_what_sagemaker_refuses_leaves_nothing_behind(
    stack: Stack, package: str, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    refuse(stack, monkeypatch, operation)
    done = run("up", package, "--for", "2h")
    assert (done.exit_code, existing(stack)) == (1, [])
    assert "refused with ResourceLimitExceeded: no instance is left" in done.output
    (row,) = rows(stack)
    assert (row["EndpointStatus"], row["Problem"]) == ("Deleted", "ResourceLimitExceeded: no instance is left")


def test_if_undoing_fails_too_the_row_stays_for_the_clean_up(
    stack: Stack, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        refuse(stack, patched, "create_endpoint")
        refuse(stack, patched, "delete_model", "ThrottlingException")
        with pytest.raises(ClientError, match="no instance is left"):
            endpoints.create(stack, package, "2h")
    (row,) = rows(stack)
    assert row["EndpointStatus"] == "InService"
    assert run("down", row["EndpointName"]).exit_code == 0
    assert existing(stack) == []


@pytest.mark.parametrize("operation", ["delete_endpoint", "delete_model"])
def test_an_endpoint_that_may_exist_is_named_with_the_time_of_its_deletion(
    stack: Stack, package: str, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    create = stack.sagemaker.create_endpoint

    def created_before(**request: Any) -> None:
        """The answer to the first request was lost, and botocore has sent it again."""
        create(**request)
        raise ClientError({"Error": {"Code": "ValidationException", "Message": "already existing"}}, "CreateEndpoint")

    with monkeypatch.context() as patched:
        patched.setattr(stack.sagemaker, "create_endpoint", created_before)
        refuse(stack, patched, operation, "ValidationException")
        done = run("up", package, "--for", "2h")
    (row,) = rows(stack)
    assert (done.exit_code, row["EndpointStatus"]) == (1, "InService")
    assert "AWS: 1 problem\n  - CreateEndpoint was refused with ValidationException" in done.stderr
    may_exist = f"endpoint {row['EndpointName']} may exist: `runs endpoint list` shows it, and the clean-up deletes it"
    assert f"{may_exist} within an hour of {row['DeleteAfter']}" in done.stderr


@pytest.mark.parametrize(
    "error",
    [
        ReadTimeoutError(endpoint_url="https://sagemaker"),
        ClientError({"Error": {"Code": "InternalFailure", "Message": "try again"}}, "CreateEndpoint"),
    ],
)
def test_without_a_definite_answer_the_row_stays_for_the_clean_up(
    stack: Stack, package: str, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def lost(**_: object) -> None:
        raise error

    monkeypatch.setattr(stack.sagemaker, "create_endpoint", lost)
    done = run("up", package, "--for", "2h")
    (row,) = rows(stack)
    assert (done.exit_code, existing(stack), row["EndpointStatus"]) == (1, [], "InService")
    assert f"endpoint {row['EndpointName']} may exist" in done.stderr


@pytest.mark.parametrize("life", ["14m", "8d", "169h", "2", "h", "-2h", "2 h", "2H", "1h30m", "٢h", "9999999d", ""])
def test_a_time_that_is_not_allowed_is_one_message(stack: Stack, package: str, life: str) -> None:
    done = run("up", package, f"--for={life}")
    assert (done.exit_code, rows(stack), existing(stack)) == (1, [], [])
    assert "allowed: from 15m to 7d, such as 30m, 2h or 1d" in done.output


@pytest.mark.parametrize(("life", "minutes"), [("15m", 15), ("30m", 30), ("2h", 120), ("1d", 1440), ("168h", 10080)])
def test_a_time_is_read_in_each_unit(life: str, minutes: int) -> None:
    assert endpoints.read_life(life) == timedelta(minutes=minutes)


def test_all_problems_are_reported_before_anything_is_written(stack: Stack) -> None:
    waiting = register(stack, "PendingManualApproval")
    with pytest.raises(ProblemsError) as caught:
        endpoints.create(stack, waiting, "1s", "m5.large")
    assert [problem.where for problem in caught.value.problems] == ["model package", "--instance-type", "--for"]
    assert f"`runs models approve {waiting}` gives it" in str(caught.value)
    assert (rows(stack), existing(stack)) == ([], [])


def test_a_model_package_that_is_none_of_ours_is_refused(stack: Stack) -> None:
    done = run("up", "arn:aws:sagemaker:eu-central-1:123456789012:model-package/other/1", "--for", "2h")
    assert (done.exit_code, rows(stack)) == (1, [])
    assert "not found; see `runs models list TEMPLATE`" in done.output


def test_down_deletes_all_three_and_a_second_time_is_a_success(stack: Stack, package: str) -> None:
    name = endpoints.create(stack, package, "2h").name
    assert run("down", name).output == f"deleted {name}\n"
    assert existing(stack) == []
    assert run("down", name).output == f"was deleted before: {name}\n"
    assert EndpointRows(stack).get(name) is not None


def test_down_of_an_endpoint_that_somebody_deleted_is_a_success(stack: Stack, package: str) -> None:
    name = endpoints.create(stack, package, "2h").name
    stack.sagemaker.delete_endpoint(EndpointName=name)
    assert run("down", name).output == f"deleted {name}\n"
    assert existing(stack) == []


@pytest.mark.parametrize(("status", "doing"), [("Creating", "created"), ("Updating", "updated")])
def test_down_of_an_endpoint_that_is_not_ready_says_when_to_try_again(
    stack: Stack, package: str, monkeypatch: pytest.MonkeyPatch, status: str, doing: str
) -> None:
    made = endpoints.create(stack, package, "2h")
    described = stack.sagemaker.describe_endpoint(EndpointName=made.name)
    with monkeypatch.context() as patched:
        patched.setattr(stack.sagemaker, "describe_endpoint", lambda **_: described | {"EndpointStatus": status})
        refuse(stack, patched, "delete_endpoint", "ValidationException")
        done = run("down", made.name)
    again = f"try again in a few minutes, or the clean-up deletes it after {made.delete_after}"
    expected = f"endpoint: 1 problem\n  - {made.name} is '{status}'; it is still being {doing}; {again}\n"
    assert (done.exit_code, done.stderr) == (1, expected)
    assert run("down", made.name).output == f"deleted {made.name}\n"


def test_another_refusal_of_down_is_shown_as_it_is(stack: Stack, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name = endpoints.create(stack, package, "2h").name
    refuse(stack, monkeypatch, "delete_endpoint", "AccessDeniedException")
    assert "delete_endpoint was refused with AccessDeniedException" in run("down", name).stderr


def test_down_leaves_what_is_unknown_or_another_stacks(stack: Stack, package: str) -> None:
    assert "not found; see `runs endpoint list`" in run("down", "other").output
    name = endpoints.create(stack, package, "2h").name
    arn = stack.sagemaker.describe_endpoint(EndpointName=name)["EndpointArn"]
    stack.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "stack", "Value": "prod"}])
    done = run("down", name)
    assert (done.exit_code, existing(stack)) == (1, [name] * 3)
    assert "its tags are those of another stack" in done.output


def test_the_list_shows_what_sagemaker_says_and_when_each_is_deleted(stack: Stack, package: str) -> None:
    made = [endpoints.create(stack, package, life).name for life in ("2d", "1h")]
    gone = endpoints.create(stack, package, "3d").name
    stack.sagemaker.delete_endpoint(EndpointName=gone)
    endpoints.delete(stack, endpoints.create(stack, package, "1h").name)
    found = list(endpoints.endpoints(stack))
    assert [(one.name, one.status) for one in found] == [(made[1], "InService"), (made[0], "InService"), (gone, "not found")]
    listed = run("list", "daily").output
    assert all(name in listed for name in [*made, gone])
    assert made[0] not in run("list", "hourly").output


def test_waiting_ends_when_it_is_in_service(stack: Stack, package: str) -> None:
    assert run("up", package, "--for", "2h", "--wait").output.splitlines()[-1] == "status   InService"


@pytest.mark.parametrize(("status", "reason"), [("Failed", "the container did not answer /ping"), ("Creating", "")])
def test_waiting_ends_with_the_reason_if_it_fails_or_takes_too_long(
    stack: Stack, package: str, monkeypatch: pytest.MonkeyPatch, status: str, reason: str
) -> None:
    described = {"EndpointStatus": status} | ({"FailureReason": reason} if reason else {})
    monkeypatch.setattr(stack.sagemaker, "describe_endpoint", lambda **_: described)
    done = run("up", package, "--for", "2h", "--wait")
    (row,) = rows(stack)
    assert done.exit_code == 1
    assert (reason or "not in service after 30 minutes") in done.output
    assert f"delete it with `runs endpoint down {row['EndpointName']}`" in done.output
