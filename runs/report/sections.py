"""The page's sections as HTML. ``text`` escapes every value."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from contracts.display import printable
from contracts.forecasts import ForecastReport
from contracts.hyperparameters import HYPERPARAMETERS
from contracts.status import FAILED, NOT_REGISTERED, REGISTERED, STOPPED, SUCCEEDED
from contracts.tables import ExecutionAttribute
from runs.formatting import format_duration, shorten_repeated
from runs.report.bundle import ReportBundle, Step
from runs.report.verdict import METRIC, Verdict, WindowScore, coverage, gate_figures, nominal_coverage, overall_ratio

_TONES = {SUCCEEDED: "good", FAILED: "bad", STOPPED: "bad", REGISTERED: "good", NOT_REGISTERED: "bad"}
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?)?")
_LINE = 56
_TRANSFORMS = {"level": "the price", "log": "the logarithm of the price", "log_return": "log returns"}


def text(value: object) -> str:
    """Return any value as text that is safe in HTML, in attributes too."""
    return escape(printable(value), quote=True)


def prose(value: object) -> str:
    """Return safe text whose dates do not break at their hyphens."""
    return _DATE.sub(lambda found: f'<span class="date">{found[0]}</span>', text(value))


def _table(heads: str, rows: Iterable[str]) -> str:
    """A table that scrolls in its own box if it is too wide for the screen."""
    body = "".join(rows)
    return f'<div class="scroll"><table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>'


def header(bundle: ReportBundle) -> str:
    """Return the title, the execution's id and its badges."""
    asset = bundle.forecasts["asset"] if bundle.forecasts else bundle.template.get("predictedAsset")
    title = f"Forecast of {text(asset)}" if asset else "Model training"
    badges = [_badge(bundle.item.get(name)) for name in (ExecutionAttribute.STATUS, ExecutionAttribute.OUTCOME)]
    if bundle.forecasts:
        transform = bundle.forecasts["transform"]
        badges.append(_badge(f"learned from {_TRANSFORMS.get(transform, transform)}"))
        badges.append(_badge(f"frequency {bundle.forecasts['frequency']}"))
    created = bundle.item.get(ExecutionAttribute.CREATED_AT, "")
    template = bundle.item.get(ExecutionAttribute.TEMPLATE_ID)
    origin = f"Execution <code>{text(bundle.execution_id)}</code>" + (
        f" of template <code>{text(template)}</code>" if template else ""
    )
    when = f", created {prose(_clock(created))}" if created else ""
    return f'<header><h1>{title}</h1><p>{origin}{when}</p><div class="badges">{"".join(badges)}</div></header>'


def _badge(value: object) -> str:
    return f'<span class="badge {_TONES.get(str(value), "")}">{text(value)}</span>' if value else ""


def verdict_section(verdict: Verdict, bundle: ReportBundle, scores: Sequence[WindowScore]) -> str:
    """Return the verdict with its figures, and which stored data the report had to leave out."""
    notes = [f"Note: {problem}" for problem in bundle.problems]
    sentences = "".join(f"<p>{prose(sentence)}</p>" for sentence in (*verdict.sentences, *notes))
    tiles = "".join(
        f'<div class="tile"><b>{text(value)}</b><span>{text(name)}</span></div>' for name, value in _tiles(bundle, scores)
    )
    tiles = f'<div class="tiles">{tiles}</div>' if tiles else ""
    return f'<section class="verdict {verdict.tone}"><h2>{text(verdict.headline)}</h2>{sentences}{tiles}</section>'


def _tiles(bundle: ReportBundle, scores: Sequence[WindowScore]) -> Iterable[tuple[str, str]]:
    report = bundle.forecasts
    if report is None:
        return
    ratio, share = overall_ratio(report), coverage(scores)
    for name, metrics in (("model loss", report["metrics"]), ("naive loss", report["naive_metrics"])):
        if METRIC in metrics:
            yield f"{name} (mean wQuantileLoss)", f"{metrics[METRIC]:.4f}"
    if ratio is not None:
        yield "model / naive", f"{ratio:.3f}"
    _, threshold = gate_figures(bundle.item, bundle.gate)
    if threshold is not None:
        yield "gate threshold", f"{threshold:.4f}"
    if share is not None:
        yield f"actuals in the {nominal_coverage(report):.0%} band", f"{share:.0%}"
    if "RMSE" in report["metrics"] and "RMSE" in report["naive_metrics"]:
        ratio = report["metrics"]["RMSE"] / report["naive_metrics"]["RMSE"] if report["naive_metrics"]["RMSE"] else float("nan")
        yield "RMSE, model / naive", f"{ratio:.3f}"


def fan_section(report: ForecastReport) -> str:
    """Return the section of the fan chart."""
    note = "Each forecast starts at a dotted line, the last price known then. The model saw no price to the right of it."
    control = '<div class="controls"><label><input type="checkbox" id="show-naive"> show the naive band</label></div>'
    chart = f'{control}<div class="chart" id="fan"></div>'
    return section(f"Forecast and actual price of {report['asset']}", note, chart)


def windows_section(scores: Sequence[WindowScore]) -> str:
    """Return the section of the losses by test window."""
    rows = [_window_row(number, score) for number, score in enumerate(scores, start=1)]
    names = ("window", "from", "to", "model loss", "naive loss", "difference", "in the band")
    heads = "".join(f'<th class="{"number" if position > 2 else ""}">{name}</th>' for position, name in enumerate(names))
    note = "Losses are DeepAR's mean_wQuantileLoss on the transformed target; lower is better."
    return section("Test windows", note, f'<div class="chart" id="windows"></div>{_table(heads, rows)}')


def _window_row(number: int, score: WindowScore) -> str:
    ratio = score.ratio
    tone = "" if ratio is None else "good" if ratio < 1 else "bad"
    dates = "".join(f'<td class="date">{text(date)}</td>' for date in (score.start, score.end))
    losses = "".join(f'<td class="number">{_figure(loss)}</td>' for loss in (score.loss, score.naive_loss))
    difference = "–" if ratio is None else f"{ratio - 1:+.1%}"
    last = f'<td class="number {tone}">{difference}</td><td class="number">{score.inside} of {score.observed}</td>'
    return f"<tr><td>{number}</td>{dates}{losses}{last}</tr>"


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def steps_section(steps: Sequence[Step], shown: str) -> str:
    """Return the section of the steps. A reason that ``shown`` already has in full is shortened."""
    times = [moment for step in steps for moment in (step.started, step.ended) if moment]
    first, last = (min(times), max(times)) if times else (None, None)
    span = max((last - first).total_seconds(), 1e-9) if first and last else 1.0
    rows = []
    for step in steps:
        bar = ""
        if step.started and first:
            begin = (step.started - first).total_seconds() / span
            width = (step.seconds or 0) / span
            tone = _TONES.get(step.status, "") if step.status in (FAILED, STOPPED) else ""
            bar = f'<i class="{tone}" style="left:{100 * begin:.2f}%;width:{100 * width:.2f}%"></i>'
        duration = "–" if step.seconds is None else format_duration(step.seconds)
        reason = f'<div class="reason">{prose(shorten_repeated(step.reason, shown))}</div>' if step.reason else ""
        attempt = f" (attempt {step.attempt})" if step.attempt > 1 else ""
        rows.append(
            f'<tr><td>{text(step.name)}{attempt}{reason}</td><td><span class="status {_TONES.get(step.status, "")}">'
            f'{text(step.status)}</span></td><td class="number">{duration}</td><td><div class="timeline">{bar}</div></td></tr>'
        )
    heads = '<th>step</th><th>status</th><th class="number">duration</th><th>when</th>'
    total = f"From start to end: {format_duration(span)}." if times else "No step has started."
    return section("Pipeline steps", total, _table(heads, rows))


def parameters_section(bundle: ReportBundle) -> str:
    """Return the section of all parameters: hyperparameters first, then the others."""
    ordered = sorted(bundle.parameters.items(), key=lambda pair: (pair[0] not in HYPERPARAMETERS, pair[0]))
    rows = [_parameter_row(name, value, name in bundle.passed) for name, value in ordered]
    table = _table("<th>parameter</th><th>value</th><th>set by</th>", rows)
    shown = table if rows else "<p>Unknown, because the execution was started elsewhere.</p>"
    note = (
        "All parameters of the execution. Bold values come from the template (including the template's own defaults) or were "
        "set at start; the others are the pipeline's defaults."
    )
    return section("Parameters", note, shown)


def _parameter_row(name: str, value: str, passed: bool) -> str:
    known = HYPERPARAMETERS.get(name)
    origin = "default" if not passed else "template" if known is not None and known.from_template else "start"
    cells = f"<td>{text(name)}</td><td><code>{text(value)}</code></td><td>{origin}</td>"
    return f'<tr class="{"changed" if passed else ""}">{cells}</tr>'


def provenance_section(bundle: ReportBundle) -> str:
    """Return the section of the price histories and the template that the execution used."""
    rows = [_asset_row(name, version) for name, version in sorted(bundle.assets.items()) if isinstance(version, Mapping)]
    heads = '<th>asset</th><th>version</th><th>SHA-256</th><th class="number">bytes</th>'
    table = _table(heads, rows) if rows else "<p>No snapshot, because the execution was started elsewhere.</p>"
    note = "Versions of the price histories that this execution read, frozen at start."
    return section("Data", note, table + _template(bundle.template))


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


def _asset_row(name: str, version: Mapping[str, Any]) -> str:
    stored = version.get("Size")
    size = f"{stored:,}" if isinstance(stored, int) else "–"
    marks = "".join(f"<td>{_clipped(version.get(mark))}</td>" for mark in ("VersionId", "Sha256"))
    return f'<tr><td>{text(name)}</td>{marks}<td class="number">{size}</td></tr>'


def _clipped(mark: object) -> str:
    """A digest whose end is hidden by style only, so it can be searched and copied in full."""
    return f'<code class="clipped" title="{text(mark)}">{text(mark)}</code>' if mark else "–"


def section(title: str, note: str, content: str) -> str:
    """Return a section. ``content`` is HTML; ``title`` and ``note`` are text."""
    return f'<section><h2>{text(title)}</h2><p class="note">{text(note)}</p>{content}</section>'


def _clock(moment: object) -> str:
    return str(moment).replace("T", " ")[:16] + " UTC"
