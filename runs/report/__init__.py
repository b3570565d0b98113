"""The report of an execution: one self-contained HTML page, and its charts as a picture.

``collect_bundle`` reads an execution's item and files, ``verdict`` says what they mean, ``build_report`` and ``draw_png`` draw
the same panels. Needs the extra ``local`` (plotly's script, matplotlib); handlers never import it.
"""

from runs.report.bundle import Files, ReportBundle, collect_bundle
from runs.report.page import build_report
from runs.report.picture import draw_png
from runs.report.verdict import Verdict, verdict

__all__ = ["Files", "ReportBundle", "Verdict", "build_report", "collect_bundle", "draw_png", "verdict"]
