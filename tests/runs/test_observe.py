"""What events lost is repaired, and every execution of our pipeline has exactly one item."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from contracts.manifest import entry, manifest_bytes
from contracts.snapshot import Snapshot
from contracts.status import EXECUTING, FAILED, NOT_REGISTERED, REGISTERED, SUCCEEDED
from contracts.tables import ExecutionAttribute
from runs.history import Change
from runs.observe import record_change
from runs.reconcile import reconcile
from runs.stack import Stack
from runs.store import ExecutionStore
from tests.conftest import PIPELINE_ARN, REGION
from tests.fake_sagemaker import FakeSageMaker

SNAPSHOT: Snapshot = {"Template": {}, "Parameters": {}, "ImageUri": "i", "DefinitionDigest": "d", "Assets": {}}
ARN = f"{PIPELINE_ARN}/execution/abc"
AT = datetime(2026, 1, 1, tzinfo=UTC)
GATE = json.dumps({"skill": 0.125, "requiredSkill": -0.05, "bestBaseline": "drift"}).encode()
JOB = f"arn:aws:sagemaker:{REGION}:123456789012:training-job/job"
MODEL = f"arn:aws:sagemaker:{REGION}:123456789012:model/pipelines-abc-CreateModel-1"
PACKAGE = f"arn:aws:sagemaker:{REGION}:123456789012:model-package/group/1"


def step(name: str, status: str, second: int, **more: object) -> dict[str, object]:
    times = {"StartTime": AT + timedelta(seconds=second), "EndTime": AT + timedelta(seconds=second + 1)}
    return {"StepName": name, "StepStatus": status, **times, **more}


def finished(registered: bool) -> list[dict[str, object]]:
    steps = [
        step("FeatureEngineering", SUCCEEDED, 1),
        step("Training", SUCCEEDED, 3, Metadata={"TrainingJob": {"Arn": JOB}}),
        step("CreateModel", SUCCEEDED, 4, Metadata={"Model": {"Arn": MODEL}}),
        step("Backtest", SUCCEEDED, 5),
        step("Evaluation", SUCCEEDED, 6),
        step("QualityGate", SUCCEEDED, 7),
    ]
    return steps + ([step("RegisterModel", SUCCEEDED, 8, Metadata={"RegisterModel": {"Arn": PACKAGE}})] if registered else [])


@pytest.fixture
def gate(stack: Stack) -> None:
    stack.s3.create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": REGION})
    stack.s3.put_object(Bucket="models", Key="executions/e1/evaluation/gate.json", Body=GATE)
    manifest = manifest_bytes("e1", {"evaluation/gate.json": entry(GATE)})
    for name in ("manifest.json", "evaluation-manifest.json"):
        stack.s3.put_object(Bucket="models", Key=f"executions/e1/{name}", Body=manifest)


def execution(sagemaker: FakeSageMaker, status: str, steps: list[dict[str, object]], name: str = "e1", arn: str = ARN) -> None:
    sagemaker.add(arn, [{"Name": "ExecutionId", "Value": name}] if name else [])
    sagemaker.executions[arn] |= {"PipelineExecutionStatus": status, "steps": steps}


@pytest.mark.parametrize(("registered", "outcome"), [(True, REGISTERED), (False, NOT_REGISTERED)])
@pytest.mark.usefixtures("gate")
def test_an_execution_whose_events_were_all_lost_is_repaired(
    stack: Stack, store: ExecutionStore, sagemaker: FakeSageMaker, registered: bool, outcome: str
) -> None:
    store.create("e1", SNAPSHOT, "t", "runs")
    execution(sagemaker, SUCCEEDED, finished(registered))
    assert reconcile(stack) == ["e1"]
    item = store.get("e1")
    assert item is not None
    assert (item[ExecutionAttribute.STATUS], item[ExecutionAttribute.OUTCOME]) == (SUCCEEDED, outcome)
    figures = (float(item[ExecutionAttribute.GATE_THRESHOLD]), float(item[ExecutionAttribute.GATE_METRIC]))
    assert (*figures, item[ExecutionAttribute.GATE_BASELINE]) == (-0.05, 0.125, "drift")
    assert item[ExecutionAttribute.STEPS]["CreateModel"]["JobArn"] == MODEL
    assert item[ExecutionAttribute.PIPELINE_EXECUTION_ARN] == ARN
    assert reconcile(stack) == []


def test_a_lost_retry_is_noticed(stack: Stack, store: ExecutionStore, sagemaker: FakeSageMaker) -> None:
    store.create("e1", SNAPSHOT, "t", "runs")
    execution(sagemaker, EXECUTING, [])
    record_change(stack, ARN, Change("2026-01-01T00:00:10.000+00:00", FAILED, EXECUTING, reason="no capacity"))
    assert reconcile(stack) == ["e1"]
    item = store.get("e1")
    assert item is not None
    assert (item[ExecutionAttribute.STATUS], item[ExecutionAttribute.ATTEMPT]) == (EXECUTING, 2)


def test_an_execution_started_elsewhere_gets_an_item(stack: Stack, store: ExecutionStore, sagemaker: FakeSageMaker) -> None:
    execution(sagemaker, EXECUTING, [], name="console-1")
    assert record_change(stack, ARN, Change("2026-01-01T00:00:01.000+00:00", EXECUTING)) == "console-1"
    item = store.get("console-1")
    assert item is not None
    assert (item[ExecutionAttribute.ORIGIN], item[ExecutionAttribute.STATUS]) == ("external", EXECUTING)


def test_an_id_used_twice_does_not_touch_the_first_ones_item(
    stack: Stack, store: ExecutionStore, sagemaker: FakeSageMaker
) -> None:
    store.create("e1", SNAPSHOT, "t", "runs")
    store.attach("e1", ARN)
    other = f"{PIPELINE_ARN}/execution/other"
    execution(sagemaker, EXECUTING, [], name="e1", arn=other)
    assert record_change(stack, other, Change("2026-01-01T00:00:01.000+00:00", EXECUTING)) == "external-other"
    item = store.get("e1")
    assert item is not None
    assert item[ExecutionAttribute.PIPELINE_EXECUTION_ARN] == ARN
    assert store.changes("e1") == []


def test_an_event_that_is_faster_than_its_start_finds_the_item(
    stack: Stack, store: ExecutionStore, sagemaker: FakeSageMaker
) -> None:
    store.create("e1", SNAPSHOT, "t", "runs")
    execution(sagemaker, EXECUTING, [])
    assert record_change(stack, ARN, Change("2026-01-01T00:00:01.000+00:00", EXECUTING)) == "e1"
    item = store.get("e1")
    assert item is not None
    assert item[ExecutionAttribute.ORIGIN] == "runs"
