"""The clean-up deletes the model objects that nothing uses any more, and no others."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from contracts.layout import ExecutionLayout
from contracts.manifest import manifest_bytes
from contracts.status import FAILED, NOT_REGISTERED, PUBLISH_STEP, PUBLISHED, REGISTERED, SUCCEEDED
from contracts.tables import ExecutionAttribute
from handlers import endpoint_cleanup
from handlers.endpoint_cleanup import CleanupError
from runs.reconcile import reconcile
from runs.stack import Stack
from runs.store import ExecutionStore
from tests.conftest import PIPELINE_ARN, REGION
from tests.fake_sagemaker import FakeSageMaker
from tests.runs.test_observe import SNAPSHOT, execution, finished, step

OWN = {"project": "model-training", "stack": "local"}
ROLE_MODEL = f"arn:aws:sagemaker:{REGION}:123456789012:model/"


class FakeModels(FakeSageMaker):
    """Models by name, each with its tags; ``refusals_of`` maps a model to the code with which its deletion is refused."""

    def __init__(self, pipeline_arn: str) -> None:
        super().__init__(pipeline_arn)
        self.models: dict[str, dict[str, str]] = {}
        self.refusals_of: dict[str, str] = {}

    def list_tags(self, ResourceArn: str) -> dict[str, Any]:  # noqa: N803
        name = ResourceArn.rpartition("/")[2]
        tags = OWN if ResourceArn == self.pipeline_arn else self.models.get(name, OWN)
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def delete_model(self, ModelName: str) -> None:  # noqa: N803
        if ModelName in self.refusals_of:
            code = self.refusals_of[ModelName]
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "DeleteModel")
        if ModelName not in self.models:
            message = f'Could not find model "{ModelName}".'
            raise ClientError({"Error": {"Code": "ValidationException", "Message": message}}, "DeleteModel")
        del self.models[ModelName]


@pytest.fixture
def sagemaker(stack: Stack) -> FakeModels:
    fake = FakeModels(PIPELINE_ARN)
    stack.__dict__["sagemaker"] = fake
    return fake


@pytest.fixture(autouse=True)
def deployed(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint_cleanup, "stack", lambda: stack)
    monkeypatch.setattr(endpoint_cleanup, "_due", lambda *_: [])


def ended(
    stack: Stack, store: ExecutionStore, sagemaker: FakeModels, name: str, status: str = SUCCEEDED, *, registered: bool = False
) -> str:
    """A training that has ended and created a model; returns the model's name."""
    # Without the steps that write files, there are no figures to be read.
    steps = [step for step in finished(registered) if step["StepName"] not in ("FeatureEngineering", "Evaluation")]
    return ended_with(stack, store, sagemaker, name, status, steps)


def ended_with(
    stack: Stack,
    store: ExecutionStore,
    sagemaker: FakeModels,
    name: str,
    status: str,
    steps: list[dict[str, object]],
    pipeline: str = PIPELINE_ARN,
) -> str:
    """An execution of these steps, of which CreateModel creates a model; returns the model's name."""
    model = f"pipelines-{name}-CreateModel-1"
    store.create(name, SNAPSHOT, "t", "runs")
    for one in steps:
        if one["StepName"] == "CreateModel":
            one["Metadata"] = {"Model": {"Arn": f"{ROLE_MODEL}{model}"}}
    execution(sagemaker, status, steps, name=name, arn=f"{pipeline}/execution/{name}")
    reconcile(stack)
    sagemaker.models[model] = OWN
    return model


def item(store: ExecutionStore, name: str) -> dict[str, Any]:
    found = store.get(name)
    assert found is not None
    return found


def test_models_of_rejected_executions_and_forecasts_are_deleted_and_no_others(
    stack: Stack, store: ExecutionStore, sagemaker: FakeModels
) -> None:
    rejected = ended(stack, store, sagemaker, "rejected")
    stack.s3.create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": REGION})
    stack.s3.put_object(Bucket="models", Key=ExecutionLayout("forecast").publish_manifest, Body=manifest_bytes("forecast", {}))
    steps = [step("CreateModel", SUCCEEDED, 1), step(PUBLISH_STEP, SUCCEEDED, 2)]
    forecast = ended_with(stack, store, sagemaker, "forecast", SUCCEEDED, steps, f"{PIPELINE_ARN}-forecast")
    kept = {ended(stack, store, sagemaker, "good", registered=True), ended(stack, store, sagemaker, "failed", FAILED)}
    assert item(store, "rejected")[ExecutionAttribute.OUTCOME] == NOT_REGISTERED
    assert item(store, "forecast")[ExecutionAttribute.OUTCOME] == PUBLISHED
    assert item(store, "good")[ExecutionAttribute.OUTCOME] == REGISTERED
    assert endpoint_cleanup.handle() == {"deleted": [rejected, forecast]}
    assert sagemaker.models.keys() == kept
    assert item(store, "rejected")[ExecutionAttribute.MODEL_DELETED_AT]
    assert item(store, "forecast")[ExecutionAttribute.MODEL_DELETED_AT]
    assert endpoint_cleanup.handle() == {"deleted": []}


def test_a_model_that_no_longer_exists_is_noted_as_deleted(stack: Stack, store: ExecutionStore, sagemaker: FakeModels) -> None:
    model = ended(stack, store, sagemaker, "e1")
    sagemaker.models.clear()
    assert endpoint_cleanup.handle() == {"deleted": [model]}
    assert item(store, "e1")[ExecutionAttribute.MODEL_DELETED_AT]


@pytest.mark.parametrize("tags", [{}, {"project": "model-training", "stack": "prod"}])
def test_a_model_without_this_stacks_tags_is_skipped(
    stack: Stack, store: ExecutionStore, sagemaker: FakeModels, caplog: pytest.LogCaptureFixture, tags: dict[str, str]
) -> None:
    model = ended(stack, store, sagemaker, "e1")
    sagemaker.models[model] = tags
    assert endpoint_cleanup.handle() == {"deleted": []}
    assert model in sagemaker.models
    assert "skipped model" in caplog.text


def test_a_model_that_cannot_be_deleted_keeps_no_other_and_is_tried_again(
    stack: Stack, store: ExecutionStore, sagemaker: FakeModels
) -> None:
    first, second = ended(stack, store, sagemaker, "e1"), ended(stack, store, sagemaker, "e2")
    sagemaker.refusals_of[first] = "ThrottlingException"
    with pytest.raises(CleanupError, match="1 resource could not be deleted: model of execution e1") as caught:
        endpoint_cleanup.handle()
    assert caught.value.deleted == [second]
    assert "ThrottlingException" in item(store, "e1")[ExecutionAttribute.MODEL_PROBLEM]
    sagemaker.refusals_of.clear()
    assert endpoint_cleanup.handle() == {"deleted": [first]}
    assert item(store, "e1")[ExecutionAttribute.MODEL_PROBLEM] == ""


@pytest.mark.parametrize("steps", [7, {}, {"CreateModel": 7}, {"CreateModel": {}}])
def test_an_item_without_a_model_is_left_alone(
    stack: Stack, store: ExecutionStore, sagemaker: FakeModels, steps: object
) -> None:
    ended(stack, store, sagemaker, "e1")
    stack.dynamodb.Table(stack.outputs.execution_table).update_item(
        Key={"Id": "e1"},
        UpdateExpression="SET #steps = :steps",
        ExpressionAttributeNames={"#steps": ExecutionAttribute.STEPS},
        ExpressionAttributeValues={":steps": steps},
    )
    assert endpoint_cleanup.handle() == {"deleted": []}
