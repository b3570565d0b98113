"""The report's files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from runs.report.bundle import collect_bundle
from runs.report.page import build_report
from runs.report.picture import draw_png
from runs.report.verdict import verdict
from runs.stack import Stack

REPORT_FILE, PICTURE_FILE = "report.html", "forecast.png"


@dataclass(frozen=True)
class WrittenReport:
    """The report's first sentence, and the absolute path of each kind of file: report, and picture where it was drawn.

    ``judged``: the sentence is of the model, not only of the execution's status.
    """

    headline: str
    paths: Mapping[str, Path]
    judged: bool = True


def write_report(stack: Stack, execution_id: str, out: Path) -> WrittenReport:
    """Write ``<out>/<execution>/report.html``, and ``forecast.png`` where there are forecasts.

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
    said = verdict(bundle)
    return WrittenReport(said.headline, written, said.judged)
