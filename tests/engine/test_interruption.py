"""A killed ``up``: what it left half-done is found, and one way or the other brought to an end."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.cli import Cli, kill
from tests.engine.facts import client

HOLD_SECONDS = 120
PIPELINE, TABLE = "aws:sagemaker/pipeline:Pipeline", "aws:dynamodb/table:Table"


def test_a_killed_up_recovers(cli: Callable[[str], Cli], tmp_path: Path) -> None:
    """Killed after SageMaker made the pipeline and before Pulumi knew: the worst moment."""
    deployed = cli("dev")
    _kill_while_creating(deployed, PIPELINE, tmp_path / "held")
    name = "model-training-dev"
    assert client(deployed, "sagemaker").describe_pipeline(PipelineName=name)["PipelineName"] == name

    locked = deployed.run("up", "--yes", "--skip-preview", check=False)
    assert locked.code != 0 and "pulumi cancel" in locked.text
    deployed.run("cancel", "--yes")
    (pending,) = deployed.export()["deployment"]["pending_operations"]
    assert (pending["type"], pending["resource"]["type"]) == ("creating", PIPELINE)
    _adopt(deployed, pending["resource"], name)
    deployed.run("refresh", "--yes", "--skip-preview", "--clear-pending-creates")
    deployed.up()
    deployed.require_unchanged()
    assert "pending_operations" not in deployed.export()["deployment"]


def _kill_while_creating(deployed: Cli, type_: str, mark: Path) -> None:
    """Run ``up`` until a resource of the type was made, and kill it before it hears of that."""
    held = Cli(deployed.project, deployed.stack, deployed.environment, extra={
        "EMULATED_HOLD_TYPE": type_, "EMULATED_HOLD_FILE": str(mark),
    })  # fmt: skip
    # One at a time: otherwise a busy machine has other resources in flight when the CLI is killed.
    process = held.start("up", "--yes", "--skip-preview", "--parallel", "1")
    deadline = time.monotonic() + HOLD_SECONDS
    while not mark.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.2)
    kill(process)
    try:
        output = "".join(process.communicate(timeout=30))
    except subprocess.TimeoutExpired:
        pytest.fail("a process that the CLI had started outlived it")
    assert mark.exists(), output


def _adopt(deployed: Cli, resource: dict[str, Any], id_: str) -> None:
    """Take what exists into the state."""
    where = ("--parent", f"parent={resource['parent']}", "--protect=false", "--generate-code=false")
    deployed.run("import", resource["type"], resource["urn"].rsplit("::", 1)[1], id_, *where, "--yes", "--skip-preview")
