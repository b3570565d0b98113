"""Write the report's files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from runs.report.bundle import collect_bundle
from runs.report.page import build_report
from runs.report.picture import draw_png
from runs.report.verdict import evaluate
from runs.stack import Stack

REPORT_FILE, PICTURE_FILE = "report.html", "forecast.png"


@dataclass(frozen=True)
class WrittenReport:
    """The report's headline, and the absolute path of each kind of file: ``report``, and ``picture`` if there are forecasts.

    ``judges_model``: True if the headline is about the model, False if it is about the execution's status.
    """

    headline: str
    paths: Mapping[str, Path]
    judges_model: bool = True


def write_report(stack: Stack, execution_id: str, out: Path) -> WrittenReport:
    """Write ``<out>/<execution>/report.html``, and ``forecast.png`` if there are forecasts.

    Both are drawn before either is written.

    Raises:
        ProblemsError: there is no such execution.
    """
    bundle = collect_bundle(stack, execution_id)
    evaluation = evaluate(bundle)
    files = {"report": (REPORT_FILE, build_report(bundle, evaluation).encode())}
    if bundle.forecasts and bundle.forecasts["windows"]:
        files["picture"] = (PICTURE_FILE, draw_png(bundle, evaluation))
    folder = (out / bundle.execution_id).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    written = {}
    for kind, (name, content) in files.items():
        written[kind] = folder / name
        written[kind].write_bytes(content)
    return WrittenReport(evaluation.verdict.headline, written, evaluation.verdict.judges_model)
