"""The report as one HTML page that loads nothing: it contains its style, its charts and plotly's script."""

from __future__ import annotations

import base64
import gzip
import importlib.util
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

from contracts.problems import one_problem
from runs.report import results, rivals, run_sections
from runs.report.bundle import ReportBundle
from runs.report.figures import figure
from runs.report.html import pair, section, text
from runs.report.panel import Panel
from runs.report.picture import panels
from runs.report.verdict import verdict

_FOLDER = Path(__file__).parent
_FOOTER = """<footer>How to read this report: a forecast is a distribution. The median is as likely to be too high as too low;
the 80 % band should contain 80 % of the actual values. The loss scores the whole distribution: 2 Σ quantile loss / Σ |actual|,
averaged over the quantiles. Skill is 1 − the model's loss / the best baseline's loss; at 0 the model adds nothing.</footer>"""


def build_report(bundle: ReportBundle, stills: Mapping[str, str] | None = None) -> str:
    """Return the page of an execution, with or without an evaluation.

    ``stills``: SVG of each chart by key, for readers without JavaScript.
    """
    drawn = panels(bundle)
    judged, charts = verdict(bundle), {panel.key: _chart(panel, stills or {}) for panel in drawn}
    titles = {panel.key: (panel.title, panel.note) for panel in drawn}

    def chart_section(key: str, more: str = "") -> str:
        return section(*titles[key], charts[key] + more) if key in charts else ""

    scores, coming = bundle.files.scores, bundle.coming
    parts = [
        results.header(bundle),
        results.verdict_section(judged, bundle),
        chart_section("coming", results.coming_table(coming) if coming else ""),
        chart_section("backtest"),
        results.windows_section(scores, bundle.unit) if scores else "",
        pair(chart_section("horizon"), chart_section("assets")),
        chart_section("calibration"),
        results.forecasters_section(bundle, scores, charts["forecasters"]) if scores else "",
        rivals.champion_section(bundle.files.champion) if bundle.files.champion else "",
        chart_section("importance"),
        rivals.ablation_section(bundle),
        results.quality_section(bundle),
        run_sections.steps_section(bundle.steps, shown="\n".join(judged.sentences)),
        pair(run_sections.parameters_section(bundle), run_sections.versions_section(bundle)),
        _FOOTER,
    ]
    return whole_page(f"Forecast report of {bundle.execution_id}", "\n".join(part for part in parts if part), drawn)


def whole_page(title: str, body: str, drawn: Sequence[Panel] = ()) -> str:
    """Return a page of our style with this body, and the script if it has charts."""
    return Template((_FOLDER / "page.html").read_text()).substitute(
        title=text(title),
        style=(_FOLDER / "style.css").read_text(),
        body=body,
        figures="\n".join(_figure_script(panel) for panel in drawn),
        script=_script() if drawn else "",
    )


def _chart(panel: Panel, stills: Mapping[str, str]) -> str:
    still = f'<noscript><div class="still">{stills[panel.key]}</div></noscript>' if panel.key in stills else ""
    return f'<div class="chart" id="{panel.key}"></div>{still}'


def _figure_script(panel: Panel) -> str:
    return f'<script type="application/json" data-figure="{panel.key}">{_inline_json(figure(panel))}</script>'


def _inline_json(value: Any) -> str:
    """JSON that no text inside it can use to end the script element around it."""
    found = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return found.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


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
