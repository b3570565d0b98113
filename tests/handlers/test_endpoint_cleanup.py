"""Only endpoints of this stack with a valid time in the past are deleted, and none keeps the others from being deleted."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from contracts.tables import ENDPOINT_MAINTENANCE
from handlers import endpoint_cleanup
from handlers.endpoint_cleanup import CleanupError
from runs.stack import Stack
from tests.tables import create_table

CASES = Path(__file__).parent / "cases"
PAST = "2020-01-01T00:00:00.000+00:00"
FUTURE = "2999-01-01T00:00:00.000+00:00"
TAGS = [{"Key": "project", "Value": "model-training"}, {"Key": "stack", "Value": "local"}]
FOREIGN = [{"Key": "project", "Value": "model-training"}, {"Key": "stack", "Value": "prod"}]


@pytest.fixture(autouse=True)
def deployed(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint_cleanup, "stack", lambda: stack)
    create_table(stack.dynamodb.meta.client, replace(ENDPOINT_MAINTENANCE, name="endpoints"))
    client, role = stack.sagemaker, "arn:aws:iam::123456789012:role/r"
    for name in (stack.outputs.pipeline_name, stack.outputs.forecast_pipeline_name):
        client.create_pipeline(
            PipelineName=name,
            ClientRequestToken=name.ljust(32, "t"),
            RoleArn=role,
            PipelineDefinition="{}",
            Tags=[*TAGS, {"Key": "a", "Value": "b"}],
        )
    client.create_model(ModelName="m", ExecutionRoleArn=role, PrimaryContainer={"Image": "i"})
    variant = {"VariantName": "v", "ModelName": "m", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    client.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])


def add(stack: Stack, name: str, delete_after: str, status: str = "InService", tags: Any = TAGS) -> None:
    put_row(stack, {"EndpointName": name, "EndpointStatus": status, "DeleteAfter": delete_after})
    stack.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName="c", Tags=tags)


def put_row(stack: Stack, row: dict[str, str]) -> None:
    stack.dynamodb.Table("endpoints").put_item(Item=row)


def row(stack: Stack, name: str) -> dict[str, Any]:
    found: dict[str, Any] = stack.dynamodb.Table("endpoints").get_item(Key={"EndpointName": name})["Item"]
    return found


def existing(stack: Stack) -> set[str]:
    return {entry["EndpointName"] for entry in stack.sagemaker.list_endpoints()["Endpoints"]}


def test_only_endpoints_whose_time_is_over_are_deleted(stack: Stack) -> None:
    add(stack, "old", PAST)
    add(stack, "new", FUTURE)
    add(stack, "gone", PAST, status="Deleted")
    assert endpoint_cleanup.handle() == {"deleted": ["old"]}
    assert existing(stack) == {"new", "gone"}
    assert row(stack, "old")["EndpointStatus"] == "Deleted"
    assert endpoint_cleanup.handle() == {"deleted": []}


CASE_ROWS = json.loads((CASES / "endpoint-rows.json").read_text())


@pytest.mark.parametrize("case", CASE_ROWS, ids=lambda case: f"{case['EndpointName']} {case['DeleteAfter']}")
def test_a_bad_time_or_a_foreign_endpoint_is_skipped_with_a_warning(
    stack: Stack, caplog: pytest.LogCaptureFixture, case: dict[str, str]
) -> None:
    put_row(stack, case)
    stack.sagemaker.create_endpoint(
        EndpointName=case["EndpointName"],
        EndpointConfigName="c",
        Tags=FOREIGN if "other-team" in case["EndpointName"] else TAGS,
    )
    add(stack, "due", PAST)
    assert endpoint_cleanup.handle() == {"deleted": ["due"]}
    assert existing(stack) == {case["EndpointName"]}
    assert f"skipped endpoint {case['EndpointName']}" in caplog.text


@pytest.mark.parametrize("tags", [[], FOREIGN, TAGS[:1], [TAGS[0], {"Key": "stack", "Value": ""}]])
def test_an_endpoint_without_this_stacks_tags_is_skipped(stack: Stack, tags: list[dict[str, str]]) -> None:
    add(stack, "model-training-local-x", PAST, tags=tags)
    assert endpoint_cleanup.handle() == {"deleted": []}
    assert existing(stack) == {"model-training-local-x"}


@pytest.mark.parametrize(
    "bad", ["", " ", "soon", "0", "-1", "2020", "20200101", "1999-01-01", "0001-01-01T00:00:00+14:00", "٢٠٢٠-01-01"]
)
def test_a_time_that_cannot_be_read_deletes_nothing(stack: Stack, bad: str) -> None:
    if bad == "":  # an index key is never empty, so DynamoDB refuses the row itself
        with pytest.raises(ClientError):
            add(stack, "x", bad)
        return
    add(stack, "x", bad)
    assert endpoint_cleanup.handle() == {"deleted": []}
    assert existing(stack) == {"x"}


@pytest.mark.parametrize(
    "time", ["1577836800", "1577836800000", "2020-01-01", "2020-01-01T02:00:00+02:00", "2020-01-01T00:00:00Z"]
)
def test_every_documented_form_of_a_past_time_counts(stack: Stack, time: str) -> None:
    add(stack, "x", time)
    assert endpoint_cleanup.handle() == {"deleted": ["x"]}


@pytest.mark.parametrize("time", ["4102444800", "4102444800000", "2100-01-01T00:00:00Z"])
def test_a_future_time_counts_in_every_form(stack: Stack, time: str) -> None:
    add(stack, "x", time)
    assert endpoint_cleanup.handle() == {"deleted": []}


def test_an_endpoint_that_no_longer_exists_is_a_success(stack: Stack) -> None:
    put_row(stack, {"EndpointName": "gone", "EndpointStatus": "InService", "DeleteAfter": PAST})
    assert endpoint_cleanup.handle() == {"deleted": ["gone"]}
    assert row(stack, "gone")["EndpointStatus"] == "Deleted"


@pytest.mark.parametrize("code", ["ValidationException", "ThrottlingException", "AccessDeniedException", "InternalFailure"])
def test_an_endpoint_that_cannot_be_deleted_now_does_not_keep_the_others(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    case = json.loads((CASES / "endpoint-first-updating.json").read_text())
    for name, until in case["rows"]:
        add(stack, name, until)
    first, second = (name for name, _ in case["rows"])
    message = case["DeleteEndpoint of a answers"].partition(": ")[2]
    delete = stack.sagemaker.delete_endpoint

    def refuses_the_first(EndpointName: str) -> None:  # noqa: N803
        if EndpointName == first:
            raise ClientError({"Error": {"Code": code, "Message": message}}, "DeleteEndpoint")
        delete(EndpointName=EndpointName)

    with monkeypatch.context() as patched:
        patched.setattr(stack.sagemaker, "delete_endpoint", refuses_the_first)
        with pytest.raises(
            CleanupError, match=f"1 resource could not be deleted: {first}: ClientError: .*in-progress"
        ) as caught:
            endpoint_cleanup.handle()
    assert caught.value.deleted == [second]
    assert existing(stack) == {first}
    assert (row(stack, first)["EndpointStatus"], "in-progress" in row(stack, first)["Problem"]) == ("InService", True)
    assert endpoint_cleanup.handle() == {"deleted": [first]}
    assert row(stack, first)["Problem"] == ""


def test_a_stack_whose_own_tags_cannot_be_read_deletes_nothing(stack: Stack) -> None:
    add(stack, "x", PAST, tags=[])
    stack.sagemaker.delete_tags(ResourceArn=stack.outputs.pipeline_arn, TagKeys=["project", "stack"])
    with pytest.raises(RuntimeError, match="needs the tags project, stack"):
        endpoint_cleanup.handle()
    assert existing(stack) == {"x"}


def add_parts(stack: Stack, name: str, tags: Any = TAGS) -> None:
    """A model and a configuration of the endpoint's name, as `runs endpoint up` creates them."""
    client = stack.sagemaker
    container = {"Image": "i"}
    client.create_model(
        ModelName=name, ExecutionRoleArn="arn:aws:iam::123456789012:role/r", PrimaryContainer=container, Tags=tags
    )
    variant = {"VariantName": "v", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant], Tags=tags)


def parts(stack: Stack) -> tuple[set[str], set[str]]:
    """Names of all configurations and of all models."""
    configurations = {entry["EndpointConfigName"] for entry in stack.sagemaker.list_endpoint_configs()["EndpointConfigs"]}
    return configurations, {entry["ModelName"] for entry in stack.sagemaker.list_models()["Models"]}


def test_configuration_and_model_of_the_endpoints_name_are_deleted_with_it(stack: Stack) -> None:
    add_parts(stack, "old")
    add_parts(stack, "new")
    put_row(stack, {"EndpointName": "old", "EndpointStatus": "InService", "DeleteAfter": PAST})
    stack.sagemaker.create_endpoint(EndpointName="old", EndpointConfigName="old", Tags=TAGS)
    assert endpoint_cleanup.handle() == {"deleted": ["old"]}
    assert parts(stack) == ({"c", "new"}, {"m", "new"})


def test_what_a_broken_off_creation_left_behind_is_deleted(stack: Stack) -> None:
    add_parts(stack, "half")
    put_row(stack, {"EndpointName": "half", "EndpointStatus": "InService", "DeleteAfter": PAST})
    assert endpoint_cleanup.handle() == {"deleted": ["half"]}
    assert parts(stack) == ({"c"}, {"m"})
    assert row(stack, "half")["EndpointStatus"] == "Deleted"


@pytest.mark.parametrize("tags", [[], FOREIGN])
def test_a_configuration_and_a_model_of_somebody_else_stay(stack: Stack, tags: list[dict[str, str]]) -> None:
    add_parts(stack, "old", tags)
    add(stack, "old", PAST)
    assert endpoint_cleanup.handle() == {"deleted": ["old"]}
    assert (existing(stack), parts(stack)) == (set(), ({"c", "old"}, {"m", "old"}))
