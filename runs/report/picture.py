"""The report's charts as one picture (PNG), and each as an SVG for readers without JavaScript."""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from contracts.display import printable
from contracts.problems import one_problem
from runs.report.bundle import ReportBundle
from runs.report.drawing import draw, safe
from runs.report.fan_panels import fan_panels
from runs.report.panel import PALETTE, Panel
from runs.report.score_panels import score_panels
from runs.report.verdict import verdict

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH, DPI = 13.0, 120
_FAN_HEIGHT, _ROW_HEIGHT, _TITLE_HEIGHT = 4.3, 3.6, 0.7
_TITLE_CHARACTERS = 90
#: Size of a single chart in inches; at 400 CSS pixels its letters are still legible.
_SINGLE_WIDTH = 4.2
_PIXELS_PER_INCH = 100


def panels(bundle: ReportBundle) -> list[Panel]:
    """Return the charts of page and picture, in the report's order."""
    return [*fan_panels(bundle), *score_panels(bundle)]


def draw_png(bundle: ReportBundle) -> bytes:
    """Return a PNG, 1,560 pixels wide. The same bundle gives the same bytes.

    Raises:
        ProblemsError: the execution has nothing to draw.
    """
    buffer = io.BytesIO()
    draw_figure(bundle).savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def draw_figure(bundle: ReportBundle) -> Figure:
    """Return the picture as matplotlib's figure: fans over the whole width, the other charts two in a row."""
    drawn = panels(bundle)
    if not drawn:
        raise one_problem("picture", "evaluation/", None, "a picture needs an evaluation or a forecast to draw")
    wide = [panel for panel in drawn if panel.times]
    small = [panel for panel in drawn if not panel.times]
    rows = (len(small) + 1) // 2
    heights = [_FAN_HEIGHT] * len(wide) + [_ROW_HEIGHT] * rows
    figure = _figure(WIDTH, sum(heights) + _TITLE_HEIGHT, "white")
    grid = figure.add_gridspec(len(heights), 2, height_ratios=heights)
    for row, panel in enumerate(wide):
        draw(figure.add_subplot(grid[row, :]), panel, columns=7)
    for number, panel in enumerate(small):
        row, column = len(wide) + number // 2, number % 2
        alone = number == len(small) - 1 and column == 0
        draw(figure.add_subplot(grid[row, :] if alone else grid[row, column]), panel, columns=2)
    figure.suptitle(_title(bundle), x=0.012, ha="left", fontsize=14, fontweight="bold", color=PALETTE["ink"])
    return figure


def draw_svgs(drawn: Sequence[Panel]) -> dict[str, str]:
    """Return each panel's key with its chart as an SVG element, whose colours are the page's variables."""
    return {panel.key: _svg(panel) for panel in drawn}


def _svg(panel: Panel) -> str:
    import matplotlib

    figure = _figure(_SINGLE_WIDTH, min(panel.height, 700) / _PIXELS_PER_INCH, "none")
    axes = figure.add_subplot()
    axes.set_facecolor("none")
    draw(axes, panel, titled=False, columns=2)
    written = io.StringIO()
    # Ids are hashes with a salt: the same in every run, and different in each chart of the page.
    with matplotlib.rc_context({"svg.hashsalt": panel.key, "svg.fonttype": "none"}):
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    svg = written.getvalue()
    svg = re.sub(
        r'\bid="((?:figure|axes|patch|matplotlib|xtick|ytick|line2d|text|legend|FillBetween\w+|LineCollection)_[\d.]+)"',
        "",
        svg,
    )
    svg = svg[svg.index("<svg") :]
    for role, colour in PALETTE.items():
        svg = svg.replace(colour, f"var(--{role})")
    return svg


def _figure(width: float, height: float, ground: str) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DPI, facecolor=ground, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _title(bundle: ReportBundle) -> str:
    lines = textwrap.wrap(printable(verdict(bundle).headline), _TITLE_CHARACTERS)
    return safe("\n".join(lines))
