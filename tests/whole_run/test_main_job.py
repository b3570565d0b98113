"""What the README promises: ``demo`` to its end, and ``up`` with ``runs`` in a second terminal."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from local_run.session import PROJECT
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.slow
PYTHON = [sys.executable, "-m"]


def test_the_demo_ends_with_a_forecast_to_look_at(tmp_path: Path) -> None:
    command = [*PYTHON, "local_run", "demo", "--set", "epochs=1", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    output = done.stdout
    execution = re.search(r"^execution +(\S+)$", output, re.MULTILINE)
    assert execution is not None
    for step in ("FeatureEngineering", "Training", "CreateModel", "Backtest", "Evaluation", "QualityGate"):
        assert re.search(rf"│ {step} +│ Succeeded +│ +(< 1 s|[0-9][0-9a-z ]* (s|min)) │", output)
    assert "epoch 1 of 1, training loss" in output
    assert re.search(r"^outcome +(Not)?Registered \(.*skill", output, re.MULTILINE)
    assert re.search(r"│ model +│ 0\.\d{5} │ [01]\.\d{3} +│", output)
    assert re.search(r"│ .*\(best on the calibration windows\) +│ 0\.\d{5} │ 1\.000 +│", output)
    folder = tmp_path / execution[1]
    assert f"report   {folder / 'report.html'}" in output
    assert {path.name for path in folder.iterdir()} == {"report.html", "forecast.png"}


def test_a_demo_that_is_asked_to_end_leaves_nothing_running(tmp_path: Path) -> None:
    command = [*PYTHON, "local_run", "demo", "--out", str(tmp_path)]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert any(line.startswith("Training: epoch 1 ") for line in process.stdout)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130
    left = [path for path in Path("/proc").glob("[0-9]*/cmdline") if str(tmp_path).encode() in _content(path)]
    assert left == []
    assert list(tmp_path.iterdir()) == []


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # a process that has ended meanwhile
        return b""


@pytest.fixture
def second_terminal(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """``up`` in the foreground of a process of its own, and the environment that its exports make."""
    command = [*PYTHON, "local_run", "up", "--out", str(tmp_path)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            assert process.stdout is not None
            exported = next(line for line in process.stdout if line.startswith("export "))
            values = dict(item.split("=", 1) for item in exported.split()[1:])
            yield process, {**os.environ, **values, "COLUMNS": "200"}
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE_SECONDS)


def test_runs_works_on_up_as_on_aws(second_terminal: tuple[subprocess.Popen[str], dict[str, str]], tmp_path: Path) -> None:
    process, environment = second_terminal

    def runs(*arguments: str) -> str:
        command = [*PYTHON, "runs", *arguments]
        done = subprocess.run(
            command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert runs("start", "demo", "--id", "second", "--set", "epochs=1").strip() == "started second"
    assert process.stdout is not None
    report = next(line for line in process.stdout if line.startswith("Report"))
    assert "runs report second" in report
    assert re.search(r"outcome +(Not)?Registered", runs("status", "second"))
    runs("report", "second", "--out", str(tmp_path))
    assert (tmp_path / "second" / "forecast.png").is_file()
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_SECONDS) == 0
    assert list(tmp_path.glob("**/outputs.json")) == [], "it names what is gone"


def test_an_empty_account_is_there_for_the_cli(tmp_path: Path) -> None:
    command = [*PYTHON, "local_run", "up", "--empty", "--out", str(tmp_path)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            assert process.stdout is not None
            exported = next(line for line in process.stdout if line.startswith("export "))
            values = dict(item.split("=", 1) for item in exported.split()[1:])
            keys = (values["AWS_ACCESS_KEY_ID"], values["AWS_SECRET_ACCESS_KEY"])
            s3 = boto3.Session(*keys).client("s3", values["AWS_REGION"], endpoint_url=values["AWS_ENDPOINT_URL"])
            assert s3.list_buckets()["Buckets"] == []
            assert "pulumi up -s local\n" in process.stdout
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_SECONDS) == 0
    assert list(tmp_path.iterdir()) == []
