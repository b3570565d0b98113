"""The step as SageMaker runs it: the executor as a process, its item and files in an emulator on the loopback."""

from __future__ import annotations

import hashlib
import json
import signal
import time
from pathlib import Path

import pytest

from contracts import layout
from contracts.manifest import directory_problems
from contracts.tables import EXECUTION
from fe_image.container.log_sync import CLOSE_SECONDS
from tests.fe_image.step_job import ARN, REGION, REPOSITORY, Cloud, Job, cloud, make_job, make_slow, put_snapshot, snapshot_of
from tests.patience import PATIENCE_SECONDS

__all__ = ["cloud"]  # its fixture


@pytest.fixture
def job(cloud: Cloud, tmp_path: Path, request: pytest.FixtureRequest) -> Job:
    return make_job(cloud, tmp_path, f"run-{hashlib.sha256(request.node.name.encode()).hexdigest()[:12]}")


def test_the_step_writes_its_files_and_its_log(job: Job):
    code, output = job.run()
    assert code == 0, output
    assert directory_problems(job.outputs) == []
    manifest = json.loads((job.outputs / "manifest/manifest.json").read_text())
    assert manifest["execution_id"] == job.execution_id
    item = job.cloud.item(job.execution_id)
    assert int(item["LogRevision"]["N"]) >= 2
    assert "feature engineering ended" in item["LogTail"]["S"]
    log = job.log()
    assert log.endswith(item["LogTail"]["S"])
    assert not set(log.splitlines()) - set(output.splitlines())  # two threads log, so the order of lines may differ
    assert json.loads((job.outputs / "evaluation/importance.json").read_text())["scores"]


def test_again_with_the_same_id_the_same_bytes(job: Job):
    assert job.run()[0] == 0
    first = job.files()
    assert job.run()[0] == 0
    assert job.files() == first


def test_the_log_arrives_while_the_step_runs(job: Job):
    job.environment["LOG_SYNC_SECONDS"] = "0.02"
    process = job.start()
    seen = set()
    while process.poll() is None:
        item = job.cloud.item(job.execution_id)
        if "LogRevision" in item and "feature engineering ended" not in item["LogTail"]["S"]:
            seen.add(int(item["LogRevision"]["N"]))
        time.sleep(0.01)
    assert process.communicate()[0]
    assert len(seen) >= 2, "two revisions before the step ends"


def test_another_version_of_an_asset_is_refused(job: Job):
    path = job.root / layout.INPUT_ASSETS_DIR.lstrip("/") / "A1.csv"
    recorded = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_text(path.read_text() + "2030-01-01,5.0\n")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    code, output = job.run()
    assert code == 1
    assert f"assets/A1.csv is 'SHA-256 {found}'" in job.message
    assert f"version v1 with SHA-256 {recorded}" in job.message
    assert "Traceback" not in output
    assert not job.outputs.exists()


def test_an_asset_that_was_not_downloaded_is_named_by_its_key(job: Job):
    (job.root / layout.INPUT_ASSETS_DIR.lstrip("/") / "A2.csv").unlink()
    assert job.run()[0] == 1
    assert "assets/A2.csv is '0 rows'" in job.message


def test_a_template_in_the_snapshot_is_validated_again(job: Job):
    snapshot = snapshot_of(job)
    snapshot["Template"]["predictedAsset"] = "gold"
    put_snapshot(job.cloud, job.execution_id, snapshot)
    assert job.run()[0] == 1
    assert "predictedAsset is 'gold'" in job.message
    assert "predictedAsset is 'gold'" in job.cloud.item(job.execution_id)["LogTail"]["S"]


def test_an_id_without_an_item(job: Job):
    job.execution_id = "unknown"
    assert job.run()[0] == 1
    assert "--executionid is 'unknown'" in job.message
    answer = job.cloud.dynamodb.get_item(TableName=EXECUTION.name, Key={"Id": {"S": "unknown"}})
    assert "Item" not in answer, "the log makes no item"
    assert not job.log_exists(), "nor an object"


def test_an_item_of_another_pipeline_execution_is_refused(job: Job):
    put_snapshot(job.cloud, job.execution_id, snapshot_of(job), PipelineExecutionArn={"S": ARN})
    job.environment["PIPELINE_EXECUTION_ARN"] = ARN.replace("abc", "def")
    assert job.run()[0] == 1
    assert "start it with an id of its own" in job.message
    job.environment["PIPELINE_EXECUTION_ARN"] = ARN
    assert job.run()[0] == 0


def test_a_refused_container_leaves_the_log_of_the_rightful_one(job: Job):
    put_snapshot(job.cloud, job.execution_id, snapshot_of(job), PipelineExecutionArn={"S": ARN})
    job.environment["PIPELINE_EXECUTION_ARN"] = ARN
    assert job.run()[0] == 0
    item, log = job.cloud.item(job.execution_id), job.log()
    job.environment["PIPELINE_EXECUTION_ARN"] = ARN.replace("abc", "def")
    code, output = job.run()
    assert code == 1
    assert "start it with an id of its own" in output, "its own log goes only to stdout"
    assert job.cloud.item(job.execution_id) == item
    assert job.log() == log


def test_an_item_without_a_snapshot(job: Job):
    job.cloud.dynamodb.put_item(TableName=EXECUTION.name, Item={"Id": {"S": job.execution_id}})
    assert job.run()[0] == 1
    assert "Snapshot is missing" in job.message


def test_bad_environment_is_named_at_once(job: Job):
    job.environment |= {"EXECUTION_TABLE": "", "MODELS_BUCKET": "", "LOG_SYNC_SECONDS": "often", "TEST_QUANTILES": "0.1,0.9"}
    job.execution_id = "a_b"
    code, output = job.run()
    assert code == 1
    for name in (
        "EXECUTION_TABLE", "MODELS_BUCKET", "LOG_SYNC_SECONDS is 'often'", "--executionid is 'a_b'",
        "TEST_QUANTILES is '0.1,0.9'; allowed: a JSON list of different numbers between 0 and 1",
    ):  # fmt: skip
        assert name in job.message
    assert "Traceback" not in output


def test_a_table_that_is_not_there_is_named(job: Job):
    job.environment["EXECUTION_TABLE"] = "not-there"
    code, output = job.run()
    assert code == 1
    assert f"EXECUTION_TABLE is 'not-there'; allowed: a table of this account in {REGION}" in job.message
    assert "Traceback" not in output


def test_a_missing_bucket_for_the_log_does_not_fail_the_step(job: Job):
    job.environment["MODELS_BUCKET"] = "gone"
    code, output = job.run()
    assert code == 0, output
    assert directory_problems(job.outputs) == []
    assert "log sync of the object failed" in output


def test_a_cloud_that_hangs_delays_the_end_by_a_few_seconds_at_most(job: Job):
    """The files are complete by then, and the wait at the end is limited, however long the cloud hangs."""
    with job.cloud.hang.on("UpdateItem", "PUT"):
        process = job.start()
        while "evaluation/target.json: " not in (line := process.stdout.readline()):
            assert line, "the step ended without its files"
        output, _ = process.communicate(timeout=PATIENCE_SECONDS)  # the cloud itself hangs until this block ends
    assert process.returncode == 0, output
    assert directory_problems(job.outputs) == []
    assert CLOSE_SECONDS <= 20  # SIGKILL follows 30 s after SIGTERM


def test_sigterm_flushes_log_and_message(job: Job):
    make_slow(job)
    job.environment["LOG_SYNC_SECONDS"] = "3600"
    process = job.start()
    while "feature engineering begins" not in process.stdout.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1
    assert job.message == "stopped by SIGTERM"
    assert "stopped by SIGTERM" in job.cloud.item(job.execution_id)["LogTail"]["S"]
    assert directory_problems(job.outputs)


def test_a_second_sigterm_does_not_cut_the_flush(job: Job):
    make_slow(job)
    job.environment["LOG_SYNC_SECONDS"] = "3600"
    process = job.start()
    while "feature engineering begins" not in process.stdout.readline():
        assert process.poll() is None
    with job.cloud.hang.on("UpdateItem"):
        process.send_signal(signal.SIGTERM)
        while "stopped by SIGTERM" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
    process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1
    assert job.message == "stopped by SIGTERM"
    assert "stopped by SIGTERM" in job.cloud.item(job.execution_id)["LogTail"]["S"]


def test_sigterm_while_libraries_are_imported(job: Job, tmp_path: Path):
    stub_library(job, tmp_path, "import time; print('importing', flush=True); time.sleep(6000)")
    process = job.start()
    assert process.stdout.readline() == "importing\n"
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1
    assert job.message == "stopped by SIGTERM"


def test_an_import_that_fails_is_in_the_message(job: Job, tmp_path: Path):
    stub_library(job, tmp_path, "raise ImportError('wheel of another platform')")
    code, output = job.run()
    assert code == 1
    assert job.message == "ImportError: wheel of another platform"
    assert "Traceback" in output


def stub_library(job: Job, folder: Path, code: str) -> None:
    """Puts other code in the place of a library that the step imports."""
    (folder / "stubs").mkdir()
    (folder / "stubs/orjson.py").write_text(code)
    job.environment["PYTHONPATH"] = f"{folder / 'stubs'}:{REPOSITORY}"


def test_a_message_fits_into_the_failure_reason(job: Job):
    snapshot = snapshot_of(job)
    snapshot["Template"]["features"] = {f"nonsense{number}": {} for number in range(100)}
    put_snapshot(job.cloud, job.execution_id, snapshot)
    assert job.run()[0] == 1
    assert len(job.message) <= 1024
    assert job.message.startswith("template: 100 problems")


def test_two_executions_at_once_write_apart(cloud: Cloud, tmp_path: Path):
    assets = {"a": "A0", "b": "A1"}
    jobs = [make_job(cloud, tmp_path / name, f"both-{name}", predictedAsset=asset) for name, asset in assets.items()]
    processes = [job.start() for job in jobs]
    for process in processes:
        process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 0
    keys = {item["Key"] for item in cloud.s3.list_objects_v2(Bucket="models", Prefix="executions/both-")["Contents"]}
    assert keys == {f"executions/both-{name}/logs/feature-engineering.log" for name in "ab"}
    targets = [json.loads((job.outputs / "evaluation/target.json").read_text())["asset"] for job in jobs]
    assert targets == ["A0", "A1"]
