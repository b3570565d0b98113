"""Executions of small definitions, end to end: references, order, conditions, failures, retries, stop, idempotent starts."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_run.emulator.options import JobFaults
from local_run.emulator.pipelines.errors import CAPACITY_ERROR
from local_run.emulator.progress import ExecutionFinished, ExecutionStarted
from tests.local_run.emulator.pipelines.support import BUCKET, WAIT, World, condition, get, join, processing
from tests.patience import wait_until


def test_parameters_reach_the_container_by_arguments_environment_and_uris(world: World) -> None:
    world.put("assets/a/one.csv", "1")
    world.put("assets/two.csv", "2")
    step = processing(
        "Features",
        """
        assets = ML / 'processing/input/assets'
        found = sorted(str(p.relative_to(assets)) for p in assets.rglob('*.csv'))
        out = ML / 'processing/output/train/deep'
        out.mkdir(parents=True)
        (out / 'seen.json').write_text(json.dumps({'argv': sys.argv[1:], 'env': os.environ['GREETING'], 'found': found}))
        """,
        "--executionid", get("Parameters.ExecutionId"), "--in", "/opt/ml/processing/input",
        inputs={"assets": get("Parameters.Assets")},
        outputs={"train": join("/", f"s3://{BUCKET}/executions", get("Parameters.ExecutionId"), "train")},
        environment={"GREETING": join("-", "hello", get("Parameters.Count"), get("Parameters.Flag"))},
    )  # fmt: skip
    parameters = [
        {"Name": "ExecutionId", "Type": "String"},
        {"Name": "Assets", "Type": "String", "DefaultValue": f"s3://{BUCKET}/assets"},
        {"Name": "Count", "Type": "Integer", "DefaultValue": 3},
        {"Name": "Flag", "Type": "Boolean", "DefaultValue": True},
    ]
    arn = world.run([step], parameters, ExecutionId="run-1", Count="7")

    assert world.status(arn) == "Succeeded"
    seen = json.loads(world.read("executions/run-1/train/deep/seen.json"))
    assert seen["env"] == "hello-7-true"
    assert seen["found"] == ["a/one.csv", "two.csv"]
    assert seen["argv"][:3] == ["--executionid", "run-1", "--in"]
    assert seen["argv"][3].endswith("/opt/ml/processing/input") and not seen["argv"][3].startswith("/opt/ml")


MEET = """
folder, name = Path(sys.argv[1]), sys.argv[2]
(folder / name).touch()
deadline = time.monotonic() + 600
while len(list(folder.iterdir())) < 2:
    if time.monotonic() > deadline:
        sys.exit("the other one never came")
    time.sleep(0.02)
"""


@pytest.fixture
def meeting_place(tmp_path: Path) -> str:
    """A folder where two jobs wait for one another: only jobs that run at the same time ever leave it."""
    place = tmp_path / "meeting"
    place.mkdir()
    return str(place)


def test_steps_run_in_dependency_order_and_independent_ones_at_the_same_time(world: World, meeting_place: str) -> None:
    steps = [
        processing("Last", "", DependsOn=["Left", "Right"]),
        processing("Left", MEET, meeting_place, "left"),
        processing("Right", MEET, meeting_place, "right"),
    ]
    arn = world.run(steps)
    listed = world.steps(arn)
    assert world.status(arn) == "Succeeded", listed
    assert listed["Last"]["StartTime"] >= max(listed["Left"]["EndTime"], listed["Right"]["EndTime"])


def test_parallel_steps_are_bounded_by_the_executions_own_setting(world: World) -> None:
    world.pipeline([processing(name, "time.sleep(0.3)") for name in ("A", "B", "C")])
    arn = world.client("sagemaker").start_pipeline_execution(
        PipelineName="demo", ParallelismConfiguration={"MaxParallelExecutionSteps": 1}
    )["PipelineExecutionArn"]
    assert world.local.wait(arn, WAIT)
    spans = sorted((item["StartTime"], item["EndTime"]) for item in world.steps(arn).values())
    assert all(following[0] >= earlier[1] for earlier, following in zip(spans, spans[1:], strict=False))


def gate(threshold: float) -> list[dict[str, Any]]:
    write = f"""
    out = ML / 'processing/output/evaluation'
    out.mkdir(parents=True, exist_ok=True)
    (out / 'gate.json').write_text(json.dumps({{'threshold': {threshold}, 'deep': [{{'x': 2}}]}}))
    """
    first = processing(
        "Features", write, outputs={"evaluation": f"s3://{BUCKET}/evaluation"},
        PropertyFiles=[{"PropertyFileName": "Gate", "OutputName": "evaluation", "FilePath": "gate.json"}],
    )  # fmt: skip
    left = {"Std:JsonGet": {"PropertyFile": get("Steps.Features.PropertyFiles.Gate"), "Path": "threshold"}}
    test = {"Type": "GreaterThanOrEqualTo", "LeftValue": left, "RightValue": 1.0}
    return [first, condition("Gate", [test], yes=[processing("Yes", "")], no=[processing("No", "")])]


@pytest.mark.parametrize(("threshold", "outcome", "ran", "skipped"), [(1.5, "True", "Yes", "No"), (0.5, "False", "No", "Yes")])
def test_a_condition_reads_a_property_file_and_runs_one_branch(
    world: World, threshold: float, outcome: str, ran: str, skipped: str
) -> None:
    arn = world.run(gate(threshold))
    listed = world.steps(arn)
    assert world.status(arn) == "Succeeded"
    assert listed["Gate"]["Metadata"] == {"Condition": {"Outcome": outcome}}
    assert listed[ran]["StepStatus"] == "Succeeded"
    assert skipped not in listed


def test_a_missing_property_file_fails_the_condition_and_names_the_object(world: World) -> None:
    steps = gate(1.0)
    steps[0]["PropertyFiles"][0]["FilePath"] = "other.json"
    arn = world.run(steps)
    assert world.status(arn) == "Failed"
    assert f"s3://{BUCKET}/evaluation/other.json does not exist" in world.steps(arn)["Gate"]["FailureReason"]


def test_a_failed_container_gives_its_own_message_and_nothing_after_it_runs(world: World) -> None:
    script = """
    (ML / 'output/message').write_text('no Close column in assets/one.csv')
    (ML / 'processing/output/train/half.json').write_text('half')
    sys.exit(3)
    """
    arn = world.run([processing("Features", script, outputs={"train": f"s3://{BUCKET}/train"}),
                     processing("After", "", DependsOn=["Features"])])  # fmt: skip
    listed = world.steps(arn)
    described = world.describe(arn)
    assert described["PipelineExecutionStatus"] == "Failed"
    assert described["FailureReason"] == "Step failure: One or multiple steps failed."
    assert listed["Features"]["FailureReason"] == "ClientError: AlgorithmError: no Close column in assets/one.csv, exit code: 3"
    assert set(listed) == {"Features"}
    assert world.keys("train") == set(), "outputs of a failed job are not uploaded"
    name = listed["Features"]["Metadata"]["ProcessingJob"]["Arn"].rsplit("/", 1)[1]
    job = world.client("sagemaker").describe_processing_job(ProcessingJobName=name)
    assert (job["ProcessingJobStatus"], job["ExitMessage"]) == ("Failed", "no Close column in assets/one.csv")


def test_an_input_that_does_not_exist_fails_the_step(world: World) -> None:
    arn = world.run([processing("Features", "", inputs={"assets": f"s3://{BUCKET}/nothing-here"})])
    assert "No S3 objects found under S3 URL" in world.steps(arn)["Features"]["FailureReason"]


def test_a_request_that_the_service_would_refuse_fails_the_step_before_it_runs(world: World) -> None:
    step = processing("Features", "", environment={"N": get("Parameters.Count")})
    step["Arguments"]["ProcessingResources"]["ClusterConfig"]["InstanceCount"] = 0
    arn = world.run([step], [{"Name": "Count", "Type": "Integer", "DefaultValue": 3}])
    reason = world.steps(arn)["Features"]["FailureReason"]
    assert reason.startswith("ClientError: Failed to invoke sagemaker:CreateProcessingJob. Error Details:")
    assert "Environment" in reason


def test_a_retry_policy_retries_its_kind_of_failure_and_counts_the_attempts(make_world: Callable[..., World]) -> None:
    faults = JobFaults(lambda _step, attempt: CAPACITY_ERROR if attempt < 3 else None)
    world = make_world(job_faults=faults)
    policy = {"ExceptionType": [CAPACITY_ERROR], "IntervalSeconds": 60, "BackoffRate": 2.0, "MaxAttempts": 2}
    arn = world.run([processing("Features", "", RetryPolicies=[policy])])
    assert world.status(arn) == "Succeeded"
    assert world.steps(arn)["Features"]["AttemptCount"] == 3


def test_a_failure_without_a_policy_is_final(make_world: Callable[..., World]) -> None:
    world = make_world(job_faults=JobFaults(lambda _step, _attempt: CAPACITY_ERROR))
    arn = world.run([processing("Features", "")])
    assert world.status(arn) == "Failed"
    assert world.steps(arn)["Features"]["AttemptCount"] == 1
    assert CAPACITY_ERROR in world.steps(arn)["Features"]["FailureReason"]


def wait_for_line(world: World, text: str) -> None:
    wait_until(lambda: text in world.progress.lines(), f"{text!r} was not printed")


def test_stop_ends_the_process_even_when_it_ignores_sigterm(make_world: Callable[..., World], tmp_path: Path) -> None:
    world = make_world(stop_grace_seconds=0.3)
    prepare = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint(os.getpid(), flush=True)\n"
    script = prepare + "print('up', flush=True)\ntime.sleep(6000)"
    world.pipeline([processing("Long", script), processing("After", "", DependsOn=["Long"])])
    arn = world.start()
    wait_for_line(world, "up")
    pid = int(world.progress.lines()[0])
    world.client("sagemaker").stop_pipeline_execution(PipelineExecutionArn=arn)
    assert world.local.wait(arn, WAIT)
    assert world.status(arn) == "Stopped"
    assert {name: item["StepStatus"] for name, item in world.steps(arn).items()} == {"Long": "Stopped"}
    assert not Path(f"/proc/{pid}").exists()
    assert list((tmp_path / "jobs").rglob("pipelines-*")) == [], "the job's folder is removed"
    with pytest.raises(ClientError, match="cannot be stopped"):
        world.client("sagemaker").stop_pipeline_execution(PipelineExecutionArn=arn)


def test_max_runtime_ends_a_job(world: World) -> None:
    arn = world.run([processing("Long", "time.sleep(6000)", max_runtime=1)])
    assert "MaxRuntimeExceeded" in world.steps(arn)["Long"]["FailureReason"]


def test_a_retried_execution_keeps_its_arn_and_its_finished_steps(world: World) -> None:
    read = "sys.exit(0 if 'good' in (ML / 'processing/input/flag/flag.txt').read_text() else 1)"
    world.put("flag/flag.txt", "bad")
    second = processing("Second", read, inputs={"flag": f"s3://{BUCKET}/flag"}, DependsOn=["First"])
    world.pipeline([processing("First", ""), second])
    arn = world.start()
    assert world.local.wait(arn, WAIT) and world.status(arn) == "Failed"
    first = world.steps(arn)["First"]

    world.put("flag/flag.txt", "good")
    assert world.client("sagemaker").retry_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionArn"] == arn
    assert world.local.wait(arn, WAIT)
    assert world.status(arn) == "Succeeded"
    assert "FailureReason" not in world.describe(arn)
    assert world.steps(arn)["First"] == first
    assert world.steps(arn)["Second"]["AttemptCount"] == 2
    with pytest.raises(ClientError, match="cannot be retried"):
        world.client("sagemaker").retry_pipeline_execution(PipelineExecutionArn=arn)


def test_two_executions_at_once_keep_apart(world: World, meeting_place: str) -> None:
    script = MEET + "(ML / 'processing/output/train/id.txt').write_text(name)\n"
    step = processing("Features", script, meeting_place, get("Parameters.ExecutionId"),
                      outputs={"train": join("/", f"s3://{BUCKET}/executions", get("Parameters.ExecutionId"))})  # fmt: skip
    world.pipeline([step], [{"Name": "ExecutionId", "Type": "String"}])
    arns = [world.start(ExecutionId=identity) for identity in ("one", "two")]
    assert all(world.local.wait(arn, WAIT) for arn in arns)
    assert [world.read(f"executions/{identity}/id.txt") for identity in ("one", "two")] == ["one", "two"]
    one, two = (world.steps(arn)["Features"]["Metadata"] for arn in arns)
    assert one != two


def test_the_same_token_starts_once_however_many_ask_at_the_same_time(world: World) -> None:
    world.pipeline([processing("Features", "")])
    token, arns, barrier = "t" * 64, [], threading.Barrier(8)

    def ask() -> None:
        barrier.wait()
        arns.append(world.start(token=token))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(arns)) == 1
    assert world.local.wait(arns[0], WAIT)
    listed = world.client("sagemaker").list_pipeline_executions(PipelineName="demo")["PipelineExecutionSummaries"]
    assert [item["PipelineExecutionArn"] for item in listed] == [arns[0]]


def test_close_ends_running_jobs_and_leaves_nothing(make_world: Callable[..., World], tmp_path: Path) -> None:
    world = make_world()
    world.pipeline([processing("Long", "print('up', flush=True); time.sleep(6000)")])
    arn = world.start()
    wait_for_line(world, "up")
    closing = threading.Thread(target=world.local.close)
    closing.start()
    closing.join(WAIT)
    assert not closing.is_alive(), "it waits for the job"
    assert list((tmp_path / "jobs").rglob("pipelines-*")) == []
    assert world.progress.of(ExecutionFinished) == [ExecutionFinished(arn, "Stopped", None)]


def test_log_lines_go_to_cloudwatch_and_the_progress_callback(world: World) -> None:
    arn = world.run([processing("Features", "print('line one'); print('line two', file=sys.stderr)")])
    assert sorted(world.progress.lines()) == ["line one", "line two"]
    name = world.steps(arn)["Features"]["Metadata"]["ProcessingJob"]["Arn"].rsplit("/", 1)[1]
    logs = world.client("logs")
    group = "/aws/sagemaker/ProcessingJobs"
    streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/")["logStreams"]
    events = logs.get_log_events(logGroupName=group, logStreamName=streams[0]["logStreamName"])["events"]
    assert sorted(item["message"] for item in events) == ["line one", "line two"]


def test_a_container_that_is_killed_fails_its_step_and_sends_nothing(world: World) -> None:
    script = "(ML / 'processing/output/train/half.json').write_text('half')\nos.kill(os.getpid(), 9)"
    arn = world.run([processing("Features", script, outputs={"train": f"s3://{BUCKET}/train"})])
    assert world.steps(arn)["Features"]["FailureReason"].endswith("exit code: 137")
    assert world.keys("train") == set()


def test_the_start_of_an_execution_is_reported_with_its_display_name(world: World) -> None:
    pipeline = world.pipeline([processing("Features", "")])
    request = {"PipelineName": pipeline, "PipelineExecutionDisplayName": "winter", "ClientRequestToken": "n" * 40}
    arn = world.client("sagemaker").start_pipeline_execution(**request)["PipelineExecutionArn"]
    assert world.local.wait(arn, WAIT)
    assert world.progress.of(ExecutionStarted) == [ExecutionStarted(arn, "winter")]


def test_a_callback_that_raises_does_not_fail_the_execution(
    make_world: Callable[..., World], caplog: pytest.LogCaptureFixture
) -> None:
    def broken(event: object) -> None:
        raise RuntimeError("a mistake in the user interface")

    world = make_world(on_progress=broken)
    assert world.status(world.run([processing("Features", "print('x')")])) == "Succeeded"
    failed = {record.args[0] for record in caplog.records if "progress callback failed" in record.msg}  # type: ignore[index]
    assert failed == {"ExecutionStarted", "StepStarted", "LogLine", "StepFinished", "ExecutionFinished"}


def test_a_deleted_pipelines_executions_are_forgotten_and_its_jobs_ended(world: World) -> None:
    world.pipeline([processing("Long", "print('up', flush=True); time.sleep(6000)")])
    token = "t" * 40
    arn = world.start(token=token)
    wait_for_line(world, "up")
    execution = world.local.execution(arn)
    client = world.client("sagemaker")
    client.delete_pipeline(PipelineName="demo", ClientRequestToken="d" * 40)
    assert execution.wait(WAIT) and execution.status == "Stopped"
    with pytest.raises(ClientError, match="ResourceNotFound"):
        world.describe(arn)
    world.pipeline([processing("Short", "")], again=True)
    second = world.start(token=token)
    assert second != arn and world.local.wait(second, WAIT)
    assert client.describe_pipeline(PipelineName="demo")["LastRunTime"] == world.describe(second)["CreationTime"]


def test_a_fail_step_ends_the_execution_with_its_message(world: World) -> None:
    fail = {"Name": "Refuse", "Type": "Fail", "Arguments": {"ErrorMessage": join(" ", "count is", get("Parameters.Count"))}}
    arn = world.run([fail], [{"Name": "Count", "Type": "Integer", "DefaultValue": 3}])
    assert world.status(arn) == "Failed"
    assert world.steps(arn)["Refuse"]["FailureReason"] == "count is 3"


def test_the_definition_that_runs_is_the_one_at_start(world: World) -> None:
    world.pipeline([processing("Old", "time.sleep(0.5)")])
    arn = world.start()
    world.pipeline([processing("New", "")])
    assert world.local.wait(arn, WAIT)
    assert set(world.steps(arn)) == {"Old"}
    text = world.client("sagemaker").describe_pipeline_definition_for_execution(PipelineExecutionArn=arn)["PipelineDefinition"]
    assert [step["Name"] for step in json.loads(text)["Steps"]] == ["Old"]
