"""Writes the evaluation's files, the manifest last."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from contracts import layout
from contracts.manifest import ManifestEntry
from contracts.template import to_data
from fe_image.evaluation import reports
from fe_image.evaluation.evaluate import Evaluation
from fe_image.files import write_files
from fe_image.json_text import json_bytes

MANIFEST_FILE = f"manifest/{layout.EVALUATION_MANIFEST_NAME}"


def write_evaluation(
    found: Evaluation,
    root: Path,
    execution_id: str,
    fitted: Mapping[str, ManifestEntry],
    champion: Mapping[str, Any],
    required: float,
) -> dict[str, ManifestEntry]:
    """Write all files under ``root`` and return the manifest's entries.

    ``fitted``: entries of the feature step's manifest. ``champion``: the comparison with the champion.
    ``required``: the least skill that the gate accepts.
    """
    made = {
        f"evaluation/{layout.CHAMPION_FILE}": json_bytes(champion),
        **evaluation_files(found, execution_id, fitted, required),
    }
    files = ((name, [content]) for name, content in made.items())
    return write_files(root, layout.EVALUATION_OUTPUTS, MANIFEST_FILE, execution_id, files)


def evaluation_files(
    found: Evaluation, execution_id: str, fitted: Mapping[str, ManifestEntry], required: float
) -> dict[str, bytes]:
    """Return the content of every file that the backtest decides, by name."""
    calibration = json_bytes(found.calibration.data())
    template = json_bytes(to_data(found.actual.template))
    digests = {
        layout.GATE_TARGET_SHA256: fitted["evaluation/target.json"]["sha256"],
        layout.GATE_SCALES_SHA256: fitted["evaluation/scales.json"]["sha256"],
        layout.GATE_CALIBRATION_SHA256: hashlib.sha256(calibration).hexdigest(),
        layout.GATE_TEMPLATE_SHA256: hashlib.sha256(template).hexdigest(),
    }
    return {
        f"evaluation/{layout.TEMPLATE_FILE}": template,
        f"evaluation/{layout.CALIBRATION_FILE}": calibration,
        f"evaluation/{layout.SCORES_FILE}": json_bytes(reports.scores(found)),
        "evaluation/baselines.json": json_bytes(reports.baselines(found)),
        "evaluation/forecasts.json": json_bytes(reports.forecasts(found, execution_id)),
        f"evaluation/{layout.STATISTICS_FILE}": json_bytes(reports.statistics(found)),
        f"evaluation/{layout.GATE_FILE}": json_bytes(reports.gate(found, digests, required)),
    }
