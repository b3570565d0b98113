"""The index page of a template's executions, newest first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from contracts.tables import ExecutionAttribute
from runs.report.html import Cell, clock, figure_cell, section, table, text, words
from runs.report.page import whole_page
from runs.report.results import TONES
from runs.report.wording import share

_HEADS = ("created", "execution", "status", "outcome", "skill", "required", "best baseline", "report")


def build_index(template_id: str, items: Sequence[Mapping[str, Any]], has_report: Callable[[str], bool]) -> str:
    """Return the page. ``has_report`` says whether the report of an execution is in its folder beside the page."""
    rows = [("", _cells(item, has_report)) for item in items]
    shown = table(_HEADS, rows) if rows else "<p>No execution of this template yet.</p>"
    note = (
        "Skill is the share of the best baseline's error that the model removes; below the required skill it is not registered."
    )
    head = f"<header><h1>Executions of {text(template_id)}</h1></header>"
    return whole_page(f"Executions of {template_id}", head + section("Newest first", note, shown))


def _cells(item: Mapping[str, Any], has_report: Callable[[str], bool]) -> list[Cell]:
    name = str(item[ExecutionAttribute.ID])
    link = f'<a href="{text(name)}/report.html">report</a>' if has_report(name) else f"<code>runs report {text(name)}</code>"
    created = item.get(ExecutionAttribute.CREATED_AT)
    skill, required = (_share(item.get(key)) for key in (ExecutionAttribute.GATE_METRIC, ExecutionAttribute.GATE_THRESHOLD))
    return [
        words(clock(created) if created else "–"),
        Cell(f"<code>{text(name)}</code>"),
        *(_status(item.get(key)) for key in (ExecutionAttribute.STATUS, ExecutionAttribute.OUTCOME)),
        figure_cell(skill),
        figure_cell(required),
        words(item.get(ExecutionAttribute.GATE_BASELINE) or "–"),
        Cell(link),
    ]


def _status(value: object) -> Cell:
    return Cell(f'<span class="status {TONES.get(str(value), "")}">{text(value)}</span>' if value else "–")


def _share(value: object) -> str:
    """A stored fraction in per cent; a dash if it is missing or not a finite number."""
    try:
        number = float(str(value))
    except ValueError:
        return "–"
    return share(number, signed=True) if abs(number) < float("inf") else "–"
