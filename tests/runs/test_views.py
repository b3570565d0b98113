"""What `runs` prints: tables and lines from stored items, including incomplete and damaged ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from runs.listing import row_of
from runs.report.write import WrittenReport
from runs.upsert import Upsert
from runs.views import (
    assets_table,
    duration,
    executions_table,
    log_text,
    report_lines,
    steps_table,
    summary_lines,
    templates_table,
    upsert_line,
)

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
        console.print(executions_table([row_of(ITEM | {"Id": execution_id})]))
    assert execution_id in shown.get()


@pytest.mark.parametrize("template", ["demo", "weekly-of-the-indices"])
@pytest.mark.parametrize("status", ["Executing", "Succeeded"])
def test_the_time_and_the_outcome_can_be_read_in_80_columns(template: str, status: str) -> None:
    console = Console(width=80)
    with console.capture() as shown:
        console.print(executions_table([row_of(ITEM | {"TemplateId": template, "Status": status})]))
    last = shown.get().rstrip().splitlines()[-1]
    for part in (ITEM["Id"], status, "NotRegistered", "2026-11-23 03:41"):
        assert part in last


def test_the_time_of_creation_is_shown_to_the_minute() -> None:
    console = Console(width=200)
    with console.capture() as shown:
        console.print(executions_table([row_of(ITEM)]))
    assert " 2026-11-23 03:41 " in shown.get()


@pytest.mark.parametrize(("judges_model", "label"), [(True, "verdict  "), (False, "status   ")])
def test_only_a_headline_about_the_model_is_called_a_verdict(judges_model: bool, label: str) -> None:
    lines = report_lines(WrittenReport("So it is.", {"report": Path("/x")}, judges_model))
    assert lines == [f"{label}So it is.", "report   /x"]


def test_a_reason_that_is_shown_above_the_steps_is_not_repeated() -> None:
    reason = "template: 1 problem\n- testWindows is [4]; allowed: 3"
    moment = "2020-01-01T00:00:00Z"
    failed = {"Status": "Failed", "StartedAt": moment, "EndedAt": moment, "FailureReason": reason}
    for summary, repeated in ((f"FeatureEngineering: {reason}", False), ("One or multiple steps failed", True)):
        console = Console(width=200)
        with console.capture() as shown:
            console.print(steps_table({"Id": "x", "FailureReason": summary, "Steps": {"FeatureEngineering": failed}}))
        assert ("testWindows is [4]" in shown.get()) is repeated
        assert "template: 1 problem" in shown.get()
        assert " < 1 s " in shown.get()


def columns(table: Table) -> list[list[str]]:
    """Each column: its header, then its cells."""
    return [[str(column.header), *map(str, column.cells)] for column in table.columns]


GATE = {"GateMetric": "0.0567", "GateThreshold": "-0.05", "GateBaseline": "seasonal naive"}
DONE = {"Id": "e1", "Status": "Succeeded", "Outcome": "Registered", "ModelPackageArn": "arn:package"}


def test_a_summary_has_a_line_for_each_known_fact() -> None:
    assert summary_lines(DONE | GATE | {"Problems": ["first\x1b[31m", "second"]}) == [
        "execution  e1",
        "status     Succeeded",
        "outcome    Registered (skill +5.7% against seasonal naive; required: -5.0%)",
        "model      arn:package",
        "note       first\\x1b[31m",
        "note       second",
    ]


def test_a_summary_of_a_failure_has_its_reason_and_no_outcome() -> None:
    failed = {"Id": "e1", "Status": "Failed", "FailureReason": "no capacity"}
    assert summary_lines(failed) == ["execution  e1", "status     Failed", "reason     no capacity"]


@pytest.mark.parametrize(
    ("figures", "shown"),
    [
        (
            {"GateMetric": "-0.1", "GateThreshold": "0.02", "GateBaseline": "drift"},
            " (skill -10.0% against drift; required: +2.0%, 12.0% short)",
        ),
        ({"GateMetric": "0.02", "GateThreshold": "0.02"}, " (skill +2.0% against the best baseline; required: +2.0%)"),
        ({"GateMetric": "0.5"}, ""),
        ({"GateThreshold": "0.5"}, ""),
        ({"GateMetric": "unknown", "GateThreshold": "0.5"}, ""),
    ],
)
def test_an_outcome_has_both_figures_of_the_gate_or_none(figures: dict[str, str], shown: str) -> None:
    assert f"outcome    NotRegistered{shown}" in summary_lines({"Id": "e1", "Outcome": "NotRegistered"} | figures)


def test_a_log_that_has_not_arrived_is_reported() -> None:
    assert log_text({}) == "no log yet"
    assert log_text({"LogTail": "one\ntwo\x07"}) == "one\ntwo\\x07"


def test_executions_without_optional_facts_have_a_dash_or_an_empty_cell() -> None:
    assert columns(executions_table([row_of(ITEM), row_of({"Id": "e2"})])) == [
        ["execution", ITEM["Id"], "e2"],
        ["template", "weekly-of-the-indices", ""],
        ["status", "Succeeded", ""],
        ["outcome", "NotRegistered", ""],
        ["created (UTC)", "2026-11-23 03:41", "–"],
        ["origin", "runs", ""],
    ]


def test_steps_are_listed_in_the_pipelines_order_and_unknown_ones_last() -> None:
    steps = {name: {"Status": "Succeeded"} for name in ("Zebra", "QualityGate", "Training", "Another", "FeatureEngineering")}
    steps["Training"] |= {"StartedAt": "2020-01-01T00:00:00Z", "EndedAt": "2020-01-01T00:01:05Z", "FailureReason": "odd"}
    assert columns(steps_table({"Id": "e1", "Steps": steps})) == [
        ["step", "FeatureEngineering", "Training", "QualityGate", "Another", "Zebra"],
        ["status", *["Succeeded"] * 5],
        ["duration", "–", "1 min 5 s", "–", "–", "–"],
        ["reason", "", "odd", "", "", ""],
    ]
    assert str(steps_table({"Id": "e1"}).title) == "Steps of e1"


def test_damaged_steps_are_shown_as_far_as_they_can_be_read() -> None:
    assert columns(steps_table({"Id": "e1", "Steps": "none"}))[0] == ["step"]
    assert [column[1] for column in columns(steps_table({"Id": "e1", "Steps": {"Training": 7}}))] == ["Training", "–", "–", ""]


def test_a_duration_needs_a_start_and_an_end_that_can_be_read() -> None:
    start = "2020-01-01T00:00:00Z"
    assert duration({}) == duration({"StartedAt": "then"}) == duration({"StartedAt": start, "EndedAt": "then"}) == "–"
    assert duration({"StartedAt": start, "EndedAt": "2020-01-01T02:03:00Z"}) == "2 h 3 min"
    assert duration({"StartedAt": start}).endswith(" min"), "a step that runs has a duration until now"


@pytest.mark.parametrize(
    ("done", "line"),
    [
        (Upsert("stored"), "stored template mine"),
        (Upsert("unchanged", "2026-11-25T08:45:10.000+00:00"), "unchanged template mine"),
        (Upsert("replaced", "2026-11-25T08:45:10.000+00:00"), "replaced template mine (of 2026-11-25 08:45)"),
        (Upsert("replaced"), "replaced template mine (of –)"),
    ],
)
def test_an_upsert_line_dates_what_was_replaced(done: Upsert, line: str) -> None:
    assert upsert_line(done, "template mine") == line


def test_assets_and_templates_are_listed_with_all_their_columns() -> None:
    asset = {"AssetName": "A", "Rows": 2, "FirstDate": "2020-01-01", "LastDate": "2020-01-02", "VersionId": "v"}
    assert columns(assets_table([asset | {"Source": "s"}, asset])) == [
        ["asset", "A", "A"],
        ["rows", "2", "2"],
        ["first", "2020-01-01", "2020-01-01"],
        ["last", "2020-01-02", "2020-01-02"],
        ["version", "v", "v"],
        ["source", "s", ""],
    ]
    template = {"Id": "mine", "BaseAssets": ["A", "B"], "StoredAt": "2026-11-25T08:45:10.000+00:00"}
    assert columns(templates_table([template, {"Id": "old"}])) == [
        ["template", "mine", "old"],
        ["assets", "A, B", ""],
        ["stored", "2026-11-25T08:45:10.000+00:00", "–"],
    ]


def advice_line(**figures: str) -> str | None:
    lines = summary_lines(DONE | {"Outcome": "NotRegistered"} | figures)
    return next((line for line in lines if line.startswith("advice")), None)


def test_a_rejected_model_comes_with_what_to_do() -> None:
    rejected = {"GateMetric": "-0.1234", "GateThreshold": "-0.05", "GateBaseline": "seasonal naive"}
    assert advice_line(**rejected) == (
        "advice     train longer (epochs), lengthen context_length, or add features; until then, seasonal naive forecasts "
        "better. To accept a model of this skill, set gateMargin to 0.124 or more in the template"
    )
    skilled = advice_line(**(rejected | {"GateMetric": "0.05", "GateThreshold": "0.1"}))
    assert skilled is not None
    assert "forecasts better" not in skilled
    assert skilled.endswith("set gateMargin to -0.05 or more in the template")


@pytest.mark.parametrize("metric", ["0.2", "0.1", "unknown"])
def test_no_advice_without_figures_that_reject(metric: str) -> None:
    assert advice_line(GateMetric=metric, GateThreshold="0.1") is None


def test_an_ablation_is_said_never_to_be_registered() -> None:
    item = {
        "Id": "e1-ablation", "Kind": "ablation", "Status": "Succeeded", "Outcome": "NotRegistered", "GateMetric": "0.1",
        "GateThreshold": "2", "GateBaseline": "drift",
    }  # fmt: skip
    lines = summary_lines(item)
    assert "outcome    NotRegistered (skill +10.0% without dynamic features; an ablation is never registered)" in lines
    assert not [line for line in lines if line.startswith("advice")]
