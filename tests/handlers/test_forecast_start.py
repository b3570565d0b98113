"""The handler of the forecast schedule: the newest approved model forecasts once per slot."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from contracts.problems import ProblemsError
from contracts.snapshot import from_attribute
from contracts.tables import ExecutionAttribute
from handlers import forecast_start, scheduled_start
from runs.stack import Stack
from runs.store import ExecutionStore
from tests.fake_sagemaker import FakeSageMaker
from tests.runs.registry import PACKAGE, ready_to_forecast

SLOT = {"templateId": "daily", "scheduledTime": "2026-03-01T02:00:00Z"}
ID = "daily-20260301-020000-fs"


@pytest.fixture(autouse=True)
def deployed(stack: Stack, sagemaker: FakeSageMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    ready_to_forecast(stack, sagemaker)
    for module in (forecast_start, scheduled_start):
        monkeypatch.setattr(module, "stack", lambda: stack)


def register_newer(stack: Stack, sagemaker: FakeSageMaker) -> None:
    older = sagemaker.packages[PACKAGE]
    newer = f"{PACKAGE.rpartition('/')[0]}/2"
    created = older["CreationTime"] + timedelta(days=1)
    added = {newer: {**older, "ModelPackageArn": newer, "CreationTime": created}}
    sagemaker.packages = added | sagemaker.packages


def reject(stack: Stack, sagemaker: FakeSageMaker) -> None:
    sagemaker.packages[PACKAGE]["ModelApprovalStatus"] = "Rejected"


def delete_prices(stack: Stack, sagemaker: FakeSageMaker) -> None:
    stack.s3.delete_object(Bucket="assets", Key="assets/AAPL.csv")


CHANGES: dict[str, Callable[[Stack, FakeSageMaker], None]] = {
    "newer model": register_newer,
    "model is rejected": reject,
    "price file is missing": delete_prices,
}


def test_a_slot_forecasts_all_steps_with_the_newest_approved_model(
    stack: Stack, store: ExecutionStore, sagemaker: FakeSageMaker
) -> None:
    register_newer(stack, sagemaker)
    assert forecast_start.handle(SLOT)["executionId"] == ID
    item = store.get(ID)
    assert item is not None
    assert (item[ExecutionAttribute.KIND], item[ExecutionAttribute.ORIGIN]) == ("forecast", "schedule")
    snapshot = from_attribute(item[ExecutionAttribute.SNAPSHOT])
    assert snapshot["Model"]["PackageArn"].endswith("/2")
    assert snapshot["Horizon"] == 10


@pytest.mark.parametrize("change", CHANGES)
def test_a_slot_that_fires_again_after_a_change_is_answered_with_its_execution(
    stack: Stack, sagemaker: FakeSageMaker, change: str
) -> None:
    first = forecast_start.handle(SLOT)
    CHANGES[change](stack, sagemaker)
    assert forecast_start.handle(SLOT) == first
    assert sagemaker.starts == 1


@pytest.mark.parametrize("change", CHANGES)
def test_a_slot_that_never_started_is_started_from_its_own_snapshot(
    stack: Stack, store: ExecutionStore, sagemaker: FakeSageMaker, change: str
) -> None:
    sagemaker.refusals = ["ResourceLimitExceeded"] * 100
    with pytest.raises(ProblemsError, match="ResourceLimitExceeded"):
        forecast_start.handle(SLOT)
    sagemaker.refusals = []
    before = store.get(ID)
    CHANGES[change](stack, sagemaker)
    answer = forecast_start.handle(SLOT)
    item = store.get(ID)
    assert item is not None
    assert before is not None
    assert (item["Snapshot"], item["PipelineExecutionArn"]) == (before["Snapshot"], answer["pipelineExecutionArn"])
    assert sagemaker.starts == 1


def test_without_an_approved_model_the_message_says_how_to_get_one(
    stack: Stack, store: ExecutionStore, sagemaker: FakeSageMaker
) -> None:
    reject(stack, sagemaker)
    with pytest.raises(ProblemsError, match=f"it has no approved model; approve one: `runs models approve {PACKAGE}`"):
        forecast_start.handle(SLOT)
    sagemaker.packages = {}
    with pytest.raises(ProblemsError, match="it has no approved model; train one: `runs start`"):
        forecast_start.handle(SLOT)
    assert (store.all(), sagemaker.starts) == ([], 0)


def test_a_training_and_a_forecast_of_one_moment_are_two_executions(stack: Stack, store: ExecutionStore) -> None:
    template = {"Id": "daily", "Template": "{}", "Parameters": {}, "BaseAssets": ["AAPL"]}
    stack.dynamodb.Table(stack.outputs.template_table).put_item(Item=template)
    stack.sagemaker.definition["Steps"].append({**stack.sagemaker.definition["Steps"][0], "Name": "FeatureEngineering"})
    started = [module.handle(SLOT)["executionId"] for module in (scheduled_start, forecast_start)]
    assert started == ["daily-20260301-020000-s", ID]
    assert {item[ExecutionAttribute.KIND] for item in store.all()} == {"training", "forecast"}
