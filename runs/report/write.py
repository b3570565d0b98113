"""Write an execution's report and picture to a folder."""

from __future__ import annotations

from pathlib import Path

from runs.report import build_report, collect_bundle, draw_png
from runs.stack import Stack


def write_report(stack: Stack, execution_id: str, out: Path) -> dict[str, Path]:
    """Write ``<out>/<execution>/report.html``, and ``forecast.png`` where there are forecasts; what was written, by kind."""
    bundle = collect_bundle(stack, execution_id)
    page = build_report(bundle)
    folder = out / execution_id
    folder.mkdir(parents=True, exist_ok=True)
    written = {"report": folder / "report.html"}
    written["report"].write_text(page)
    if bundle.forecasts is not None:
        written["picture"] = folder / "forecast.png"
        written["picture"].write_bytes(draw_png(bundle))
    return written
