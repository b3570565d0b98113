"""The page's sections of the run itself: steps, parameters, and the versions of everything that it used."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from contracts.hyperparameters import HYPERPARAMETERS
from contracts.status import FAILED, STOPPED
from contracts.tables import ExecutionAttribute
from runs.formatting import format_duration, shorten_repeated
from runs.report.bundle import ReportBundle, Step
from runs.report.html import Cell, clipped, figure_cell, prose, section, table, text, words
from runs.report.results import TONES

_LINE = 56


def steps_section(steps: Sequence[Step], shown: str) -> str:
    """Return the section of the steps. A reason that ``shown`` already has in full is shortened."""
    times = [moment for step in steps for moment in (step.started, step.ended) if moment]
    first, last = (min(times), max(times)) if times else (None, None)
    span = max((last - first).total_seconds(), 1e-9) if first and last else 1.0
    rows = [("", _step_cells(step, first, span, shown)) for step in steps]
    total = f"From start to end: {format_duration(span)}." if times else "No step has started."
    return section("Pipeline steps", total, table(("step", "status", "duration", "when"), rows))


def _step_cells(step: Step, first: datetime | None, span: float, shown: str) -> list[Cell]:
    bar = ""
    if step.started and first:
        begin, width = (step.started - first).total_seconds() / span, (step.seconds or 0) / span
        tone = TONES.get(step.status, "") if step.status in (FAILED, STOPPED) else ""
        bar = f'<i class="{tone}" style="left:{100 * begin:.2f}%;width:{100 * width:.2f}%"></i>'
    reason = f'<div class="reason">{prose(shorten_repeated(step.reason, shown))}</div>' if step.reason else ""
    attempt = f" (attempt {step.attempt})" if step.attempt > 1 else ""
    return [
        Cell(f"{text(step.name)}{attempt}{reason}"),
        Cell(f'<span class="status {TONES.get(step.status, "")}">{text(step.status)}</span>'),
        figure_cell("–" if step.seconds is None else format_duration(step.seconds)),
        Cell(f'<div class="timeline">{bar}</div>'),
    ]


def parameters_section(bundle: ReportBundle) -> str:
    """Return the section of all parameters: hyperparameters first, then the others."""
    ordered = sorted(bundle.parameters.items(), key=lambda pair: (pair[0] not in HYPERPARAMETERS, pair[0]))
    rows = [_parameter_row(name, value, name in bundle.passed) for name, value in ordered]
    shown = table(("parameter", "value", "set by"), rows)
    note = (
        "All parameters of the execution. Bold values come from the template (including the template's own defaults) or were "
        "set at start; the others are the pipeline's defaults."
    )
    return section("Parameters", note, shown if rows else "<p>Unknown, because the execution was started elsewhere.</p>")


def _parameter_row(name: str, value: str, passed: bool) -> tuple[str, list[Cell]]:
    known = HYPERPARAMETERS.get(name)
    origin = "default" if not passed else "template" if known is not None and known.from_template else "start"
    return "changed" if passed else "", [Cell(text(name)), Cell(f"<code>{text(value)}</code>"), Cell(origin)]


def versions_section(bundle: ReportBundle) -> str:
    """Return the section of the price histories, the image, the definition and the template that the execution used."""
    assets = [_asset_row(name, version) for name, version in sorted(bundle.assets.items()) if isinstance(version, Mapping)]
    stored = table(("asset", "version", "SHA-256", "bytes"), assets)
    facts = table(("what", "version"), [("", [words(name), Cell(value)]) for name, value in _facts(bundle)])
    note = "Versions that this execution used, frozen at start."
    shown = stored if assets else "<p>No snapshot, because the execution was started elsewhere.</p>"
    return section("Exact versions", note, shown + facts + _template(bundle.template))


def _facts(bundle: ReportBundle) -> Iterable[tuple[str, str]]:
    yield "execution", f"<code>{text(bundle.execution_id)}</code>"
    named = (
        ("image", bundle.image),
        ("definition, SHA-256", bundle.definition),
        ("model package", bundle.item.get(ExecutionAttribute.MODEL_PACKAGE_ARN)),
        ("snapshot, SHA-256", bundle.item.get(ExecutionAttribute.SNAPSHOT_DIGEST)),
    )
    for name, value in named:
        if value:
            yield name, f"<code>{text(value)}</code>"


def _asset_row(name: str, version: Mapping[str, Any]) -> tuple[str, list[Cell]]:
    stored = version.get("Size")
    marks = [Cell(clipped(version.get(mark))) for mark in ("VersionId", "Sha256")]
    return "", [Cell(text(name)), *marks, figure_cell(f"{stored:,}" if isinstance(stored, int) else "–")]


def _template(template: Mapping[str, Any]) -> str:
    """The template, opened. It is stored with its defaults, so it is unknown which of them its author wrote."""
    if not template:
        return ""
    title = "The template, including default values"
    return f"<details open><summary>{title}</summary><pre><code>{text(_json(template))}</code></pre></details>"


def _json(value: Any, indent: str = "") -> str:
    """JSON with each list, and each object that fits, on one line: one line per number would be 150 lines."""
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, Mapping) or len(flat) + len(indent) <= _LINE:
        return flat
    within = f"{indent}  "
    members = (f"{within}{json.dumps(name, ensure_ascii=False)}: {_json(member, within)}" for name, member in value.items())
    return "{\n" + ",\n".join(members) + f"\n{indent}}}"
