"""The report's files."""

from __future__ import annotations

from pathlib import Path

from runs.report.bundle import collect_bundle
from runs.report.page import build_report
from runs.report.picture import draw_png
from runs.stack import Stack

REPORT_FILE, PICTURE_FILE = "report.html", "forecast.png"


def write_report(stack: Stack, execution_id: str, out: Path) -> dict[str, Path]:
    """Write ``<out>/<execution>/report.html``, and ``forecast.png`` where there are forecasts; kind → absolute path.

    Both are drawn before either is written. Raises :class:`~contracts.problems.ProblemsError` for an unknown execution.
    """
    bundle = collect_bundle(stack, execution_id)
    files = {"report": (REPORT_FILE, build_report(bundle).encode())}
    if bundle.forecasts and bundle.forecasts["windows"]:
        files["picture"] = (PICTURE_FILE, draw_png(bundle))
    folder = (out / bundle.execution_id).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    written = {}
    for kind, (name, content) in files.items():
        written[kind] = folder / name
        written[kind].write_bytes(content)
    return written
