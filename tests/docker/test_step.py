"""The step in its container, laid out as SageMaker lays it out: the same bytes as the process, and an orderly end."""

from __future__ import annotations

import os
import shutil
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from contracts import layout
from contracts.manifest import directory_problems
from local_run.emulator.pipelines.steps.container import ContainerJob, DockerBackend
from local_run.emulator.processes import OwnedProcess
from tests.docker.conftest import BuiltImage, on_this_machine
from tests.fe_image.step_job import EXECUTOR, Cloud, Job, cloud, make_job, make_slow, put_snapshot, snapshot_of

__all__ = ["cloud"]
pytestmark = [pytest.mark.docker, on_this_machine]

STEP_SECONDS = 120
EXECUTOR_PATH = f"{layout.INPUT_CODE_DIR}/{EXECUTOR.name}"
OUTSIDE = ("PATH", "PYTHONPATH", "CONTAINER_ROOT")
root_only = pytest.mark.skipif(os.getuid() != 0, reason="only root can remove what the container's own user wrote")


@dataclass
class Contained:
    """A job run in the image."""

    job: Job
    image: BuiltImage
    name: str
    user: str | None = None
    lines: list[str] = field(default_factory=list)

    def start(self) -> OwnedProcess:
        code = self.job.root / EXECUTOR_PATH.lstrip("/")
        code.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(EXECUTOR, code)
        environment = {name: value for name, value in self.job.variables().items() if name not in OUTSIDE}
        command = ("python3", EXECUTOR_PATH, "--executionid", self.job.execution_id)
        backend = DockerBackend(self.image.docker.executable, self.user)
        container = ContainerJob(self.name, self.image.id, command, self.job.root, environment)
        return backend.start(container, self.lines.append)

    def run(self) -> int:
        process = self.start()
        code = process.wait(STEP_SECONDS)
        if code is None:
            process.end(5)
        assert code is not None, self.lines
        return code

    def wait_for(self, text: str) -> None:
        deadline = time.monotonic() + STEP_SECONDS
        while not any(text in line for line in self.lines):
            assert time.monotonic() < deadline, self.lines
            time.sleep(0.02)


@pytest.fixture
def contained(cloud: Cloud, image: BuiltImage, tmp_path: Path) -> Contained:
    name = f"step-{uuid.uuid4().hex[:12]}"
    return Contained(make_job(cloud, tmp_path / "container", name), image, name)


def test_the_same_bytes_as_the_process(contained: Contained, cloud: Cloud, tmp_path: Path) -> None:
    process = make_job(cloud, tmp_path / "process", contained.name)
    code, output = process.run()
    assert code == 0, output
    assert contained.run() == 0, contained.lines
    assert sorted(contained.job.files()) == sorted(process.files())
    different = [name for name, content in process.files().items() if contained.job.files()[name] != content]
    assert different == []
    assert directory_problems(contained.job.outputs) == []


def test_again_with_the_same_id_the_same_bytes(contained: Contained) -> None:
    assert contained.run() == 0, contained.lines
    first = contained.job.files()
    assert contained.run() == 0, contained.lines
    assert contained.job.files() == first


@root_only
def test_started_as_root_it_ends_as_its_own_user(contained: Contained) -> None:
    contained.user = "0:0"
    assert contained.run() == 0, contained.lines
    assert "running as step, no longer as root" in contained.lines[0]
    written = [path for path in contained.job.outputs.rglob("*") if path.is_file()]
    assert written
    assert {path.stat().st_uid for path in written} == {1000}


@root_only
def test_started_as_any_user_that_owns_the_folders(contained: Contained) -> None:
    contained.user = "12345:12345"
    for path in [contained.job.root, *contained.job.root.rglob("*")]:
        os.chown(path, 12345, 12345)
    (contained.job.root / "opt/ml/output").mkdir(parents=True, exist_ok=True)
    assert contained.run() == 0, contained.lines
    assert "running as user id 12345" in contained.lines[0]


def test_the_log_is_synced_while_the_container_runs(contained: Contained) -> None:
    contained.job.environment["LOG_SYNC_SECONDS"] = "0.05"
    assert contained.run() == 0, contained.lines
    item = contained.job.cloud.item(contained.name)
    assert int(item["LogRevision"]["N"]) >= 2
    assert "feature engineering ended" in item["LogTail"]["S"]
    key = f"executions/{contained.name}/logs/feature-engineering.log"
    whole = contained.job.cloud.s3.get_object(Bucket="models", Key=key)["Body"].read().decode()
    assert whole.splitlines() == contained.lines


def test_docker_stop_flushes_log_and_message(contained: Contained) -> None:
    """SIGTERM, as SageMaker sends it, goes through the container's init to the step."""
    make_slow(contained.job)
    contained.job.environment["LOG_SYNC_SECONDS"] = "3600"
    process = contained.start()
    contained.wait_for("feature engineering begins")
    contained.image.docker.run("stop", "--time", "20", contained.name)
    assert process.wait(STEP_SECONDS) == 1
    assert contained.job.message == "stopped by SIGTERM"
    assert "stopped by SIGTERM" in contained.job.cloud.item(contained.name)["LogTail"]["S"]
    assert directory_problems(contained.job.outputs), "no reader takes the remains for finished outputs"


def test_ending_the_job_ends_the_container(contained: Contained) -> None:
    make_slow(contained.job)
    process = contained.start()
    contained.wait_for("feature engineering begins")
    assert process.end(20) == 1
    assert contained.job.message == "stopped by SIGTERM"
    assert contained.image.docker.run("ps", "--all", "--quiet", "--filter", f"name={contained.name}") == ""


def test_a_failure_leaves_its_reason(contained: Contained) -> None:
    snapshot = snapshot_of(contained.job)
    snapshot["Template"]["predictedAsset"] = "gold"
    put_snapshot(contained.job.cloud, contained.name, snapshot)
    assert contained.run() == 1
    assert "predictedAsset is 'gold'" in contained.job.message
    assert not any("Traceback" in line for line in contained.lines)
