"""The report of an execution: one HTML page that needs nothing else, and the forecast as a picture.

``collect_bundle`` reads what an execution left on its item and in S3, ``build_report`` and ``draw_png`` draw it. Needs the
extra ``local`` (plotly's script, matplotlib); handlers never import it.
"""

from runs.report.bundle import ReportBundle, collect_bundle
from runs.report.page import build_report
from runs.report.picture import draw_png

__all__ = ["ReportBundle", "build_report", "collect_bundle", "draw_png"]
