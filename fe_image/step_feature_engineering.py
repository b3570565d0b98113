"""The feature step: reads the inputs in the execution's snapshot, engineers features, and writes the outputs."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from fe_image.container.step_environment import StepEnvironment
from fe_image.engineer import engineer
from fe_image.execution_source import item_source, read_snapshot_assets
from fe_image.outputs import write_outputs
from fe_image.step import run_in_frame

log = logging.getLogger(__name__)


def run_step(execution_id: str, environment: Mapping[str, str]) -> int:
    """Run the step for an execution and return the exit code."""
    return run_in_frame("feature engineering", "step_log", _run, execution_id, environment)


def _run(where: StepEnvironment, item: Mapping[str, Any]) -> None:
    source = item_source(item, where.execution_id)
    histories, notes = read_snapshot_assets(source, where.assets)
    for note in notes:
        log.warning("%s", note)
    data = engineer(histories, source.template)
    entries = write_outputs(data, where.outputs, where.execution_id)
    for name, entry in entries.items():
        log.info("%s: %d bytes", name, entry["size"])
