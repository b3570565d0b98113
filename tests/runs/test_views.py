from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from runs.report.write import WrittenReport
from runs.views import executions_table, report_lines

ITEM = {
    "Id": "demo-20261123-034139-91c8",
    "TemplateId": "weekly-of-the-indices",
    "Status": "Succeeded",
    "Outcome": "NotRegistered",
    "CreatedAt": "2026-11-23T03:41:39.397+00:00",
    "Origin": "runs",
}


def test_an_executions_id_can_be_copied_from_a_narrow_terminal() -> None:
    console = Console(width=80)
    with console.capture() as shown:
        console.print(executions_table([ITEM]))
    assert ITEM["Id"] in shown.get()


def test_the_time_of_creation_is_told_to_the_minute() -> None:
    console = Console(width=200)
    with console.capture() as shown:
        console.print(executions_table([ITEM]))
    assert " 2026-11-23 03:41 " in shown.get()


@pytest.mark.parametrize(("judged", "label"), [(True, "verdict  "), (False, "status   ")])
def test_only_what_is_said_of_the_model_is_called_a_verdict(judged: bool, label: str) -> None:
    lines = report_lines(WrittenReport("So it is.", {"report": Path("/x")}, judged))
    assert lines == [f"{label}So it is.", "report   /x"]
