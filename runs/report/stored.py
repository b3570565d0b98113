"""Check what an execution left behind before a report uses it. Stored data may be damaged; a report leaves such parts out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from contracts.layout import GATE_BEST_BASELINE, GATE_EXCESS, GATE_REQUIRED_SKILL, GATE_SKILL
from contracts.snapshot import from_attribute

_TEXTS = ("execution_id", "asset", "frequency", "transform", "baseline")
_BANDS = ("quantiles", "naive_quantiles", "target_quantiles", "naive_target_quantiles", "band_quantiles")
#: Scores of a forecast that the report shows, next to its coverage.
MEASURES = ("mean_wQuantileLoss", "MASE", "RMSE", "MAE", "MAPE")
_SKILLS = ("skill", "winRate", "loss", "baselineLoss", "windows")


def snapshot_of(text: object) -> tuple[Mapping[str, Any], Mapping[str, str]]:
    """Return an item's snapshot: its objects, and its texts. Both are empty if it has none or it cannot be read."""
    try:
        snapshot = from_attribute(text) if isinstance(text, str) else {}
    except ValueError:
        return {}, {}
    texts = {name: value for name, value in snapshot.items() if isinstance(value, str)}
    return {name: value for name, value in snapshot.items() if is_mapping(value)}, texts


def is_mapping(value: object) -> bool:
    """True for a JSON object."""
    return isinstance(value, Mapping)


def is_gate(value: object) -> bool:
    """True for the content of ``gate.json``: skill, required skill, their difference, and the baseline's name."""
    return (
        isinstance(value, Mapping)
        and all(is_number(value.get(name)) for name in (GATE_SKILL, GATE_REQUIRED_SKILL, GATE_EXCESS))
        and isinstance(value.get(GATE_BEST_BASELINE), str)
    )


def is_calibration(value: object) -> bool:
    """True for the content of ``calibration.json``."""
    return isinstance(value, Mapping) and isinstance(value.get("applied"), bool) and isinstance(value.get("reason"), str)


def is_champion(value: object) -> bool:
    """True for the content of ``champion.json``: a comparison, or the reason why there is none."""
    if not isinstance(value, Mapping) or not isinstance(value.get("compared"), bool):
        return False
    if not value["compared"]:
        return isinstance(value.get("reason"), str)
    return (
        all(isinstance(value.get(name), str) for name in ("modelPackage", "from", "to"))
        and all(is_number(value.get(name)) for name in ("skill", "values", "stepsAhead", "championStepsAhead"))
        and "interval" in value
        and _is_interval(value["interval"])
    )


def is_importance(value: object) -> bool:
    """True for the content of ``importance.json``: a score for each feature, and the forecast's held-out R² if it has one."""
    if not isinstance(value, Mapping) or not isinstance(value.get("scores", {}), Mapping):
        return False
    explained = value.get("held_out_r2")
    return all(map(is_number, value.get("scores", {}).values())) and (explained is None or is_number(explained))


def is_baselines(value: object) -> bool:
    """True for the content of ``baselines.json``, as far as the report reads it: names and descriptions."""
    found = value.get("baselines") if isinstance(value, Mapping) else None
    return isinstance(found, list) and all(
        isinstance(one, Mapping) and isinstance(one.get("name"), str) and isinstance(one.get("description"), str)
        for one in found
    )


def is_scores(value: object) -> bool:
    """True for the content of ``scores.json``, as far as the report reads it."""
    if not isinstance(value, Mapping) or not _is_skill(value.get("skill")) or not isinstance(value.get("asset"), str):
        return False
    forecasters, windows = value.get("forecasters"), value.get("windows")
    horizons, assets = value.get("horizons"), value.get("assets")
    if not isinstance(forecasters, Mapping) or not {"model", value["skill"]["baseline"]} <= set(forecasters):
        return False
    if not isinstance(windows, list) or not isinstance(horizons, list) or not isinstance(assets, Mapping):
        return False
    return (
        all(map(_is_forecaster, forecasters.values()))
        and all(
            _is_pair(window) and all(isinstance(window.get(name), str) for name in ("kind", "start", "end"))
            for window in windows
        )
        and all(_is_pair(step) and is_number(step.get("step")) for step in horizons)
        and all(map(_is_pair, assets.values()))
    )


def _is_skill(value: object) -> bool:
    return (
        isinstance(value, Mapping)
        and isinstance(value.get("baseline"), str)
        and all(is_number(value.get(name)) for name in _SKILLS)
        and "interval" in value
        and _is_interval(value["interval"])
    )


def _is_forecaster(value: object) -> bool:
    try:
        tests = value["price"]["test"]  # type: ignore[index]
        return _is_scored(tests["predicted"]) and _is_scored(tests["all"])
    except (KeyError, TypeError, IndexError):
        return False


def _is_pair(value: object) -> bool:
    """True for scores of the model and of the best baseline."""
    return isinstance(value, Mapping) and _is_scored(value.get("model")) and _is_scored(value.get("baseline"))


def _is_scored(value: object) -> bool:
    names = (*MEASURES, "values")
    if not isinstance(value, Mapping) or not all(name in value and _is_number_or_null(value[name]) for name in names):
        return False
    coverage = value.get("coverage")
    return isinstance(coverage, Mapping) and all(
        is_level(band)
        and isinstance(found, Mapping)
        and "share" in found
        and _is_number_or_null(found["share"])
        and _is_interval(found.get("interval"))
        for band, found in coverage.items()
    )


def _is_interval(value: object) -> bool:
    return value is None or (isinstance(value, list) and len(value) == 2 and all(map(is_number, value)))


def is_forecast_report(value: object) -> bool:
    """True for the content of ``forecasts.json``: see :class:`contracts.forecasts.ForecastReport`."""
    if not isinstance(value, Mapping) or not all(isinstance(value.get(name), str) for name in _TEXTS):
        return False
    history, windows, calibration = (value.get(name) for name in ("history", "windows", "calibration_windows"))
    if not isinstance(history, Mapping) or not isinstance(windows, list) or not isinstance(calibration, list):
        return False
    return (
        _are(history.get("timestamps"), is_time)
        and _are(history.get("price"), _is_number_or_null, history["timestamps"])
        and all(map(_is_window, [*calibration, *windows]))
    )


def _is_window(window: object) -> bool:
    if not isinstance(window, Mapping) or not _are(window.get("timestamps"), is_time) or not window["timestamps"]:
        return False
    times = window["timestamps"]
    if not all(_are(window.get(name), _is_number_or_null, times) for name in ("actual", "target_actual")):
        return False
    return all(_are_bands(window.get(name), times) for name in _BANDS)


def _are_bands(bands: object, times: Sequence[object]) -> bool:
    return (
        isinstance(bands, Mapping)
        and len(bands) > 0
        and all(map(is_level, bands))
        and all(_are(band, is_number, times) for band in bands.values())
    )


def _are(values: object, check: Callable[[object], bool], matching: Sequence[object] | None = None) -> bool:
    """True for a list whose entries all pass the check, as long as ``matching``."""
    return isinstance(values, list) and (matching is None or len(values) == len(matching)) and all(map(check, values))


def is_level(text: object) -> bool:
    """True for a quantile level or a share between 0 and 1, as text."""
    try:
        return 0 < float(str(text)) < 1
    except ValueError:
        return False


def is_time(text: object) -> bool:
    """True for an ISO 8601 time without a zone."""
    try:
        return isinstance(text, str) and datetime.fromisoformat(text).tzinfo is None
    except ValueError:
        return False


def is_number(value: object) -> bool:
    """True for a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_number_or_null(value: object) -> bool:
    return value is None or is_number(value)
