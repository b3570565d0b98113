"""What a user gets wrong on the command line: one clear message, non-zero exit, no traceback, nothing half-written."""

from __future__ import annotations

import json
import shlex
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from contracts.template import load_template
from local_run.cli import app as local_run_app
from local_run.session import PROJECT, Session
from runs import templates
from runs.cli import app as runs_app
from runs.store import execution_store
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.slow
TEMPLATE = json.loads((PROJECT / "examples" / "templates" / "demo.json").read_text())


@pytest.fixture
def outputs(session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "outputs.json"
    path.write_text(json.dumps(session.outputs.exported()))
    monkeypatch.setenv("STACK_OUTPUTS", str(path))
    return path


def runs(*arguments: str) -> Result:
    return CliRunner().invoke(runs_app, list(arguments))


def refused(result: Result, *parts: str) -> None:
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    for part in parts:
        assert part in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.usefixtures("outputs")
def test_a_hyperparameter_out_of_range(session: Session) -> None:
    before = execution_store(session.stack).all()
    refused(runs("start", "demo", "--set", "epochs=0"), "epochs is '0'", "from 1 to 1000")
    assert execution_store(session.stack).all() == before


@pytest.mark.usefixtures("outputs")
def test_an_unknown_asset(session: Session, tmp_path: Path) -> None:
    template = tmp_path / "gold.json"
    template.write_text(json.dumps(TEMPLATE | {"id": "gold", "baseAssets": ["sp500", "gold"], "predictedAsset": "gold"}))
    assert runs("template", "put", str(template)).exit_code == 0
    before = execution_store(session.stack).all()
    refused(runs("start", "gold"), "asset gold", "does not exist")
    assert execution_store(session.stack).all() == before


@pytest.mark.usefixtures("outputs")
def test_prices_without_a_close(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "GOLD.csv"
    path.write_text("Date,Open\n2020-01-01,1\n")
    refused(runs("assets", "put", str(path)), "GOLD.csv is '1 rows'", "column Close is missing")
    listed = session.stack.s3.list_objects_v2(Bucket=session.outputs.assets_bucket, Prefix="assets/GOLD")
    assert listed["KeyCount"] == 0


@pytest.mark.usefixtures("outputs")
def test_a_predicted_asset_that_is_no_base_asset(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text(json.dumps(TEMPLATE | {"id": "wrong", "predictedAsset": "gold"}))
    refused(runs("template", "put", str(path)), "predictedAsset", "gold", "sp500")
    refused(runs("template", "show", "wrong"), "template id is 'wrong'; not found")


@pytest.mark.usefixtures("outputs")
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["start", "nothing"], "template id is 'nothing'; not found"),
        (["start", "demo", "--set", "epochs"], "name=value"),
        (["start", "demo", "--id", "a b"], "letters, digits and hyphens"),
        (["status", "nothing"], "not found"),
        (["report", "nothing"], "nothing"),
        (["report", "nothing", "--out", "/dev/null/reports"], "/dev/null is not a folder"),
    ],
)
def test_other_mistakes(arguments: list[str], expected: str) -> None:
    refused(runs(*arguments), expected)


def test_no_stack_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STACK_OUTPUTS", raising=False)
    refused(runs("list"), "pulumi stack output --json")


def test_an_endpoint_that_does_not_answer(outputs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free.getsockname()[1]}")
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        refused(runs("list"), "AWS", "the emulator is not running; start it with `python -m local_run up`")


@pytest.mark.usefixtures("outputs")
def test_what_is_stored_is_listed_and_a_start_is_followed(session: Session) -> None:
    assert "sp500" in runs("assets", "list").stdout
    assert "demo" in runs("template", "list").stdout
    started = runs("start", "demo", "--id", "by-command")
    assert started.stdout.strip() == "started by-command"
    item = execution_store(session.stack).get("by-command")
    assert item is not None
    assert session.sagemaker.wait(item["PipelineExecutionArn"], 120)
    assert runs("start", "demo", "--id", "by-command").stdout.strip() == "was started before: by-command"
    shown = runs("status", "by-command", "--log").stdout
    assert "Registered" in shown
    assert "evaluation begins" in shown
    assert "by-command" in runs("list").stdout


def test_a_taken_port(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "local_run", "up", "--port", port, "--out", str(tmp_path)]
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    assert done.returncode == 1
    assert f"port is {port}" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert list(tmp_path.iterdir()) == []


def test_wrong_settings_are_all_refused_before_anything_is_made(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "local_run", "demo", "--out", str(tmp_path)]
    command += ["--config", "trainingInstanceType=m5.large", "--config", "bucketNmae=x", "--config", "aws:region=eu-centrl-1"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    assert done.returncode == 1
    for part in ("ml.m5.large", "bucketNmae", "eu-central-1"):
        assert part in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


@pytest.mark.usefixtures("outputs")
def test_readme_s_second_terminal_works_as_printed(session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readme = (PROJECT / "README.md").read_text()
    block = readme.partition("In a second terminal")[2].split("```")[1]
    (tmp_path / "checkout").mkdir()
    (tmp_path / "checkout" / "examples").symlink_to(PROJECT / "examples")
    # As `up` stores it.
    templates.put(session.stack, load_template(PROJECT / "examples" / "templates" / "demo.json"), replace=True)
    monkeypatch.chdir(tmp_path / "checkout")
    for line in block.strip().splitlines():
        module, *words = shlex.split(line, comments=True)[2:]
        arguments = [path for word in words for path in (map(str, sorted(Path().glob(word))) if "*" in word else [word])]
        done = CliRunner().invoke({"runs": runs_app, "local_run": local_run_app}[module], arguments)
        assert done.exit_code == 0, f"{line}\n{done.output}"
    assert Path("out/first/report.html").is_file()
    item = execution_store(session.stack).get("first")
    assert item is not None
    assert session.sagemaker.wait(item["PipelineExecutionArn"], 120)
