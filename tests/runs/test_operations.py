"""Stop, retry, wait, logs and delete: what they do to an execution, and when they refuse."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from contracts.problems import ProblemsError
from contracts.status import EXECUTING, FAILED, STOPPED, STOPPING, SUCCEEDED
from contracts.tables import ExecutionAttribute
from runs import begin, cli_operations, operations
from runs.cli import app
from runs.history import Change
from runs.pipeline_start import resume
from runs.removal import asset_removal, execution_removal, template_removal
from runs.stack import Stack
from runs.step_logs import step_logs
from runs.store import ExecutionStore
from runs.waiting import exit_code, wait_for
from tests.fake_sagemaker import FakeSageMaker
from tests.runs.registry import PACKAGE, register_model

TIME = "2026-03-01T13:00:00.000+00:00"
JOB = "arn:aws:sagemaker:eu-central-1:123456789012:training-job/pipelines-abc-Training-{}"
GROUP = "/aws/sagemaker/TrainingJobs"


@pytest.fixture
def execution(stack: Stack, store: ExecutionStore, sagemaker: FakeSageMaker) -> str:
    """A running execution."""
    snapshot: Any = {"Template": {}, "Parameters": {}, "ImageUri": "", "DefinitionDigest": "", "Assets": {}}
    store.create("one", snapshot, "daily", "runs")
    item = store.get("one")
    assert item is not None
    resume(stack, store, item)
    store.record("one", Change(TIME, EXECUTING))
    return "one"


def arn_of(store: ExecutionStore, name: str) -> str:
    item = store.get(name)
    assert item is not None
    return str(item[ExecutionAttribute.PIPELINE_EXECUTION_ARN])


class Refusing:
    """Answers the first calls with a conflict."""

    def __init__(self, conflicts: int) -> None:
        self.conflicts, self.arns = conflicts, list[str]()

    def __call__(self, PipelineExecutionArn: str) -> dict[str, str]:  # noqa: N803
        self.arns.append(PipelineExecutionArn)
        if len(self.arns) <= self.conflicts:
            error = {"Code": "ConflictException", "Message": "a step is starting."}
            raise ClientError({"Error": error}, "StopPipelineExecution")
        return {"PipelineExecutionArn": PipelineExecutionArn}


@pytest.mark.parametrize("conflicts", [0, 1, len(operations.CONFLICT_WAITS)])
@pytest.mark.parametrize("by_arn", [False, True])
def test_stop_tries_again_after_a_conflict(
    stack: Stack, store: ExecutionStore, sagemaker: FakeSageMaker, execution: str, conflicts: int, by_arn: bool
) -> None:
    arn, call = arn_of(store, execution), Refusing(conflicts)
    sagemaker.stop_pipeline_execution = call  # type: ignore[attr-defined]
    assert operations.stop(stack, arn if by_arn else execution) == execution
    assert call.arns == [arn] * (conflicts + 1)


def test_a_conflict_that_lasts_is_reported_with_what_to_do(stack: Stack, sagemaker: FakeSageMaker, execution: str) -> None:
    sagemaker.stop_pipeline_execution = Refusing(99)  # type: ignore[attr-defined]
    with pytest.raises(ProblemsError, match="a step is starting. See `runs status one`, and try again"):
        operations.stop(stack, execution)


@pytest.mark.parametrize("status", [SUCCEEDED, FAILED, STOPPED])
def test_only_what_runs_is_stopped(stack: Stack, store: ExecutionStore, execution: str, status: str) -> None:
    store.record(execution, Change(TIME.replace("13:", "14:"), status))
    with pytest.raises(ProblemsError, match=f"its status is {status}; allowed: one that runs"):
        operations.stop(stack, execution)


def test_what_is_being_stopped_is_not_asked_again(stack: Stack, store: ExecutionStore, execution: str) -> None:
    store.record(execution, Change(TIME.replace("13:", "14:"), STOPPING))
    assert operations.stop(stack, execution) == execution  # the fake SageMaker has no such operation


@pytest.mark.parametrize(("status", "retries"), [(EXECUTING, False), (SUCCEEDED, False), (FAILED, True), (STOPPED, True)])
def test_only_what_failed_or_was_stopped_is_retried(
    stack: Stack, store: ExecutionStore, sagemaker: FakeSageMaker, execution: str, status: str, retries: bool
) -> None:
    sagemaker.retry_pipeline_execution = call = Refusing(0)  # type: ignore[attr-defined]
    store.record(execution, Change(TIME.replace("13:", "14:"), status))
    if retries:
        operations.retry(stack, execution)
    else:
        with pytest.raises(ProblemsError, match="allowed: a failed or stopped one"):
            operations.retry(stack, execution)
    assert len(call.arns) == retries


def test_what_never_started_can_be_neither_stopped_nor_retried(stack: Stack, store: ExecutionStore) -> None:
    store.create("idle", {}, "daily", "runs")  # type: ignore[typeddict-item]
    for operation in (operations.stop, operations.retry):
        with pytest.raises(ProblemsError, match="SageMaker has not started it; .*--id idle"):
            operation(stack, "idle")


@pytest.mark.parametrize("name", ["nothing", "arn:aws:sagemaker:eu-central-1:123456789012:pipeline/x/execution/y"])
def test_what_does_not_exist_is_not_found(stack: Stack, name: str) -> None:
    with pytest.raises(ProblemsError, match="not found; see `runs list`"):
        operations.stored_execution(stack, name)


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ({"Status": FAILED}, 1), ({"Status": STOPPED}, 1), ({"Status": EXECUTING}, 0),
        ({"Status": SUCCEEDED, "Outcome": "Registered"}, 0), ({"Status": SUCCEEDED, "Outcome": "Published"}, 0),
        ({"Status": SUCCEEDED, "Outcome": "NotRegistered"}, 3),
        ({"Status": SUCCEEDED, "Outcome": "NotRegistered", "Kind": "ablation"}, 0),
    ],
)  # fmt: skip
def test_the_exit_code_reflects_the_outcome(item: dict[str, str], code: int) -> None:
    assert exit_code(item) == code


def test_waiting_ends_with_the_outcome_not_with_the_status(
    stack: Stack, store: ExecutionStore, execution: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def steps() -> Iterator[None]:
        store.record(execution, Change(TIME.replace("13:", "14:"), SUCCEEDED))
        yield
        store.conclude(execution, 1, {ExecutionAttribute.OUTCOME: "Registered"})
        yield

    following, seen = steps(), []
    monkeypatch.setattr(stack, "sleep", lambda seconds: next(following))
    ended = wait_for(stack, execution, lambda item: seen.append(item[ExecutionAttribute.STATUS]))
    assert ended[ExecutionAttribute.OUTCOME] == "Registered"
    assert seen == [EXECUTING, SUCCEEDED, SUCCEEDED]


def test_watch_prints_each_status_once_where_there_is_no_terminal(
    stack: Stack, store: ExecutionStore, execution: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = [
        Change("2026-03-01T13:00:01.000+00:00", EXECUTING, step="Training"),
        Change("2026-03-01T13:00:02.000+00:00", FAILED, step="Training", reason="no memory"),
        Change("2026-03-01T13:00:03.000+00:00", FAILED),
    ]
    monkeypatch.setattr(stack, "sleep", lambda seconds: store.record(execution, changes.pop(0)))
    monkeypatch.setattr(cli_operations.Stack, "load", lambda path=None: stack)
    done = CliRunner().invoke(app, ["watch", execution])
    printed = [line.split() for line in done.output.splitlines()]
    assert printed[:4] == [["one", "Executing"], ["Training", "Executing"], ["Training", "Failed"], ["one", "Failed"]]
    assert ["reason", "Training:", "no", "memory"] in printed
    assert done.exit_code == 1


@pytest.fixture
def logged(stack: Stack, store: ExecutionStore, execution: str) -> str:
    """Training has failed twice and now runs a third time; the first two jobs have logs, the second one of two containers."""
    stack.logs.create_log_group(logGroupName=GROUP)
    for number, streams in ((1, ("a/algo-1",)), (2, ("b/algo-1", "b/algo-2"))):
        job = JOB.format(number)
        for status in (EXECUTING, FAILED):
            store.record(execution, Change(f"2026-03-01T13:0{number}:00.000+00:00", status, step="Training", job_arn=job))
        for stream in streams:
            name = f"{job.rpartition('/')[2]}/{stream.partition('/')[2]}"
            stack.logs.create_log_stream(logGroupName=GROUP, logStreamName=name)
            now = int(datetime.now(UTC).timestamp() * 1000)
            events = [{"timestamp": now + line, "message": f"{stream} {line}"} for line in range(3)]
            stack.logs.put_log_events(logGroupName=GROUP, logStreamName=name, logEvents=events)
    step = Change("2026-03-01T13:05:00.000+00:00", SUCCEEDED, step="FeatureEngineering", job_arn=JOB.format(0))
    store.record(execution, step)
    return execution


def test_the_log_of_the_failed_step_is_shown_one_per_attempt(stack: Stack, logged: str) -> None:
    first, second = step_logs(stack, operations.stored_execution(stack, logged))
    assert (first.step, first.attempt, first.status) == ("Training", 1, FAILED)
    assert first.lines == ("a/algo-1 0", "a/algo-1 1", "a/algo-1 2")
    assert second.lines[0] == "algo-1: b/algo-1 0"
    assert len(second.lines) == 6
    (chosen,) = step_logs(stack, operations.stored_execution(stack, logged), "Training", 2)
    assert chosen == second


@pytest.mark.parametrize(
    ("step", "attempt", "message"),
    [
        ("Training", 3, "--attempt is 3; allowed: 1 to 2 for step Training"),
        ("QualityGate", None, "it has no job in this execution; allowed: FeatureEngineering, Training"),
    ],
)
def test_a_log_that_does_not_exist_is_refused_with_those_that_do(
    stack: Stack, logged: str, step: str, attempt: int | None, message: str
) -> None:
    with pytest.raises(ProblemsError, match=message):
        list(step_logs(stack, operations.stored_execution(stack, logged), step, attempt))


def test_the_end_of_the_log_on_the_item_outlives_cloudwatchs(stack: Stack, store: ExecutionStore, execution: str) -> None:
    job = JOB.format(1).replace("training-job", "processing-job")
    store.record(execution, Change(TIME, FAILED, step="FeatureEngineering", job_arn=job))
    stack.dynamodb.Table(stack.outputs.execution_table).update_item(
        Key={"Id": execution}, UpdateExpression="SET LogTail = :text", ExpressionAttributeValues={":text": "last\nline"}
    )
    (found,) = step_logs(stack, operations.stored_execution(stack, execution))
    assert (found.lines, found.source) == (("last", "line"), "the execution's item, which has the end of the log")


def put_files(stack: Stack, execution: str, count: int = 3) -> None:
    stack.s3.create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": stack.outputs.region})
    for number in range(count):
        stack.s3.put_object(Bucket="models", Key=f"executions/{execution}/train/{number}", Body=b"x")
    stack.s3.put_object(Bucket="models", Key=f"executions/{execution}-2/train/0", Body=b"x")


def test_a_deleted_execution_is_gone_and_no_late_event_brings_it_back(
    stack: Stack, store: ExecutionStore, execution: str
) -> None:
    put_files(stack, execution)
    arn = arn_of(store, execution)
    store.record(execution, Change(TIME.replace("13:", "14:"), FAILED))
    removal = execution_removal(stack, execution)
    assert [line.partition(" (")[0] for line in removal.lines] == [
        "execution one of template daily, status Failed: its item and its events", "3 objects",
    ]  # fmt: skip
    assert store.all()
    removal.apply()
    removal.apply()  # a deletion that broke off is repeated
    assert [found["Key"] for found in stack.s3.list_objects_v2(Bucket="models")["Contents"]] == ["executions/one-2/train/0"]
    assert (store.all(), store.changes(execution)) == ([], [])
    before = store.get(execution)
    assert store.record(execution, Change(TIME.replace("13:", "15:"), EXECUTING, previous=FAILED)).status == FAILED
    assert store.get(execution) == before
    assert store.find(arn) == before
    with pytest.raises(ProblemsError, match="it was deleted at 20"):
        operations.stored_execution(stack, execution)


def test_the_id_of_a_deleted_execution_is_not_used_again(stack: Stack, store: ExecutionStore, sagemaker: FakeSageMaker) -> None:
    table = stack.dynamodb.Table(stack.outputs.template_table)
    table.put_item(Item={"Id": "daily", "Template": '{"id": "daily"}', "Parameters": {}, "BaseAssets": []})
    begin.start(stack, "daily", "mine")
    store.record("mine", Change("2026-03-01T14:00:00.000+00:00", FAILED))
    store.delete("mine")
    with pytest.raises(ProblemsError, match="an execution with this id was deleted; choose another id"):
        begin.start(stack, "daily", "mine")
    assert sagemaker.starts == 1


def test_what_runs_is_not_deleted(stack: Stack, execution: str) -> None:
    with pytest.raises(ProblemsError, match="its status is Executing; stop it first: `runs stop one`"):
        execution_removal(stack, execution)


@pytest.mark.parametrize("approval", ["Approved", "PendingManualApproval", "Rejected"])
def test_only_a_rejected_models_execution_is_deleted(
    stack: Stack, store: ExecutionStore, sagemaker: FakeSageMaker, execution: str, approval: str
) -> None:
    register_model(stack, sagemaker)
    sagemaker.packages[PACKAGE]["ModelApprovalStatus"] = approval
    store.record(execution, Change(TIME.replace("13:", "14:"), SUCCEEDED))
    store.conclude(execution, 1, {ExecutionAttribute.OUTCOME: "Registered", ExecutionAttribute.MODEL_PACKAGE_ARN: PACKAGE})
    if approval == "Rejected":
        assert f"stays: the rejected version {PACKAGE} in the registry" in execution_removal(stack, execution).lines[-1]
    else:
        with pytest.raises(ProblemsError, match=f"its model is {approval}.*`runs models reject {PACKAGE}`"):
            execution_removal(stack, execution)


def test_an_asset_that_a_template_uses_stays(stack: Stack) -> None:
    assets, templates = (stack.dynamodb.Table(name) for name in (stack.outputs.asset_table, stack.outputs.template_table))
    assets.put_item(Item={"AssetName": "AAPL", "RowCount": 2})
    stack.s3.put_object(Bucket="assets", Key="assets/AAPL.csv", Body=b"x")
    templates.put_item(Item={"Id": "daily", "Template": '{"baseAssets": ["AAPL"]}'})
    with pytest.raises(ProblemsError, match="templates use it: daily; delete or change them first"):
        asset_removal(stack, "AAPL")
    template_removal(stack, "daily").apply()
    assert templates.scan()["Items"] == []
    asset_removal(stack, "AAPL").apply()
    assert assets.scan()["Items"] == []
    assert "Contents" not in stack.s3.list_objects_v2(Bucket="assets")
    for removal, name in ((asset_removal, "AAPL"), (template_removal, "daily")):
        with pytest.raises(ProblemsError, match="not found"):
            removal(stack, name)


def test_without_a_terminal_a_deletion_needs_yes(
    stack: Stack, store: ExecutionStore, execution: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_files(stack, execution)
    store.record(execution, Change(TIME.replace("13:", "14:"), FAILED))
    monkeypatch.setattr(cli_operations.Stack, "load", lambda path=None: stack)
    refused = CliRunner().invoke(app, ["delete", execution])
    assert (refused.exit_code, store.all() != []) == (1, True)
    assert "3 objects" in refused.output
    done = CliRunner().invoke(app, ["delete", execution, "--yes"])
    assert (done.exit_code, store.all()) == (0, [])
    assert done.output.splitlines()[-1] == "deleted"
