"""The report as one HTML page that loads nothing: it contains its style, its figures and plotly's script."""

from __future__ import annotations

import base64
import gzip
import importlib.util
import json
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

from contracts.problems import one_problem
from runs.report import figures, sections
from runs.report.bundle import ReportBundle
from runs.report.verdict import Evaluation, evaluate, quantile_ratios

_FOLDER = Path(__file__).parent


def build_report(bundle: ReportBundle, evaluation: Evaluation | None = None) -> str:
    """Return the page of an execution, with or without forecasts. ``evaluation``: that of the bundle, if known already."""
    evaluated = evaluation or evaluate(bundle)
    scores, drawn = evaluated.scores, dict[str, figures.Figure]()
    parts = [sections.header(bundle), sections.verdict_section(evaluated.verdict, bundle, scores)]
    if bundle.forecasts and bundle.forecasts["windows"]:
        drawn |= {"fan": figures.fan(bundle.forecasts), "windows": figures.losses_by_window(scores)}
        parts += [sections.fan_section(bundle.forecasts), sections.windows_section(scores)]
    importance = _importance(bundle, drawn)
    # Both charts of a pair have the same height.
    height = drawn["importance"]["layout"]["height"] if importance else 300
    parts.append(_pair(_quantiles(bundle, drawn, height), importance))
    parts.append(sections.steps_section(bundle.steps, shown="\n".join(evaluated.verdict.sentences)))
    parts.append(_pair(sections.parameters_section(bundle), sections.provenance_section(bundle)))
    parts.append(_FOOTER)
    return Template((_FOLDER / "page.html").read_text()).substitute(
        title=sections.text(f"Forecast report of {bundle.execution_id}"),
        style=(_FOLDER / "style.css").read_text(),
        body="\n".join(part for part in parts if part),
        figures="\n".join(_figure_script(name, figure) for name, figure in drawn.items()),
        script=_script() if drawn else "",
    )


_FOOTER = """<footer>How to read this report: a forecast is a distribution. The loss scores all its quantiles together:
2 Σ quantile loss / Σ |actual|, averaged over the quantiles. The naive forecast repeats the last value, with
the spread of its errors in training. A band is well calibrated if it contains the share of actual values that
its quantiles state.</footer>"""


def _quantiles(bundle: ReportBundle, drawn: dict[str, figures.Figure], height: int) -> str:
    if not bundle.forecasts or not quantile_ratios(bundle.forecasts):
        return ""
    drawn["quantiles"] = figures.losses_by_quantile(bundle.forecasts, height)
    note = "The model's loss divided by the naive forecast's. Below the line the model is better."
    return sections.section("Where the model is better, by quantile", note, '<div class="chart" id="quantiles"></div>')


def _importance(bundle: ReportBundle, drawn: dict[str, figures.Figure]) -> str:
    importance = bundle.importance or {}
    if not importance.get("scores"):
        return ""
    drawn["importance"] = figures.importance_bars(importance["scores"])
    note = f"From a boosted-tree forecast on the training range: {importance.get('method', '')}."
    explained = importance.get("held_out_r2")
    if explained is not None:
        note += f" Held-out R² of that forecast: {float(explained):.3f}"
        note += "; the forecast explains nothing, so the ranking means little." if explained <= 0 else "."
    return sections.section("Feature importance", note, '<div class="chart" id="importance"></div>')


def _pair(left: str, right: str) -> str:
    return f'<div class="pair">{left}{right}</div>' if left and right else left or right


def _figure_script(name: str, figure: figures.Figure) -> str:
    return f'<script type="application/json" data-figure="{name}">{_inline_json(figure)}</script>'


def _inline_json(value: Any) -> str:
    """JSON that no text inside it can use to end the script element around it."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _script() -> str:
    packed = f'<script type="application/octet-stream" id="plotly-gzip">{_plotly()}</script>'
    return f"{packed}\n<script>\n{(_FOLDER / 'charts.js').read_text()}</script>"


@cache
def _plotly() -> str:
    """The package's own script, gzipped (a third of its size) and in base64. The package itself is not imported."""
    found = importlib.util.find_spec("plotly")
    if found is None or not found.submodule_search_locations:
        raise one_problem("report", "package plotly", None, "install the extra local: pip install '.[local]'")
    path = Path(found.submodule_search_locations[0]) / "package_data" / "plotly.min.js"
    return base64.b64encode(gzip.compress(path.read_bytes(), 9, mtime=0)).decode()
