"""The forecast pipeline's first step: writes one request line per base asset for the steps after the last price."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from contracts import layout
from contracts.manifest import MANIFEST_NAME
from fe_image.container.step_environment import StepEnvironment
from fe_image.execution_source import forecast_source, read_snapshot_assets
from fe_image.files import clear_folder, write_files
from fe_image.forecast.fitted import read_fitted
from fe_image.forecast.prepare import prepare
from fe_image.requests import LINES_PATH, request_files, request_windows
from fe_image.step import run_in_frame

log = logging.getLogger(__name__)


def run_step(execution_id: str, environment: Mapping[str, str]) -> int:
    """Run the step for an execution and return the exit code."""
    return run_in_frame("preparation", "prepare_log", _run, execution_id, environment)


def _run(where: StepEnvironment, item: Mapping[str, Any]) -> None:
    source = forecast_source(item, where.execution_id)
    model = read_fitted(where.path(layout.INPUT_FITTED_DIR), source.model["Files"], source.template)
    histories, notes = read_snapshot_assets(source, where.assets)
    for note in notes:
        log.warning("%s", note)
    series = prepare(histories, source.template, model)
    window = request_windows(series.grid)[0]
    log.info("%d requests for the steps from %s to %s", len(series.panel.assets), window["start"], window["end"])
    clear_folder(where.outputs / LINES_PATH)
    manifest = f"manifest/{MANIFEST_NAME}"
    entries = write_files(where.outputs, layout.PREPARE_OUTPUTS, manifest, where.execution_id, request_files(series))
    for name, entry in entries.items():
        log.info("%s: %d bytes", name, entry["size"])
