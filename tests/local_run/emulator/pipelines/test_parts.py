"""The layer's parts by themselves: processes, containers, metrics, retries, transfers, request checks, pages."""

from __future__ import annotations

import os
import signal
import stat
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_run.emulator.delivery.function_process import actor_of_role
from local_run.emulator.delivery.functions import plain_name
from local_run.emulator.options import EventFaults
from local_run.emulator.pipelines.api.paging import page
from local_run.emulator.pipelines.errors import CAPACITY_ERROR, JOB_INTERNAL_ERROR, THROTTLING, ApiError, StepFailedError
from local_run.emulator.pipelines.language.retries import RetryPolicy, RetryState, policy_problems
from local_run.emulator.pipelines.records.shapes import request_problems
from local_run.emulator.pipelines.steps.container import ContainerJob, DockerBackend, ProcessBackend, joined_command
from local_run.emulator.pipelines.steps.context import resource_name
from local_run.emulator.pipelines.steps.jobrun import exit_code
from local_run.emulator.pipelines.steps.metrics import BUILT_IN_METRICS, MetricReader, epoch_in
from local_run.emulator.pipelines.steps.transfer import download, local_path, split_s3_uri
from local_run.emulator.processes import OwnedProcess
from local_run.emulator.progress import ExecutionFinished, ExecutionStarted, StepFinished, StepStarted
from tests.local_run.emulator.pipelines.support import BUCKET, World, processing
from tests.patience import PATIENCE_SECONDS


def environment() -> dict[str, str]:
    return {"PATH": os.environ["PATH"]}


def test_what_a_process_left_running_ends_with_it() -> None:
    lines: list[str] = []
    child = "import subprocess, sys; p = subprocess.Popen(['sleep', '6000']); print(p.pid, flush=True)"
    process = OwnedProcess([sys.executable, "-c", child], environment(), lines.append)
    assert process.wait(PATIENCE_SECONDS) == 0, "it waits for what it left running"
    assert gone(int(lines[0]))


def gone(pid: int) -> bool:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        path = Path(f"/proc/{pid}/stat")
        if not path.exists() or path.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.02)
    return False


def test_a_signals_exit_code_is_a_containers() -> None:
    assert [exit_code(code) for code in (0, 3, -9, -15)] == [0, 3, 137, 143]


def test_ending_an_ended_process_gives_its_code() -> None:
    process = OwnedProcess([sys.executable, "-c", "import sys; sys.exit(4)"], environment(), lambda _line: None)
    assert process.wait(PATIENCE_SECONDS) == 4
    assert process.end(0.1) == 4


def test_a_process_that_ends_at_sigterm_is_not_killed() -> None:
    lines: list[str] = []
    script = "import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(9))\n"
    script += "print('up', flush=True)\ntime.sleep(6000)"
    process = OwnedProcess([sys.executable, "-c", script], environment(), lines.append)
    while lines != ["up"]:
        assert process.wait(0.05) is None
    assert process.end(PATIENCE_SECONDS) == 9


def test_long_and_undecodable_lines_are_cut_and_replaced() -> None:
    lines: list[str] = []
    script = "import sys; sys.stdout.buffer.write(b'x' * 200_000 + b'\\n' + b'\\xff\\n')"
    assert OwnedProcess([sys.executable, "-c", script], environment(), lines.append).wait(20) == 0
    assert max(map(len, lines)) <= 64 * 1024 and sum(map(len, lines)) == 200_001
    assert lines[-1] == "�"


JOB = ContainerJob(
    name="pipelines-1",
    image="1.dkr.ecr.eu-central-1.amazonaws.com/features:abc",
    command=("python3", "/opt/ml/processing/input/code/run.py", "--id", "x"),
    root=Path("/root-of-job"),
    environment={"TABLE": "t", "EMPTY": ""},
    aws_environment={"AWS_SECRET_ACCESS_KEY": "very-secret"},
)


def test_the_docker_command_line_mounts_the_layout_and_shows_no_value() -> None:
    command = DockerBackend("docker", user="1000:1000").command(JOB)
    assert command == [
        "docker", "run", "--rm", "--init", "--pull", "never", "--network", "host", "--name", "pipelines-1",
        "--user", "1000:1000", "--volume", "/root-of-job/opt/ml:/opt/ml",
        "--env", "AWS_SECRET_ACCESS_KEY", "--env", "EMPTY", "--env", "TABLE",
        "--entrypoint", "python3", JOB.image, "/opt/ml/processing/input/code/run.py", "--id", "x",
    ]  # fmt: skip
    assert "very-secret" not in " ".join(command)


def test_docker_is_given_the_values_by_its_own_environment_and_kills_by_name(tmp_path: Path) -> None:
    fake = tmp_path / "docker"
    fake.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n[ "$1" = kill ] && exit 0\n'
        "trap '' TERM\necho $TABLE $AWS_SECRET_ACCESS_KEY\nsleep 60 & wait; sleep 60\n"
    )
    fake.chmod(fake.stat().st_mode | stat.S_IEXEC)
    lines: list[str] = []
    process = DockerBackend(str(fake)).start(JOB, lines.append)
    while not lines:
        assert process.wait(0.05) is None
    assert lines == ["t very-secret"]
    assert process.end(0.2) == -signal.SIGKILL
    calls = (tmp_path / "calls").read_text().splitlines()
    assert calls[0].startswith("run --rm") and calls[1] == "kill pipelines-1"


def test_a_process_gets_mapped_paths_and_only_what_it_should_inherit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "developers-own")
    script = tmp_path / "opt/ml/run.py"
    script.parent.mkdir(parents=True)
    script.write_text("import os, sys; print(sys.argv[1:], os.environ.get('AWS_PROFILE'), os.environ['CONTAINER_ROOT'])")
    command = ("python3", "/opt/ml/run.py", "/opt/ml", "/opt/mlx", "x/opt/ml")
    lines: list[str] = []
    job = ContainerJob(name="n", image="i", command=command, root=tmp_path)
    assert ProcessBackend(tmp_path).start(job, lines.append).wait(20) == 0
    assert lines == [f"{[f'{tmp_path}/opt/ml', '/opt/mlx', 'x/opt/ml']} None {tmp_path}"]


def test_a_command_is_entry_point_then_arguments() -> None:
    assert joined_command(["a", "b"], ["c"]) == ("a", "b", "c")
    assert joined_command(None, None) == ()


@pytest.mark.parametrize(
    ("line", "metrics"),
    [
        ("[x INFO 1] #quality_metric: host=algo-1, test mean_wQuantileLoss <loss>=0.14", {"test:mean_wQuantileLoss": 0.14}),
        ("#quality_metric: host=algo-1, test RMSE <loss>=2.5", {"test:RMSE": 2.5}),
        ("#quality_metric: host=algo-1, epoch=7, train loss <loss>=-1.5e-3", {"train:loss": -0.0015}),
        ("#quality_metric: host=algo-1, epoch=7, batch=0 train loss <loss>=1.0", {}),
        ("#quality_metric: host=algo-1, test RMSE <loss>=nan", {}),
        ("#test_score (algo-1, mean_wQuantileLoss): 0.9", {}),
        ("#progress_metric: host=algo-1, completed 50 % of epochs", {"train:progress": 50.0}),
    ],
)
def test_metrics_are_read_as_the_built_in_algorithm_prints_them(line: str, metrics: dict[str, float]) -> None:
    assert dict(MetricReader.of(BUILT_IN_METRICS).read(line)) == metrics


def test_an_epochs_end_is_seen() -> None:
    assert epoch_in("[t] #quality_metric: host=algo-1, epoch=7, train loss <loss>=0.5") == (7, 0.5)
    assert epoch_in("epoch 7") is None


def test_retries_follow_the_policy_of_their_kind() -> None:
    policy = RetryPolicy.parse({"ExceptionType": [CAPACITY_ERROR], "IntervalSeconds": 10, "BackoffRate": 3, "MaxAttempts": 2})
    state = RetryState([policy])
    assert [state.delay(CAPACITY_ERROR, 0) for _ in range(3)] == [10, 30, None]
    assert state.delay(JOB_INTERNAL_ERROR, 0) is None and state.delay(None, 0) is None
    assert [state.delay(THROTTLING, 0) for _ in range(6)] == [1, 2, 4, 8, 16, None], "retried by default"


def test_a_policy_that_expires_stops_by_time() -> None:
    state = RetryState([RetryPolicy.parse({"ExceptionType": CAPACITY_ERROR, "ExpireAfterMin": 1, "BackoffRate": 1})])
    assert [state.delay(CAPACITY_ERROR, elapsed) for elapsed in (0, 59, 60)] == [1, 1, None]


@pytest.mark.parametrize(
    ("policy", "problems"),
    [
        ({"ExceptionType": [THROTTLING], "MaxAttempts": 20}, 0),
        ({"ExceptionType": [THROTTLING], "MaxAttempts": 21}, 1),
        ({"ExceptionType": [THROTTLING], "IntervalSeconds": 43_201, "BackoffRate": -1}, 2),
        ({"ExceptionType": [THROTTLING], "ExpireAfterMin": 14_401}, 1),
        ({"MaxAttempts": 1}, 1),
    ],
)
def test_policies_outside_the_limits_are_named(policy: dict[str, Any], problems: int) -> None:
    assert len(list(policy_problems([policy]))) == problems


def test_paths_out_of_the_jobs_folder_are_refused(tmp_path: Path) -> None:
    assert local_path(tmp_path, "/opt/ml/processing/x") == tmp_path / "opt/ml/processing/x"
    for path in ("/etc/passwd", "/opt/ml/../../x", "/opt/mlx"):
        with pytest.raises(StepFailedError):
            local_path(tmp_path, path)
    for uri in ("http://b/k", "s3://", "b/k"):
        with pytest.raises(StepFailedError):
            split_s3_uri(uri)


def test_downloads_take_the_object_or_what_is_under_it_and_never_leave_the_folder(world: World, tmp_path: Path) -> None:
    for key in ("a/one.csv", "a/b/two.csv", "ab.csv", "a/"):
        world.put(key, key)
    s3 = world.client("s3")
    assert download(s3, f"s3://{BUCKET}/a", tmp_path / "prefix") == 2
    found = [str(path.relative_to(tmp_path / "prefix")) for path in (tmp_path / "prefix").rglob("*.csv")]
    assert sorted(found) == ["b/two.csv", "one.csv"]
    assert download(s3, f"s3://{BUCKET}/a/one.csv", tmp_path / "object") == 1
    assert (tmp_path / "object/one.csv").read_text() == "a/one.csv"


class OneKey:
    """An S3 client that returns the same object for every key."""

    def __init__(self, key: str) -> None:
        self._key = key

    def get_paginator(self, _operation: str) -> Any:
        return self

    def paginate(self, **_arguments: str) -> Any:
        return [{"Contents": [{"Key": self._key}]}]


def test_a_key_cannot_lead_out_of_the_inputs_folder(tmp_path: Path) -> None:
    with pytest.raises(StepFailedError, match="leads out"):
        download(OneKey("evil/../../escaped.csv"), f"s3://{BUCKET}/evil", tmp_path / "inner/evil")
    assert not (tmp_path / "escaped.csv").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ProcessingJobName": "no spaces allowed"}, "regular expression"),
        ({"ProcessingJobName": "x" * 64}, "length"),
        ({"Environment": {"A": "v" * 257}}, "length"),
        ({"Environment": {"A": 5}}, "Environment"),
        ({"Surplus": 1}, "Surplus"),
        ({"RoleArn": None}, "RoleArn"),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": 0}}, "MaxRuntimeInSeconds"),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": 10**9}}, "MaxRuntimeInSeconds"),
    ],
)
def test_requests_are_checked_as_the_service_checks_them(change: dict[str, Any], words: str) -> None:
    good = {"ProcessingJobName": "x", **processing("X", "")["Arguments"]}
    assert request_problems("CreateProcessingJob", good) == []
    problems = request_problems("CreateProcessingJob", good | change)
    assert any(words in problem for problem in problems)


@given(st.lists(st.integers(), max_size=350), st.integers(1, 100))
def test_pages_give_every_item_once_and_in_order(items: list[int], size: int) -> None:
    request: dict[str, Any] = {"MaxResults": size}
    seen: list[int] = []
    while True:
        answer = page(items, request, "Items")
        seen += answer["Items"]
        if "NextToken" not in answer:
            break
        request["NextToken"] = answer["NextToken"]
    assert seen == items


@pytest.mark.parametrize("request_", [{"MaxResults": 0}, {"MaxResults": 101}, {"NextToken": "x"}, {"NextToken": "99"}])
def test_bad_pages_are_refused(request_: dict[str, Any]) -> None:
    with pytest.raises(ApiError):
        page([1, 2], request_, "Items")


@given(st.text(st.sampled_from("abc012"), min_size=12, max_size=12), st.from_regex(r"[A-Za-z0-9\-_]{1,64}", fullmatch=True))
def test_names_of_jobs_are_always_allowed(execution: str, step: str) -> None:
    name = resource_name(execution, step)
    assert request_problems("DescribeTrainingJob", {"TrainingJobName": name}) == []
    assert resource_name(execution, step) != name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("f", "f"),
        ("f:1", "f"),
        ("arn:aws:lambda:eu-central-1:123456789012:function:f", "f"),
        ("arn:aws:lambda:eu-central-1:123456789012:function:f:$LATEST", "f"),
        ("123456789012:function:f", "f"),
    ],
)
def test_functions_go_by_name_and_by_arn(text: str, name: str) -> None:
    assert plain_name(text) == name


@pytest.mark.parametrize(
    ("role", "actor"),
    [("arn:aws:iam::1:role/Model_Training-dev", "model-training-dev"), ("arn:aws:iam::1:role/path/1st", "role-1st")],
)
def test_a_functions_actor_is_its_role(role: str, actor: str) -> None:
    assert actor_of_role(role) == actor


@pytest.mark.parametrize("name", ["drop", "duplicate", "reorder"])
def test_faults_are_probabilities(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        EventFaults(**{name: 1.5})


def test_the_end_of_every_step_is_reported_before_the_end_of_its_execution(world: World) -> None:
    world.run([processing(name, "") for name in ("A", "B", "C")])
    events = world.progress.events()
    assert isinstance(events[0], ExecutionStarted) and isinstance(events[-1], ExecutionFinished)
    assert len(world.progress.of(StepStarted)) == len(world.progress.of(StepFinished)) == 3
