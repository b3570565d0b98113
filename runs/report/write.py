"""Write the report's files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from contracts.ids import template_id_problem
from contracts.problems import ProblemsError
from contracts.tables import ExecutionAttribute
from runs.report.bundle import collect_bundle
from runs.report.index import build_index
from runs.report.page import build_report
from runs.report.picture import draw_png, draw_svgs, panels
from runs.report.verdict import verdict
from runs.stack import Stack
from runs.store import execution_store

REPORT_FILE, PICTURE_FILE = "report.html", "forecast.png"


@dataclass(frozen=True)
class WrittenReport:
    """The report's headline, and the absolute path of each kind of file: ``report``, and ``picture`` if there are charts.

    ``judges_model``: True if the headline is about the model, False if it is about the execution's status.
    """

    headline: str
    paths: Mapping[str, Path]
    judges_model: bool = True


def write_report(stack: Stack, execution_id: str, out: Path) -> WrittenReport:
    """Write ``<out>/<execution>/report.html``, and ``forecast.png`` if there is anything to draw.

    Both are drawn before either is written.

    Raises:
        ProblemsError: there is no such execution.
    """
    bundle = collect_bundle(stack, execution_id)
    drawn, judged = panels(bundle), verdict(bundle)
    files = {"report": (REPORT_FILE, build_report(bundle, draw_svgs(drawn)).encode())}
    if drawn:
        files["picture"] = (PICTURE_FILE, draw_png(bundle))
    folder = (out / bundle.execution_id).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    written = {}
    for kind, (name, content) in files.items():
        written[kind] = folder / name
        written[kind].write_bytes(content)
    return WrittenReport(judged.headline, written, judged.judges_model)


def write_index(stack: Stack, template_id: str, out: Path) -> Path:
    """Write ``<out>/<template>.html``, the index of a template's executions, and return its path.

    It links to each report that is in ``out``.

    Raises:
        ProblemsError: the id cannot be a template's.
    """
    if problem := template_id_problem(template_id, "template"):
        raise ProblemsError("index", [problem])
    items = [item for item in execution_store(stack).all() if item.get(ExecutionAttribute.TEMPLATE_ID) == template_id]
    page = build_index(template_id, items, lambda execution_id: (out / execution_id / REPORT_FILE).is_file())
    out.mkdir(parents=True, exist_ok=True)
    path = (out / f"{template_id}.html").resolve()
    path.write_text(page)
    return path
