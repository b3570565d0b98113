from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from runs.report.write import WrittenReport
from runs.views import executions_table, report_lines, steps_table

ITEM = {
    "Id": "demo-20261123-034139-91c8",
    "TemplateId": "weekly-of-the-indices",
    "Status": "Succeeded",
    "Outcome": "NotRegistered",
    "CreatedAt": "2026-11-23T03:41:39.397+00:00",
    "Origin": "runs",
}


@pytest.mark.parametrize("width", [50, 80])
@pytest.mark.parametrize("execution_id", [ITEM["Id"], "an-id-that-somebody-chose-for-it"])
def test_an_executions_id_can_be_copied_from_a_narrow_terminal(width: int, execution_id: str) -> None:
    console = Console(width=width)
    with console.capture() as shown:
        console.print(executions_table([ITEM | {"Id": execution_id}]))
    assert execution_id in shown.get()


@pytest.mark.parametrize("template", ["demo", "weekly-of-the-indices"])
@pytest.mark.parametrize("status", ["Executing", "Succeeded"])
def test_the_time_and_the_outcome_can_be_read_in_80_columns(template: str, status: str) -> None:
    console = Console(width=80)
    with console.capture() as shown:
        console.print(executions_table([ITEM | {"TemplateId": template, "Status": status}]))
    last = shown.get().rstrip().splitlines()[-1]
    for part in (ITEM["Id"], status, "NotRegistered", "2026-11-23 03:41"):
        assert part in last


def test_the_time_of_creation_is_told_to_the_minute() -> None:
    console = Console(width=200)
    with console.capture() as shown:
        console.print(executions_table([ITEM]))
    assert " 2026-11-23 03:41 " in shown.get()


@pytest.mark.parametrize(("judges_model", "label"), [(True, "verdict  "), (False, "status   ")])
def test_only_what_is_said_of_the_model_is_called_a_verdict(judges_model: bool, label: str) -> None:
    lines = report_lines(WrittenReport("So it is.", {"report": Path("/x")}, judges_model))
    assert lines == [f"{label}So it is.", "report   /x"]


def test_a_reason_that_stands_above_the_steps_is_told_there_once() -> None:
    reason = "template: 1 problem\n- testWindows is [4]; allowed: 3"
    moment = "2020-01-01T00:00:00Z"
    failed = {"Status": "Failed", "StartedAt": moment, "EndedAt": moment, "FailureReason": reason}
    for said, told in ((f"FeatureEngineering: {reason}", False), ("One or multiple steps failed", True)):
        console = Console(width=200)
        with console.capture() as shown:
            console.print(steps_table({"Id": "x", "FailureReason": said, "Steps": {"FeatureEngineering": failed}}))
        assert ("testWindows is [4]" in shown.get()) is told
        assert "template: 1 problem" in shown.get()
        assert " < 1 s " in shown.get()
