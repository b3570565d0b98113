from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pulumi import StringAsset

from components.functions import archive
from components.handlers import HANDLERS as ROWS
from components.sources import handler_sources
from contracts.environment import handler_variable
from tests.components.recording import ACCOUNT, ROOT, Recorder, run_program
from tests.patience import PATIENCE_SECONDS

KIND = "aws:lambda/function:Function"
HANDLER_OUTPUTS = {handler.module: handler.outputs for handler in ROWS}
HANDLERS = sorted(HANDLER_OUTPUTS)


def function(recorded: Recorder, handler: str) -> dict:
    (found,) = [item.inputs for item in recorded.of(KIND) if item.inputs["handler"] == f"handlers.{handler}.handle"]
    return found


def test_one_function_a_handler(recorded: Recorder) -> None:
    assert {item.inputs["handler"] for item in recorded.of(KIND)} == {f"handlers.{handler}.handle" for handler in HANDLERS}
    modules = {path.stem for path in (ROOT / "handlers").glob("*.py") if "def handle(" in path.read_text()}
    assert modules == set(HANDLERS), "a handler without a row in components/handlers.py, or the other way round"


@pytest.mark.parametrize("handler", HANDLERS)
def test_its_environment_is_what_the_handler_reads(dev: Recorder, handler: str) -> None:
    variables = function(dev, handler)["environment"]["variables"]
    assert set(variables) == {handler_variable(field) for field in HANDLER_OUTPUTS[handler]}
    if "EXECUTION_TABLE" in variables:
        assert variables["EXECUTION_TABLE"] == dev.exports["executionTable"]
        assert variables["PIPELINE_ARN"] == dev.exports["pipelineArn"]


@pytest.mark.parametrize("handler", HANDLERS)
def test_its_role_is_its_own(recorded: Recorder, handler: str) -> None:
    inputs = function(recorded, handler)
    assert inputs["role"] == f"arn:aws:iam::{ACCOUNT}:role/{inputs['name']}"


@pytest.mark.parametrize("handler", HANDLERS)
def test_its_code_runs_on_what_lambda_ships(tmp_path: Path, handler: str) -> None:
    for path, text in handler_sources(ROOT, handler).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    code = (
        f"import handlers.{handler} as module, sys\n"
        "assert callable(module.handle)\n"
        "ours = [m for m in sys.modules if m.split('.')[0] in ('contracts', 'runs', 'handlers')]\n"
        "assert all('" + str(tmp_path) + "' in str(sys.modules[m].__file__) for m in ours), ours\n"
        "extra = {'pydantic', 'pulumi', 'typer', 'rich', 'numpy', 'yaml', 'moto'} & sys.modules.keys()\n"
        "assert not extra, extra\n"
    )
    environment = {"PATH": os.environ["PATH"], "AWS_REGION": "eu-central-1"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_only_what_a_handler_imports_is_packed() -> None:
    cleanup, events = handler_sources(ROOT, "endpoint_cleanup"), handler_sources(ROOT, "execution_events")
    assert {"handlers/__init__.py", "handlers/endpoint_cleanup.py", "runs/stack.py", "contracts/tables.py"} <= cleanup.keys()
    assert "handlers/events.py" not in cleanup
    assert "handlers/reconcile.py" not in events
    assert not any(path.endswith(("template.py", "__main__.py")) for path in cleanup | events)


def test_a_changed_module_changes_those_that_use_it(tmp_path: Path) -> None:
    (tmp_path / "handlers").mkdir()
    (tmp_path / "runs").mkdir()
    (tmp_path / "handlers" / "__init__.py").touch()
    (tmp_path / "handlers" / "one.py").write_text("def handle():\n    from runs import deep\n    import runs.absent_name\n")
    (tmp_path / "handlers" / "two.py").write_text("import json\n")
    (tmp_path / "runs" / "deep.py").write_text("import runs.deeper as d\nfrom runs import deep  # a circle ends\n")
    (tmp_path / "runs" / "deeper.py").write_text("")
    assert set(handler_sources(tmp_path, "one")) == {
        "handlers/__init__.py", "handlers/one.py", "runs/deep.py", "runs/deeper.py",
    }  # fmt: skip
    assert set(handler_sources(tmp_path, "two")) == {"handlers/__init__.py", "handlers/two.py"}


def test_the_archive_is_made_of_content_not_of_paths() -> None:
    assets = archive(ROOT, "reconcile").assets
    assert all(isinstance(asset, StringAsset) for asset in assets.values())
    assert assets["handlers/reconcile.py"].text == (ROOT / "handlers" / "reconcile.py").read_text()


def test_logs_are_declared_kept_and_encrypted(recorded: Recorder) -> None:
    groups = {group.inputs["name"]: group.inputs for group in recorded.of("aws:cloudwatch/logGroup:LogGroup")}
    assert set(groups) == {f"/aws/lambda/{item.inputs['name']}" for item in recorded.of(KIND)}
    for inputs in groups.values():
        assert inputs["retentionInDays"] == (30 if recorded.stack == "dev" else 365)
        assert ("kmsKeyId" in inputs) == (recorded.stack == "prod")


def test_failures_are_kept_and_retries_end(recorded: Recorder) -> None:
    configs = recorded.of("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig")
    assert {config.inputs["functionName"] for config in configs} == {item.inputs["name"] for item in recorded.of(KIND)}
    for config in configs:
        queue = f"arn:aws:sqs:eu-central-1:{ACCOUNT}:model-training-{recorded.stack}-dead-letters"
        assert config.inputs["destinationConfig"]["onFailure"]["destination"] == queue
        assert config.inputs["maximumRetryAttempts"] == 2
        assert 60 <= config.inputs["maximumEventAgeInSeconds"] <= 21_600


def test_supported_runtime_traced_bounded(recorded: Recorder) -> None:
    for item in recorded.of(KIND):
        assert item.inputs["runtime"] == "python3.13"
        assert item.inputs["tracingConfig"] == {"mode": "Active"}
        assert item.inputs["reservedConcurrentExecutions"] == (-1 if recorded.stack == "dev" else 5)
        assert ("kmsKeyArn" in item.inputs) == (recorded.stack == "prod")


def test_a_function_waits_for_its_permissions_and_its_log_group(dev: Recorder) -> None:
    for item in dev.of(KIND):
        waits = " ".join(dev.requests[(KIND, item.name)].dependencies)
        assert "aws:iam/rolePolicy:RolePolicy::" in waits
        assert "aws:cloudwatch/logGroup:LogGroup::" in waits


def test_concurrency_is_a_setting() -> None:
    recorded = run_program("dev", handlerConcurrency=20)
    assert {item.inputs["reservedConcurrentExecutions"] for item in recorded.of(KIND)} == {20}
