"""Tables and lines that the command line shows. Every stored text is escaped, and a bad stored value never fails a view."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from contracts import status as st
from contracts.display import printable
from contracts.tables import AssetAttribute, ExecutionAttribute, StepKey, TemplateAttribute
from contracts.times import stored_time
from runs.formatting import format_duration, shorten_repeated
from runs.upsert import Upsert

if TYPE_CHECKING:
    from runs.report.write import WrittenReport

_NO_TERMINAL_WIDTH = 240
_COLOURS = {st.SUCCEEDED: "green", st.FAILED: "red", st.STOPPED: "yellow", st.EXECUTING: "cyan", st.STARTING: "cyan"}
_MISSING = "–"
#: Fields of an execution's row → title of the column, on a narrow and on a wide terminal. Times are UTC.
_NARROW = {
    "execution": "execution", "template": "template", "status": "status", "outcome": "outcome", "created": "created (UTC)",
    "origin": "origin",
}  # fmt: skip
_WIDE = {
    "execution": "execution", "template": "template", "kind": "kind", "asset": "asset", "asOf": "as of", "status": "status",
    "step": "step", "outcome": "outcome", "skill": "skill", "created": "created (UTC)", "origin": "origin",
}  # fmt: skip


def console() -> Console:
    """Return a console as wide as the terminal; without a terminal, one that is wide enough not to cut any cell."""
    found = Console()
    return found if found.is_terminal or "COLUMNS" in os.environ else Console(width=_NO_TERMINAL_WIDTH)


def cell(value: object) -> Text:
    """Return stored text for a table: escaped, and never read as markup."""
    return Text(printable(_MISSING if value is None else value))


def coloured(status: object) -> Text:
    """Return a status in its colour."""
    return Text(printable(_MISSING if status is None else status), style=_COLOURS.get(str(status), ""))


def steps_table(item: Mapping[str, Any]) -> Table:
    """Return the steps with status and duration, in the pipeline's order.

    A reason that ``summary_lines`` already shows is not repeated in full.
    """
    table = Table(title=Text(f"Steps of {printable(item[ExecutionAttribute.ID])}"), title_justify="left")
    for column, justify in (("step", "left"), ("status", "left"), ("duration", "right"), ("reason", "left")):
        table.add_column(column, justify=justify)  # type: ignore[arg-type]
    steps, shown = _mapping(item.get(ExecutionAttribute.STEPS)), str(item.get(ExecutionAttribute.FAILURE_REASON) or "")
    for name in sorted(steps, key=lambda step: (_position(step), step)):
        step = _mapping(steps[name])
        reason = shorten_repeated(str(step.get(StepKey.FAILURE_REASON) or ""), shown)
        table.add_row(cell(name), coloured(step.get(StepKey.STATUS)), duration(step), cell(reason))
    return table


def statuses(item: Mapping[str, Any]) -> dict[str, str]:
    """Return the status of each step that has one, in the pipeline's order, and last that of the execution."""
    steps = _mapping(item.get(ExecutionAttribute.STEPS))
    names = sorted(steps, key=lambda step: (_position(step), step))
    found = {name: str(_mapping(steps[name]).get(StepKey.STATUS, _MISSING)) for name in names}
    return {**found, str(item[ExecutionAttribute.ID]): str(item.get(ExecutionAttribute.STATUS, _MISSING))}


def duration(step: Mapping[str, Any]) -> str:
    """Return the time from a step's start to its end, or until now."""
    started, ended = stored_time(step.get(StepKey.STARTED_AT)), stored_time(step.get(StepKey.ENDED_AT))
    if started is None or (ended is None and step.get(StepKey.ENDED_AT)):
        return _MISSING
    return format_duration(((ended or datetime.now(UTC)) - started).total_seconds())


def summary_lines(item: Mapping[str, Any]) -> list[str]:
    """Return an execution's status, reason, outcome and notes, one per line."""
    fields = [("execution", item.get(ExecutionAttribute.ID)), ("status", item.get(ExecutionAttribute.STATUS))]
    fields.append(("reason", item.get(ExecutionAttribute.FAILURE_REASON)))
    if outcome := item.get(ExecutionAttribute.OUTCOME):
        fields.append(("outcome", f"{outcome}{_gate(item)}"))
        fields.append(("advice", advice(item)))
    fields.append(("model", item.get(ExecutionAttribute.MODEL_PACKAGE_ARN)))
    fields += [("note", problem) for problem in _sequence(item.get(ExecutionAttribute.PROBLEMS))]
    return [f"{name:<10} {printable(value)}" for name, value in fields if value]


def log_text(item: Mapping[str, Any]) -> str:
    """Return the end of the log of the feature or the evaluation step, whichever began later."""
    return printable(item.get(ExecutionAttribute.LOG_TAIL, "no log yet"))


def report_lines(written: WrittenReport) -> list[str]:
    """Return a report's headline, and the path of each of its files."""
    first = "verdict" if written.judges_model else "status"
    return [f"{first:<8} {printable(written.headline)}", *(f"{kind:<8} {path}" for kind, path in written.paths.items())]


def executions_table(rows: Sequence[Mapping[str, str]], *, wide: bool = False) -> Table:
    """Return a table of executions (:mod:`runs.listing`), with fewer columns unless ``wide``."""
    # Without lines between the columns, 80 characters hold the id (to be copied) and the time uncut.
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    columns = _WIDE if wide else _NARROW
    for column, title in columns.items():
        table.add_column(title, no_wrap=column not in ("template", "origin"), overflow="ellipsis")
    table.columns[0].min_width = max((len(printable(row["execution"])) for row in rows), default=0)
    for row in rows:
        shown = {**row, "created": _minute(row["created"])}
        table.add_row(*(coloured(shown[name]) if name == "status" else cell(shown[name]) for name in columns))
    return table


def upsert_line(done: Upsert, what: str) -> str:
    """Return ``replaced template mine (of 2026-11-25 08:45)``: a user must see that something else is gone."""
    return printable(f"{done.outcome} {what}" + (f" (of {_minute(done.before)})" if done.outcome == "replaced" else ""))


def assets_table(items: Sequence[Mapping[str, Any]]) -> Table:
    """Return a table of the stored price histories."""
    table = Table("asset", "rows", "first", "last", "version", "source")
    for item in items:
        keys = ("NAME", "ROWS", "FIRST_DATE", "LAST_DATE", "VERSION_ID", "SOURCE")
        table.add_row(*(cell(item.get(getattr(AssetAttribute, key), "")) for key in keys))
    return table


def templates_table(items: Sequence[Mapping[str, Any]]) -> Table:
    """Return a table of the stored templates."""
    table = Table("template", "assets", "stored")
    for item in items:
        assets = ", ".join(map(str, _sequence(item.get(TemplateAttribute.ASSETS))))
        table.add_row(cell(item[TemplateAttribute.ID]), cell(assets), cell(item.get(TemplateAttribute.STORED_AT)))
    return table


def _position(step: str) -> int:
    """The step's place in its pipeline; the two pipelines share CreateModel."""
    known = (st.PREPARE_STEP, *st.STEPS, st.FORECAST_STEP, st.PUBLISH_STEP)
    return known.index(step) if step in known else len(known)


def _gate(item: Mapping[str, Any]) -> str:
    skill, required = _figures(item)
    if skill is None or required is None:
        return ""
    if item.get(ExecutionAttribute.KIND) == st.ABLATION:
        return f" (skill {skill:+.1%} without dynamic features; an ablation is never registered)"
    baseline = item.get(ExecutionAttribute.GATE_BASELINE) or "the best baseline"
    missing = f", {required - skill:.1%} short" if skill < required else ""
    return f" (skill {skill:+.1%} against {baseline}; required: {required:+.1%}{missing})"


def advice(item: Mapping[str, Any]) -> str:
    """Return what to do about a rejected model; empty unless the figures say that the gate rejected it."""
    skill, required = _figures(item)
    if item.get(ExecutionAttribute.KIND) == st.ABLATION:
        return ""
    if item.get(ExecutionAttribute.OUTCOME) != st.NOT_REGISTERED or skill is None or required is None or skill >= required:
        return ""
    baseline = item.get(ExecutionAttribute.GATE_BASELINE) or "the best baseline"
    better = f"train longer (epochs), lengthen context_length, or add features; until then, {baseline} forecasts better"
    if skill >= 0:
        better = "train longer (epochs), lengthen context_length, or add features"
    margin = math.ceil(-skill * 1000) / 1000
    return f"{better}. To accept a model of this skill, set gateMargin to {margin:g} or more in the template"


def _figures(item: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Skill and required skill, as fractions."""
    return _number(item.get(ExecutionAttribute.GATE_METRIC)), _number(item.get(ExecutionAttribute.GATE_THRESHOLD))


def _number(value: object) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None


def _minute(time: object) -> str:
    """``2026-11-23T03:41:39.397+00:00`` → ``2026-11-23 03:41``, in UTC as it is stored."""
    moment = stored_time(time)
    return f"{moment:%Y-%m-%d %H:%M}" if moment else str(time or _MISSING)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _sequence(value: object) -> Iterable[Any]:
    return value if isinstance(value, list | tuple) else ()
