"""The functions as Lambda calls them: environment in, DynamoDB and SageMaker behind."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import ClientError

from components.handlers import HANDLERS
from contracts.environment import handler_variable
from contracts.problems import ProblemsError
from contracts.tables import ExecutionAttribute
from handlers import environment, execution_events, forecast_start, reconcile, scheduled_start
from runs.stack import Stack
from runs.store import ExecutionStore
from tests.conftest import OUTPUTS, REGION
from tests.fake_sagemaker import FakeSageMaker
from tests.handlers.test_events import event

ROOT = Path(__file__).parents[2]
OUTPUTS_READ = {handler.module: handler.outputs for handler in HANDLERS}


@pytest.fixture(autouse=True)
def deployed(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for module in (execution_events, forecast_start, reconcile, scheduled_start):
        monkeypatch.setattr(module, "stack", lambda: stack)
    yield


def test_an_event_is_stored_in_the_item(store: ExecutionStore, sagemaker: FakeSageMaker) -> None:
    received = event("step_status_change")
    arn = received["detail"]["pipelineExecutionArn"]
    sagemaker.add(arn, [{"Name": "ExecutionId", "Value": "e1"}])
    answers = [execution_events.handle(received) for _ in range(2)]
    assert answers == [{"result": "recorded", "executionId": "e1"}] * 2
    item = store.get("e1")
    assert item is not None
    assert item[ExecutionAttribute.STEPS]["Training"]["FailureReason"] == "ClientError: no capacity"
    assert len(store.changes("e1")) == 1


def test_a_foreign_event_is_ignored_and_logged(store: ExecutionStore, caplog: pytest.LogCaptureFixture) -> None:
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


@pytest.fixture
def daily(stack: Stack) -> None:
    put_daily(stack, "{}")


def put_daily(stack: Stack, template: str, assets: tuple[str, ...] = ()) -> None:
    item = {"Id": "daily", "Template": template, "Parameters": {}, "BaseAssets": list(assets)}
    stack.dynamodb.Table(stack.outputs.template_table).put_item(Item=item)


SLOT = {"templateId": "daily", "scheduledTime": "2026-03-01T02:00:00Z"}


@pytest.mark.usefixtures("daily")
def test_a_schedule_that_fires_twice_starts_once(sagemaker: FakeSageMaker, caplog: pytest.LogCaptureFixture) -> None:
    first, second = scheduled_start.handle(SLOT), scheduled_start.handle(SLOT)
    assert first == second
    lines = [record.getMessage() for record in caplog.records if record.name == "handlers.slots"]
    name = f"execution {first['executionId']} of template daily"
    assert lines == [f"{name}: started", f"{name}: already exists"]
    assert (first["executionId"], sagemaker.starts) == ("daily-20260301-020000-s", 1)


@pytest.mark.usefixtures("daily")
@pytest.mark.parametrize("time", ["2026-03-01T02:00:00Z", "2026-03-01T03:00:00+01:00", "1772330400", 1772330400, 1772330400000])
def test_every_form_of_a_time_is_the_same_slot(sagemaker: FakeSageMaker, time: object) -> None:
    answers = [scheduled_start.handle(SLOT | {"scheduledTime": moment}) for moment in (SLOT["scheduledTime"], time)]
    assert answers[0] == answers[1]
    assert sagemaker.starts == 1


def delete_daily(stack: Stack) -> None:
    stack.dynamodb.Table(stack.outputs.template_table).delete_item(Key={"Id": "daily"})


def change_image(sagemaker: FakeSageMaker) -> None:
    sagemaker.definition["Steps"][0]["Arguments"]["AppSpecification"]["ImageUri"] = "other"


CHANGES: dict[str, Callable[[Stack, FakeSageMaker], object]] = {
    "template": lambda stack, sagemaker: put_daily(stack, '{"seed": 2}'),
    "template is gone": lambda stack, sagemaker: delete_daily(stack),
    "price file is missing": lambda stack, sagemaker: put_daily(stack, "{}", ("GONE",)),
    "image": lambda stack, sagemaker: change_image(sagemaker),
}


@pytest.mark.usefixtures("daily")
@pytest.mark.parametrize("change", CHANGES)
def test_a_slot_that_fires_again_after_a_change_is_answered_with_its_execution(
    stack: Stack, sagemaker: FakeSageMaker, change: str
) -> None:
    first = scheduled_start.handle(SLOT)
    CHANGES[change](stack, sagemaker)
    assert scheduled_start.handle(SLOT) == first
    assert sagemaker.starts == 1


@pytest.mark.usefixtures("daily")
@pytest.mark.parametrize("change", CHANGES)
def test_a_slot_that_never_started_is_started_from_its_own_snapshot(
    stack: Stack, store: ExecutionStore, sagemaker: FakeSageMaker, change: str
) -> None:
    sagemaker.refusals = ["ResourceLimitExceeded"] * 100
    with pytest.raises(ProblemsError, match="ResourceLimitExceeded"):
        scheduled_start.handle(SLOT)
    sagemaker.refusals = []
    before = store.get("daily-20260301-020000-s")
    CHANGES[change](stack, sagemaker)
    answer = scheduled_start.handle(SLOT)
    item = store.get(answer["executionId"])
    assert item is not None
    assert before is not None
    assert (item["Snapshot"], item["PipelineExecutionArn"]) == (before["Snapshot"], answer["pipelineExecutionArn"])
    assert sagemaker.starts == 1


@pytest.mark.parametrize(
    ("call", "fields"),
    [
        ({}, ["templateId", "scheduledTime"]),
        ({"templateId": "daily", "scheduledTime": "soon"}, ["scheduledTime"]),
        ({"templateId": "-", "scheduledTime": "2026-03-01T02:00:00Z"}, ["templateId"]),
        ({"templateId": None, "scheduledTime": 0}, ["templateId", "scheduledTime"]),
    ],
)
@pytest.mark.parametrize("handler", [scheduled_start, forecast_start])
def test_a_schedule_with_a_bad_input_is_refused_with_every_bad_field(
    handler: ModuleType, call: dict[str, Any], fields: list[str]
) -> None:
    with pytest.raises(ProblemsError) as caught:
        handler.handle(call)
    assert [problem.where for problem in caught.value.problems] == fields


def test_a_function_reads_its_stack_from_its_environment() -> None:
    names = OUTPUTS_READ["execution_events"]
    variables = {handler_variable(name): getattr(OUTPUTS, name) for name in names} | {"AWS_REGION": REGION}
    read = environment.outputs_from(variables)
    assert all(getattr(read, name) == getattr(OUTPUTS, name) for name in (*names, "region"))
    with pytest.raises(ProblemsError, match="AWS_REGION"):
        environment.outputs_from({})


def test_handlers_read_no_other_export_than_their_environment_holds() -> None:
    """What a handler's own module and the shared modules read of ``outputs`` must be among what the component passes."""
    starts = ("begin", "forecasting", "models", "frozen_assets", "ranges", "pipeline_start")
    modules = ("observe", "conclude", "reconcile", *starts, "drift", "drift_check", "drift_episodes")
    shared = set().union(*(_outputs_read(f"runs/{module}.py") for module in modules))
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
