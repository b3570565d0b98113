"""The command line prints what is stored, with any characters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from runs import cli
from runs.report import write

REASON = "template: assets are [sp500, wti]; see [/opt/ml/input]"


@pytest.fixture(autouse=True)
def no_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.Stack, "load", lambda path: None)


def test_a_reason_in_square_brackets_is_told_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    failed: dict[str, Any] = {"Id": "x", "Status": "Failed", "FailureReason": REASON, "Steps": {}}
    monkeypatch.setattr(cli, "stored_execution", lambda stack, execution_id: failed)
    shown = CliRunner().invoke(cli.app, ["status", "x"])
    assert (shown.exit_code, f"reason     {REASON}\n" in shown.stdout) == (1, True)


def test_a_report_of_a_running_execution_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    written = write.WrittenReport("Executing: no verdict yet.", {"report": Path("/a [b]/report.html")}, judges_model=False)
    monkeypatch.setattr(write, "write_report", lambda stack, execution_id, out: written)
    shown = CliRunner().invoke(cli.app, ["report", "x"])
    assert shown.stdout.splitlines() == ["status   Executing: no verdict yet.", "report   /a [b]/report.html"]
