"""The report of an execution: one self-contained HTML page, and the forecast as a picture.

``collect_bundle`` reads an execution's item and files, ``evaluate`` computes scores and verdict once, ``build_report`` and
``draw_png`` draw them. Needs the extra ``local`` (plotly's script, matplotlib); handlers never import it.
"""

from runs.report.bundle import ReportBundle, collect_bundle
from runs.report.page import build_report
from runs.report.picture import draw_png
from runs.report.verdict import Evaluation, evaluate

__all__ = ["Evaluation", "ReportBundle", "build_report", "collect_bundle", "draw_png", "evaluate"]
