"""Tables that the command line shows."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from contracts import status as st
from contracts.tables import AssetAttribute, ExecutionAttribute, StepKey, TemplateAttribute
from runs.history import parse_time
from runs.put import Put
from runs.wording import shortened, spoken

if TYPE_CHECKING:
    from runs.report.write import WrittenReport

_NO_TERMINAL_WIDTH = 240
_COLOURS = {st.SUCCEEDED: "green", st.FAILED: "red", st.STOPPED: "yellow", st.EXECUTING: "cyan", st.STARTING: "cyan"}


def console() -> Console:
    """As wide as the terminal; where there is none, or a program reads, wide enough that no cell is cut."""
    found = Console()
    return found if found.is_terminal or "COLUMNS" in os.environ else Console(width=_NO_TERMINAL_WIDTH)


def coloured(status: str) -> Text:
    return Text(status, style=_COLOURS.get(status, ""))


def steps_table(item: Mapping[str, Any]) -> Table:
    """Steps with status and duration, in the pipeline's order. A reason that ``summary_lines`` tell is not repeated in full."""
    table = Table(title=f"Steps of {item[ExecutionAttribute.ID]}", title_justify="left")
    for column, justify in (("step", "left"), ("status", "left"), ("duration", "right"), ("reason", "left")):
        table.add_column(column, justify=justify)  # type: ignore[arg-type]
    steps, said = item.get(ExecutionAttribute.STEPS, {}), item.get(ExecutionAttribute.FAILURE_REASON, "")
    for name in sorted(steps, key=lambda step: (_place(step), step)):
        step = steps[name]
        reason = Text(shortened(step.get(StepKey.FAILURE_REASON, ""), said))
        table.add_row(name, coloured(step[StepKey.STATUS]), duration(step), reason)
    return table


def _place(step: str) -> int:
    return st.STEPS.index(step) if step in st.STEPS else len(st.STEPS)


def duration(step: Mapping[str, Any]) -> str:
    """From a step's start to its end, or until now."""
    started = step.get(StepKey.STARTED_AT)
    if not started:
        return "–"
    ended = step.get(StepKey.ENDED_AT)
    end = parse_time(ended) if ended else datetime.now(UTC)
    return spoken((end - parse_time(started)).total_seconds())


def summary_lines(item: Mapping[str, Any]) -> list[str]:
    """What is worth saying about an execution besides its steps."""
    lines = [f"execution  {item[ExecutionAttribute.ID]}", f"status     {item[ExecutionAttribute.STATUS]}"]
    if reason := item.get(ExecutionAttribute.FAILURE_REASON):
        lines.append(f"reason     {reason}")
    if outcome := item.get(ExecutionAttribute.OUTCOME):
        lines.append(f"outcome    {outcome}{_gate(item)}")
    if package := item.get(ExecutionAttribute.MODEL_PACKAGE_ARN):
        lines.append(f"model      {package}")
    return lines


def report_lines(written: WrittenReport) -> list[str]:
    """What a report says first, and where it lies."""
    first = "verdict" if written.judged else "status"
    return [f"{first:<8} {written.headline}", *(f"{kind:<8} {path}" for kind, path in written.paths.items())]


def _gate(item: Mapping[str, Any]) -> str:
    metric, threshold = item.get(ExecutionAttribute.GATE_METRIC), item.get(ExecutionAttribute.GATE_THRESHOLD)
    if metric is None or threshold is None:
        return ""
    relation = "≤" if metric <= threshold else ">"
    return f" (mean_wQuantileLoss {metric:.4f} {relation} threshold {threshold:.4f})"


def executions_table(items: Sequence[Mapping[str, Any]]) -> Table:
    # Without lines between the columns 80 characters hold all that must not be cut: the id, to be copied, and the time.
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for column in ("execution", "template", "status", "outcome", "created", "origin"):
        table.add_column(column, no_wrap=column not in ("template", "origin"), overflow="ellipsis")
    table.columns[0].min_width = max((len(item[ExecutionAttribute.ID]) for item in items), default=0)
    for item in items:
        table.add_row(
            item[ExecutionAttribute.ID],
            item.get(ExecutionAttribute.TEMPLATE_ID, "–"),
            coloured(item[ExecutionAttribute.STATUS]),
            item.get(ExecutionAttribute.OUTCOME, ""),
            _minute(item.get(ExecutionAttribute.CREATED_AT, "")),
            item.get(ExecutionAttribute.ORIGIN, ""),
        )
    return table


def put_line(put: Put, what: str) -> str:
    """``replaced template mine (of 2026-11-25 08:45)``: that something else is gone must not go unsaid."""
    return f"{put.outcome} {what}" + (f" (of {_minute(put.before)})" if put.outcome == "replaced" else "")


def _minute(time: str) -> str:
    """``2026-11-23T03:41:39.397+00:00`` → ``2026-11-23 03:41``, in UTC as it is stored."""
    return time[:16].replace("T", " ")


def assets_table(items: Sequence[Mapping[str, Any]]) -> Table:
    table = Table("asset", "rows", "first", "last", "version", "source")
    for item in items:
        keys = ("NAME", "ROWS", "FIRST_DATE", "LAST_DATE", "VERSION_ID", "SOURCE")
        table.add_row(*(str(item.get(getattr(AssetAttribute, key), "")) for key in keys))
    return table


def templates_table(items: Sequence[Mapping[str, Any]]) -> Table:
    table = Table("template", "assets", "stored")
    for item in items:
        assets = ", ".join(item[TemplateAttribute.ASSETS])
        table.add_row(item[TemplateAttribute.ID], assets, item[TemplateAttribute.STORED_AT])
    return table
