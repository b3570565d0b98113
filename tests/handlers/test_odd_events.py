"""Events that the program once handled wrongly, from arrival to what a person sees of them."""

from __future__ import annotations

import json
import unicodedata
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from contracts.status import EXECUTING, FAILED
from contracts.tables import ExecutionAttribute
from handlers import execution_events
from handlers.events import MalformedEventError
from runs.listing import row_of
from runs.report import ReportBundle, build_report
from runs.stack import Stack
from runs.store import ExecutionStore
from runs.views import executions_table, log_text, steps_table, summary_lines
from tests.conftest import PIPELINE_ARN
from tests.fake_sagemaker import FakeSageMaker

CASES = Path(__file__).parent / "cases"
ARN = f"{PIPELINE_ARN}/execution/abcdefghijkl"


@pytest.fixture(autouse=True)
def deployed(stack: Stack, sagemaker: FakeSageMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution_events, "stack", lambda: stack)
    sagemaker.add(ARN, [{"Name": "ExecutionId", "Value": "e1"}])


def case(name: str, **changes: Any) -> dict[str, Any]:
    """The sample, for this stack's pipeline."""
    text = (CASES / f"{name}.json").read_text().replace("model-training-local", "pipe")
    read: dict[str, Any] = json.loads(text)
    read["detail"] |= changes
    return read


def shown(item: dict[str, Any]) -> str:
    """All that the command line and the report show of an item."""
    stream = StringIO()
    console = Console(file=stream, width=200, force_terminal=False)
    console.print(executions_table([row_of(item)], wide=True))
    console.print(steps_table(item))
    for line in (*summary_lines(item), log_text(item)):
        console.print(line, markup=False, highlight=False)
    return stream.getvalue() + build_report(ReportBundle.of_item(item))


def controls(text: str) -> set[str]:
    return {mark for mark in text if unicodedata.category(mark) in ("Cc", "Cs") and mark not in "\n\t"}


@pytest.mark.parametrize(
    ("name", "field"),
    [("step-status-null", "detail.currentStepStatus"), ("metadata-is-a-list", "detail.metadata"), ("time-overflows", "time")],
)
def test_a_malformed_event_names_its_field_and_stores_nothing(store: ExecutionStore, name: str, field: str) -> None:
    with pytest.raises(MalformedEventError, match=f": {field} is "):
        execution_events.handle(case(name))
    assert store.all() == []


def test_an_event_time_in_epoch_milliseconds_is_a_time_of_today(store: ExecutionStore) -> None:
    execution_events.handle(case("event-time-epoch-ms"))
    item = store.get("e1")
    assert item is not None
    assert (item[ExecutionAttribute.STATUS], item[ExecutionAttribute.STATUS_AT]) == (EXECUTING, "2025-11-25T12:00:00.000+00:00")


def test_a_retry_with_its_time_in_epoch_milliseconds_is_a_new_attempt(store: ExecutionStore) -> None:
    failed = case("event-time-epoch-ms", currentPipelineExecutionStatus=FAILED, previousPipelineExecutionStatus=EXECUTING)
    failed["time"] = "2025-11-25T11:30:00Z"
    execution_events.handle(failed)
    execution_events.handle(case("event-time-epoch-ms", previousPipelineExecutionStatus=FAILED))
    item = store.get("e1")
    assert item is not None
    assert (item[ExecutionAttribute.STATUS], item[ExecutionAttribute.ATTEMPT]) == (EXECUTING, 2)


REASONS = [
    "\x1b[31mred\x00\x07 text",
    "\x1b]0;title\x07",
    "\u202eevil",
    "a\r\nb",
    "half of a pair \ud83d",
    "[red]markup[/red]",
    "\x9b31m",
]


@pytest.mark.parametrize("reason", REASONS)
def test_foreign_text_is_stored_and_shown_without_control_characters(store: ExecutionStore, reason: str) -> None:
    execution_events.handle(case("control-characters-in-reason", failureReason=reason, stepName=f"Training{reason}"))
    item = store.get("e1")
    assert item is not None
    assert controls(shown(item)) == set()
    assert "\u202e" not in shown(item)
    assert len(store.changes("e1")) == 1
    assert execution_events.handle(case("control-characters-in-reason", failureReason=reason, stepName=f"Training{reason}"))
    assert len(store.changes("e1")) == 1


def test_the_sample_s_reason_is_shown_escaped(store: ExecutionStore) -> None:
    execution_events.handle(case("control-characters-in-reason"))
    item = store.get("e1")
    assert item is not None
    assert r"\x1b[31mred\x00\x07 text" in shown(item)


BAD_ITEMS: list[dict[str, Any]] = [
    {},
    {"Status": None, "Steps": None, "CreatedAt": None, "FailureReason": None, "Problems": None},
    {"Status": 7, "Steps": [], "CreatedAt": 7, "FailureReason": 7, "Problems": "text", "GateMetric": "x", "GateThreshold": []},
    {"Steps": {"A": None, "B": {}, "C": {"Status": None, "StartedAt": "soon", "EndedAt": "late", "Attempt": "x"}, "D": "text"}},
    {"Steps": {"A": {"StartedAt": "2026-01-01T00:00:00Z", "EndedAt": "never"}}, "Outcome": ["x"], "ModelPackageArn": {}},
    {"Status": "\ud800", "TemplateId": "\x1b[2J", "Origin": "\x00", "LogTail": "\x1b[2J", "Outcome": "\x07"},
    {"Snapshot": "not JSON", "Steps": {}},
    {"Snapshot": "[]"},
    {"Snapshot": '{"Template": 7, "Parameters": [], "Assets": {"a": null}}'},
    {"Status": "Succeeded", "Outcome": "Registered", "GateMetric": "NaN", "GateThreshold": None},
]


@pytest.mark.parametrize("bad", BAD_ITEMS)
def test_no_view_fails_on_stored_data(bad: dict[str, Any]) -> None:
    assert controls(shown({"Id": "e1", **bad})) == set()
