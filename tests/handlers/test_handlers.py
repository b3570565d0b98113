"""The functions as Lambda calls them: environment in, DynamoDB and SageMaker behind."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from components.handlers import HANDLERS
from contracts.environment import handler_variable
from contracts.problems import ProblemsError
from contracts.tables import ENDPOINT_MAINTENANCE, ExecutionAttribute
from handlers import endpoint_cleanup, environment, execution_events, reconcile, scheduled_start
from runs.stack import Stack
from runs.store import ExecutionStore
from tests.conftest import OUTPUTS, REGION
from tests.fake_sagemaker import FakeSageMaker
from tests.handlers.test_events import event
from tests.tables import create_table

ROOT = Path(__file__).parents[2]
OUTPUTS_READ = {handler.module: handler.outputs for handler in HANDLERS}


@pytest.fixture(autouse=True)
def deployed(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for module in (endpoint_cleanup, execution_events, reconcile, scheduled_start):
        monkeypatch.setattr(module, "stack", lambda: stack)
    yield


def test_an_event_ends_up_in_the_item(store: ExecutionStore, sagemaker: FakeSageMaker) -> None:
    received = event("step_status_change")
    arn = received["detail"]["pipelineExecutionArn"]
    sagemaker.add(arn, [{"Name": "ExecutionId", "Value": "e1"}])
    answers = [execution_events.handle(received) for _ in range(2)]
    assert answers == [{"result": "recorded", "executionId": "e1"}] * 2
    item = store.get("e1")
    assert item is not None
    assert item[ExecutionAttribute.STEPS]["Training"]["FailureReason"] == "ClientError: no capacity"
    assert len(store.changes("e1")) == 1


def test_a_foreign_event_is_ignored_and_said(store: ExecutionStore, caplog: pytest.LogCaptureFixture) -> None:
    assert execution_events.handle(event("step_status_change") | {"source": "aws.ec2"}) == {"result": "ignored"}
    assert "aws.ec2" in caplog.text
    assert store.all() == []


def test_a_transient_error_is_raised_so_that_the_event_comes_again(
    store: ExecutionStore, sagemaker: FakeSageMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def throttled(**_: object) -> None:
        raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow down"}}, "ListPipelineParameters")

    monkeypatch.setattr(sagemaker, "list_pipeline_parameters_for_execution", throttled)
    with pytest.raises(ClientError):
        execution_events.handle(event("step_status_change"))


def test_a_schedule_that_fires_twice_starts_once(stack: Stack, sagemaker: FakeSageMaker) -> None:
    stack.dynamodb.Table(stack.outputs.template_table).put_item(
        Item={"Id": "daily", "Template": "{}", "Parameters": {}, "BaseAssets": []}
    )
    call = {"templateId": "daily", "scheduledTime": "2026-03-01T02:00:00Z"}
    first, second = scheduled_start.handle(call), scheduled_start.handle(call)
    assert first == second
    assert (first["executionId"], sagemaker.starts) == ("daily-20260301-020000-s", 1)


@pytest.mark.parametrize("call", [{}, {"templateId": "daily", "scheduledTime": "soon"}, {"templateId": "-"}])
def test_a_schedule_with_a_bad_input_is_refused(call: dict[str, str]) -> None:
    with pytest.raises(ProblemsError):
        scheduled_start.handle(call)


def test_only_endpoints_whose_time_is_over_are_deleted(stack: Stack) -> None:
    create_table(stack.dynamodb.meta.client, replace(ENDPOINT_MAINTENANCE, name="endpoints"))
    table = stack.dynamodb.Table("endpoints")
    for name, status, until in (("old", "InService", "2020"), ("new", "InService", "2999"), ("gone", "Deleted", "2020")):
        until = f"{until}-01-01T00:00:00.000+00:00"
        table.put_item(Item={"EndpointName": name, "EndpointStatus": status, "DeleteAfter": until})
    client = boto3.client("sagemaker", region_name=REGION)
    client.create_model(ModelName="m", ExecutionRoleArn="arn:aws:iam::123456789012:role/r", PrimaryContainer={"Image": "i"})
    variant = {"VariantName": "v", "ModelName": "m", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    client.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
    for name in ("old", "new", "gone"):
        client.create_endpoint(EndpointName=name, EndpointConfigName="c")
    assert endpoint_cleanup.handle() == {"deleted": ["old"]}
    left = {entry["EndpointName"] for entry in client.list_endpoints()["Endpoints"]}
    assert left == {"new", "gone"}
    assert endpoint_cleanup.handle() == {"deleted": []}


def test_a_function_reads_its_stack_from_its_environment() -> None:
    names = OUTPUTS_READ["execution_events"]
    variables = {handler_variable(name): getattr(OUTPUTS, name) for name in names} | {"AWS_REGION": REGION}
    read = environment.outputs_from(variables)
    assert all(getattr(read, name) == getattr(OUTPUTS, name) for name in (*names, "region"))
    with pytest.raises(ProblemsError, match="AWS_REGION"):
        environment.outputs_from({})


def test_handlers_read_no_other_export_than_their_environment_holds() -> None:
    """What a handler's own module and the shared modules read of ``outputs`` must be among what the component passes."""
    shared = _outputs_read("runs/observe.py") | _outputs_read("runs/begin.py")
    for name, passed in OUTPUTS_READ.items():
        read = _outputs_read(f"handlers/{name}.py")
        assert read <= set(passed)
    everything = set().union(*OUTPUTS_READ.values()) | {"region"}
    assert shared <= everything


def _outputs_read(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text())
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute) and node.value.attr == "outputs"
    }
