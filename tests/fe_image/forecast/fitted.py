"""A trained model's fitted files, as the feature step and the evaluation write them, for the tests of the forecast."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from fe_image import reports
from fe_image.engineer import EngineeredData
from fe_image.evaluation.calibration import Calibration
from fe_image.forecast.fitted import FittedModel, read_fitted
from fe_image.json_text import json_bytes


def write_fitted(folder: Path, data: EngineeredData, calibration: Calibration | None = None) -> dict[str, str]:
    """Write the four files of a training and return the SHA-256 of each."""
    contents: dict[str, Any] = {
        "target.json": reports.target(data),
        "scales.json": reports.scales(data),
        "calibration.json": (calibration or Calibration({}, "none")).data(),
        "template.json": data.template.model_dump(mode="json", by_alias=True),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(json_bytes(content))
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in contents}


def fitted_model(folder: Path, data: EngineeredData, calibration: Calibration | None = None) -> FittedModel:
    """Return the model's state after a way through its files."""
    return read_fitted(folder, write_fitted(folder, data, calibration), data.template)
