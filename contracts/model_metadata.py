"""The metadata of a registered model: the model package's customer properties.

They name all that a later forecast needs by S3 URI and SHA-256, because a forecast never fits anything again. SageMaker allows
50 properties of at most 256 characters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from contracts import layout


@dataclass(frozen=True)
class ForecastFile:
    """A file in ``evaluation/``, and the key of its SHA-256 in the gate's property file."""

    file: str
    hash_key: str


EXECUTION_ID = "ExecutionId"
#: The training's own metric; it decides nothing.
TRAINING_LOSS = "TestMeanWQuantileLoss"
#: Property -> key of the gate's property file.
GATE_FIGURES: Mapping[str, str] = {
    "Skill": layout.GATE_SKILL,
    "RequiredSkill": layout.GATE_REQUIRED_SKILL,
    "BestBaseline": layout.GATE_BEST_BASELINE,
}
#: Stem of two properties (``TargetS3Uri`` and ``TargetSha256``) -> the file.
FORECAST_FILES: Mapping[str, ForecastFile] = {
    "Target": ForecastFile(layout.TARGET_FILE, layout.GATE_TARGET_SHA256),
    "Scales": ForecastFile(layout.SCALES_FILE, layout.GATE_SCALES_SHA256),
    "Calibration": ForecastFile(layout.CALIBRATION_FILE, layout.GATE_CALIBRATION_SHA256),
    "Template": ForecastFile(layout.TEMPLATE_FILE, layout.GATE_TEMPLATE_SHA256),
}


#: Further files of the evaluation that are moved with a model, by the stem of their SHA-256 among its metadata.
FURTHER_FILES: Mapping[str, str] = {
    "Scores": layout.SCORES_FILE,
    "Statistics": layout.STATISTICS_FILE,
    "Importance": layout.IMPORTANCE_FILE,
}
#: Stem of the artefact's SHA-256 (``ModelSha256``).
ARTEFACT = "Model"
#: Properties that only a model from another stack has: the model package there, besides the hashes of the files above.
PROMOTED_FROM = "PromotedFrom"


def uri_key(stem: str) -> str:
    """Return the property with a file's S3 URI."""
    return f"{stem}S3Uri"


def hash_key(stem: str) -> str:
    """Return the property with a file's SHA-256, hexadecimal."""
    return f"{stem}Sha256"


def skill_text(properties: Mapping[str, str]) -> str:
    """Return the skill of a model's evaluation in percent, or the stored text if it is not a number."""
    text = properties.get("Skill", "")
    try:
        return f"{float(text):.1%}"
    except ValueError:
        return text


#: What every model of ours has.
PROPERTIES = (
    EXECUTION_ID,
    TRAINING_LOSS,
    *GATE_FIGURES,
    *(uri_key(stem) for stem in FORECAST_FILES),
    *(hash_key(stem) for stem in FORECAST_FILES),
)
#: What a model from another stack has as well.
PROMOTED_PROPERTIES = (PROMOTED_FROM, *(hash_key(stem) for stem in (ARTEFACT, *FURTHER_FILES)))
