"""One execution that cannot be read does not keep the others from being repaired, nor its own outcome from being stored."""

from __future__ import annotations

import hashlib
import io
import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from contracts.layout import ExecutionLayout
from contracts.manifest import entry, manifest_bytes
from contracts.status import EXECUTING, FAILED, NOT_REGISTERED, REGISTERED, STOPPED, SUCCEEDED
from contracts.tables import ExecutionAttribute
from runs.history import Change
from runs.observe import record_change
from runs.reconcile import ReconcileError, reconcile
from runs.stack import Stack
from runs.store import ExecutionStore
from runs.views import summary_lines
from tests.conftest import PIPELINE_ARN, REGION
from tests.fake_sagemaker import FakeSageMaker
from tests.runs.test_observe import SNAPSHOT, execution, finished

FIRST, SECOND = f"{PIPELINE_ARN}/execution/first", f"{PIPELINE_ARN}/execution/second"
FIGURES = {"skill": 0.125, "requiredSkill": -0.05, "skillExcess": 0.175, "bestBaseline": "drift"}
GATE = json.dumps(FIGURES).encode()
TRAIN = b"{}"
SCORES = b"[1]"
AT = "2026-01-01T00:00:10.000+00:00"


def put_outputs(stack: Stack, execution_id: str) -> None:
    layout = ExecutionLayout(execution_id)
    written = {
        layout.manifest: {"train/train.json": TRAIN},
        layout.evaluation_manifest: {"evaluation/gate.json": GATE, "evaluation/scores.json": SCORES},
    }
    for manifest, files in written.items():
        for name, content in files.items():
            stack.s3.put_object(Bucket="models", Key=f"{layout.prefix}/{name}", Body=content)
        content = manifest_bytes(execution_id, {name: entry(content) for name, content in files.items()})
        stack.s3.put_object(Bucket="models", Key=manifest, Body=content)


@pytest.fixture(autouse=True)
def two_executions(stack: Stack, store: ExecutionStore, sagemaker: FakeSageMaker) -> None:
    """The first has succeeded, the second was stopped; all their events were lost."""
    stack.s3.create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": REGION})
    for execution_id in ("e1", "e2"):
        store.create(execution_id, SNAPSHOT, "t", "runs")
        put_outputs(stack, execution_id)
    execution(sagemaker, SUCCEEDED, finished(registered=True), name="e1", arn=FIRST)
    execution(sagemaker, STOPPED, [], name="e2", arn=SECOND)


def item_of(store: ExecutionStore, execution_id: str) -> dict[str, Any]:
    item = store.get(execution_id)
    assert item is not None
    return item


def test_outputs_that_match_their_manifest_leave_no_note(stack: Stack, store: ExecutionStore) -> None:
    assert reconcile(stack) == ["e1", "e2"]
    assert ExecutionAttribute.PROBLEMS not in item_of(store, "e1")
    assert reconcile(stack) == []


def delete(name: str) -> Callable[[Stack], object]:
    return lambda stack: stack.s3.delete_object(Bucket="models", Key=f"executions/e1/{name}")


def replace(name: str, content: bytes) -> Callable[[Stack], object]:
    return lambda stack: stack.s3.put_object(Bucket="models", Key=f"executions/e1/{name}", Body=content)


def changed_gate(**figures: object) -> Callable[[Stack], object]:
    return replace("evaluation/gate.json", json.dumps(FIGURES | figures).encode())


def manifest_of(content: Any) -> bytes:
    return json.dumps(content).encode()


UNREADABLE: dict[str, tuple[Callable[[Stack], object], str]] = {
    "gate is missing": (delete("evaluation/gate.json"), "evaluation/gate.json cannot be read: NoSuchKey"),
    "gate is empty": (replace("evaluation/gate.json", b""), "evaluation/gate.json is not as expected"),
    "gate is a list": (replace("evaluation/gate.json", b"[]"), "evaluation/gate.json is not as expected"),
    "gate is not UTF-8": (replace("evaluation/gate.json", b"\xff\xfe"), "evaluation/gate.json is not as expected"),
    "gate nests too deep": (replace("evaluation/gate.json", b"[" * 100_000), "evaluation/gate.json is not as expected"),
    "no skill": (replace("evaluation/gate.json", b"{}"), "evaluation/gate.json is not as expected: KeyError"),
    "skill is NaN": (changed_gate(skill=math.nan), "is not a finite number"),
    "required skill is text": (changed_gate(requiredSkill="0.4"), "is not a finite number"),
    "required skill is true": (changed_gate(requiredSkill=True), "is not a finite number"),
    "baseline has no name": (changed_gate(bestBaseline=""), "'' is not a baseline's name"),
    "evaluation's manifest is missing": (
        delete("evaluation-manifest.json"),
        "evaluation-manifest.json cannot be read",
    ),
    "a score is missing": (delete("evaluation/scores.json"), "evaluation/scores.json is missing; the manifest lists it"),
    "manifest is missing": (delete("manifest.json"), "manifest.json cannot be read: NoSuchKey"),
    "manifest is another version": (replace("manifest.json", b'{"version": 9, "files": {}}'), "not a manifest of version 1"),
    "manifest has bad entries": (
        replace("manifest.json", manifest_of({"version": 1, "files": {"a": {"size": "1"}}})),
        "not a manifest of version 1",
    ),
    "an output is missing": (delete("train/train.json"), "train/train.json is missing; the manifest lists it"),
    "an output is longer": (replace("train/train.json", b"{ }"), "train/train.json is '3 bytes"),
    "an output has other bytes": (
        replace("train/train.json", b"[]"),
        f"the manifest has 2 bytes, SHA-256 {hashlib.sha256(TRAIN).hexdigest()[:12]}",
    ),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_cannot_be_read_is_left_out_and_noted_and_everything_else_is_repaired(
    stack: Stack, store: ExecutionStore, caplog: pytest.LogCaptureFixture, case: str
) -> None:
    damage, expected = UNREADABLE[case]
    damage(stack)
    with pytest.raises(ReconcileError, match="1 execution could not be reconciled in full") as caught:
        reconcile(stack)
    assert (caught.value.repaired, list(caught.value.failures)) == (("e1", "e2"), ["e1"])
    first, second = item_of(store, "e1"), item_of(store, "e2")
    assert (first[ExecutionAttribute.STATUS], first[ExecutionAttribute.OUTCOME]) == (SUCCEEDED, REGISTERED)
    has_figures = not any(word in case for word in ("gate", "skill", "baseline"))
    assert (ExecutionAttribute.GATE_METRIC in first) is has_figures, "either all figures of the gate or none"
    assert expected in " ".join(first[ExecutionAttribute.PROBLEMS])
    assert expected in caplog.text
    assert any(line.startswith("note  ") for line in summary_lines(first))
    assert second[ExecutionAttribute.STATUS] == STOPPED
    assert reconcile(stack) == []


@pytest.mark.parametrize("case", UNREADABLE)
def test_the_succeeded_event_itself_sets_the_outcome(stack: Stack, store: ExecutionStore, case: str) -> None:
    damage, expected = UNREADABLE[case]
    damage(stack)
    assert record_change(stack, FIRST, Change(AT, SUCCEEDED, EXECUTING)) == "e1"
    first = item_of(store, "e1")
    assert first[ExecutionAttribute.OUTCOME] == REGISTERED
    assert expected in " ".join(first[ExecutionAttribute.PROBLEMS])


@pytest.mark.parametrize("ended", [FAILED, None])
def test_a_step_that_did_not_succeed_has_no_figures_and_no_note(
    stack: Stack, store: ExecutionStore, sagemaker: FakeSageMaker, ended: str | None
) -> None:
    delete("evaluation-manifest.json")(stack)
    delete("evaluation/gate.json")(stack)
    steps = [step for step in sagemaker.executions[FIRST]["steps"] if step["StepName"] != "Evaluation"]
    evaluation = [{"StepName": "Evaluation", "StepStatus": ended}] if ended else []
    sagemaker.executions[FIRST] |= {"PipelineExecutionStatus": FAILED, "steps": [*steps[:2], *evaluation]}
    assert reconcile(stack) == ["e1", "e2"]
    first = item_of(store, "e1")
    assert ExecutionAttribute.GATE_METRIC not in first
    assert ExecutionAttribute.PROBLEMS not in first


def failing(error: Exception, sagemaker: FakeSageMaker, operation: str) -> Callable[..., Any]:
    """An operation of SageMaker that fails for the first execution only."""
    original = getattr(sagemaker, operation)

    def call(**request: Any) -> Any:
        if request.get("PipelineExecutionArn") == FIRST:
            raise error
        return original(**request)

    return call


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Operation")


ERRORS = [
    refused("ThrottlingException"),
    refused("AccessDeniedException"),
    EndpointConnectionError(endpoint_url="x"),
    KeyError("x"),
]


@pytest.mark.parametrize("error", ERRORS, ids=repr)
@pytest.mark.parametrize(
    "operation",
    ["list_pipeline_parameters_for_execution", "describe_pipeline_execution", "list_pipeline_execution_steps"],
)
def test_an_execution_that_fails_in_any_other_way_is_noted_and_tried_again(
    stack: Stack,
    store: ExecutionStore,
    sagemaker: FakeSageMaker,
    monkeypatch: pytest.MonkeyPatch,
    operation: str,
    error: Exception,
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(sagemaker, operation, failing(error, sagemaker, operation))
        with pytest.raises(ReconcileError) as caught:
            reconcile(stack)
    assert (caught.value.repaired, list(caught.value.failures)) == (("e2",), [FIRST])
    assert item_of(store, "e2")[ExecutionAttribute.STATUS] == STOPPED
    noted = item_of(store, "e1").get(ExecutionAttribute.PROBLEMS, [])
    known = operation != "list_pipeline_parameters_for_execution"  # before that answer the item is not known
    assert any(problem.startswith("reconciliation failed") for problem in noted) is known
    assert reconcile(stack) == ["e1"]
    first = item_of(store, "e1")
    assert (first[ExecutionAttribute.OUTCOME], first.get(ExecutionAttribute.PROBLEMS, [])) == (REGISTERED, [])


@pytest.mark.parametrize("code", ["ThrottlingException", "SlowDown", "ServiceUnavailable", "InternalError"])
def test_a_transient_error_while_reading_results_is_raised_so_that_the_event_is_delivered_again(
    stack: Stack, store: ExecutionStore, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    def slow(**_: object) -> None:
        raise refused(code)

    with monkeypatch.context() as patched, pytest.raises(ClientError):
        patched.setattr(stack.s3, "get_object", slow)
        record_change(stack, FIRST, Change(AT, SUCCEEDED, EXECUTING))
    assert ExecutionAttribute.OUTCOME not in item_of(store, "e1")
    assert reconcile(stack) == ["e1", "e2"]
    assert item_of(store, "e1")[ExecutionAttribute.OUTCOME] == REGISTERED


def test_an_item_that_failed_while_the_execution_succeeded_in_a_retry_ends_succeeded(
    stack: Stack, store: ExecutionStore, sagemaker: FakeSageMaker
) -> None:
    """Both changes of the missed retry have the one time that SageMaker describes."""
    record_change(stack, FIRST, Change(AT, FAILED, EXECUTING, reason="no capacity"))
    sagemaker.executions[FIRST]["steps"] = finished(registered=False)
    assert reconcile(stack) == ["e1", "e2"]
    first = item_of(store, "e1")
    found = [first[name] for name in (ExecutionAttribute.STATUS, ExecutionAttribute.ATTEMPT, ExecutionAttribute.OUTCOME)]
    assert found == [SUCCEEDED, 2, NOT_REGISTERED]
    assert reconcile(stack) == []


def test_control_characters_in_a_described_reason_are_stored_safely(
    stack: Stack, store: ExecutionStore, sagemaker: FakeSageMaker
) -> None:
    sagemaker.executions[FIRST] |= {"PipelineExecutionStatus": FAILED, "FailureReason": "\x1b[31m\ud800"}
    assert reconcile(stack) == ["e1", "e2"]
    stream = io.StringIO("\n".join(summary_lines(item_of(store, "e1"))))
    assert r"reason     \x1b[31m\ud800" in stream.getvalue()
