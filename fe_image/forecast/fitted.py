"""The fitted files of a registered model, which carry all that a forecast needs besides the model's weights."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from contracts import layout
from contracts.problems import Problem, ProblemsError, one_problem
from contracts.strict_json import parse
from contracts.template import TrainingTemplate, parse_template, to_data
from fe_image.features.base import State
from fe_image.model.dynamic import Scales

FITTED_FILES = (layout.TARGET_FILE, layout.SCALES_FILE, layout.CALIBRATION_FILE, layout.TEMPLATE_FILE)
_SUBJECT = "fitted files of the model"


@dataclass(frozen=True)
class FittedModel:
    """A model's fitted state.

    ``series_start`` (ISO 8601) and ``training_steps`` are the model's training range. ``names`` and ``scales`` are those of its
    ``dynamic_feat``, shape (assets, features). ``states`` is the state of each feature group. ``offsets`` recalibrate the
    quantiles, by level; there are none if the evaluation did not apply any.
    """

    series_start: str
    training_steps: int
    trading_profile: tuple[float, ...]
    names: tuple[str, ...]
    scales: Scales
    states: Mapping[str, State]
    offsets: Mapping[float, float]


def read_fitted(folder: Path, digests: Mapping[str, str], template: TrainingTemplate) -> FittedModel:
    """Return the fitted state in a folder, whose files must have the SHA-256 of ``digests`` and belong to ``template``.

    Raises:
        ProblemsError: files that are missing or differ, or another template.
    """
    content = _verified(folder, digests)
    found = {name: parse(text.decode()) for name, text in content.items()}
    if (differing := _differing(found[layout.TEMPLATE_FILE], template)) is not None:
        allowed = "allowed: the template that the model was trained with; the execution's snapshot has another"
        raise one_problem(_SUBJECT, f"{layout.TEMPLATE_FILE} {differing}", "different", allowed)
    target, scales = found[layout.TARGET_FILE], found[layout.SCALES_FILE]
    names = tuple(scales["dynamic_feat"])
    return FittedModel(
        target["series_start"],
        target["training_steps"],
        tuple(target["trading_profile"]),
        names,
        Scales(*(_column(scales, names, template, figure) for figure in ("mean", "deviation"))),
        {group: _state(arrays) for group, arrays in scales["fitted"].items()},
        {float(level): offset for level, offset in found[layout.CALIBRATION_FILE]["offsets"].items()},
    )


def _verified(folder: Path, digests: Mapping[str, str]) -> dict[str, bytes]:
    content, problems = {}, []
    for name in FITTED_FILES:
        path = folder / name
        if not path.is_file():
            problems.append(Problem(name, None, "the model's evaluation wrote it; do not delete files of registered models"))
            continue
        content[name] = path.read_bytes()
        digest = hashlib.sha256(content[name]).hexdigest()
        if digest != digests[name]:
            allowed = f"allowed: {digests[name]}, which the model package recorded; restore that version of the object"
            problems.append(Problem(name, f"SHA-256 {digest}", allowed))
    if problems:
        raise ProblemsError(_SUBJECT, problems)
    return content


def _differing(stored: object, template: TrainingTemplate) -> str | None:
    """Return the first field in which the stored template differs; the id and the description do not matter."""
    one, two = to_data(parse_template(stored)), to_data(template)
    names = sorted((set(one) | set(two)) - {"id", "description"})
    return next((name for name in names if one.get(name) != two.get(name)), None)


def _column(scales: Mapping[str, Any], names: tuple[str, ...], template: TrainingTemplate, figure: str) -> Any:
    rows = [[scales["assets"][asset][name][figure] for name in names] for asset in template.base_assets]
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(names))


def _state(arrays: Mapping[str, Any]) -> State:
    """Return a group's arrays; null is NaN."""
    return {name: np.array(values, dtype=np.float64) for name, values in arrays.items()}
