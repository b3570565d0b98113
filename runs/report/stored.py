"""Check what an execution left behind before a report uses it. Stored data may be damaged; a report leaves such parts out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from contracts.snapshot import from_attribute

_TEXTS = ("execution_id", "asset", "frequency", "transform")
_BANDS = ("quantiles", "naive_quantiles", "target_quantiles", "naive_target_quantiles")


def snapshot_of(text: object) -> Mapping[str, Any]:
    """Return an item's snapshot; empty if it has none or it cannot be read."""
    try:
        snapshot = from_attribute(text) if isinstance(text, str) else {}
    except ValueError:
        return {}
    return {name: value for name, value in snapshot.items() if is_mapping(value)}


def is_mapping(value: object) -> bool:
    """True for a JSON object."""
    return isinstance(value, Mapping)


def is_gate(value: object) -> bool:
    """True for the content of ``gate.json``: an object of finite numbers."""
    return isinstance(value, Mapping) and all(_is_number(entry) for entry in value.values())


def is_importance(value: object) -> bool:
    """True for the content of ``importance.json``: a score for each feature, and the forecast's held-out R² if it has one."""
    if not isinstance(value, Mapping) or not isinstance(value.get("scores", {}), Mapping):
        return False
    explained = value.get("held_out_r2")
    return all(map(_is_number, value.get("scores", {}).values())) and (explained is None or _is_number(explained))


def is_forecast_report(value: object) -> bool:
    """True for the content of ``forecasts.json``: see :class:`contracts.forecasts.ForecastReport`."""
    if not isinstance(value, Mapping) or not all(isinstance(value.get(name), str) for name in _TEXTS):
        return False
    history, windows = value.get("history"), value.get("windows")
    if not isinstance(history, Mapping) or not isinstance(windows, Sequence) or isinstance(windows, str):
        return False
    metrics = [value.get("metrics"), value.get("naive_metrics")]
    return (
        all(isinstance(found, Mapping) and all(map(_is_number, found.values())) for found in metrics)
        and _are(history.get("timestamps"), _is_time)
        and _are(history.get("price"), _is_number_or_null, history["timestamps"])
        and all(map(_is_window, windows))
    )


def _is_window(window: object) -> bool:
    if not isinstance(window, Mapping) or not _are(window.get("timestamps"), _is_time) or not window["timestamps"]:
        return False
    times = window["timestamps"]
    if not all(_are(window.get(name), _is_number_or_null, times) for name in ("actual", "target_actual")):
        return False
    return all(_are_bands(window.get(name), times) for name in _BANDS)


def _are_bands(bands: object, times: Sequence[object]) -> bool:
    return (
        isinstance(bands, Mapping)
        and len(bands) > 0
        and all(map(_is_level, bands))
        and all(_are(band, _is_number, times) for band in bands.values())
    )


def _are(values: object, check: Callable[[object], bool], matching: Sequence[object] | None = None) -> bool:
    """True for a list whose entries all pass the check, as long as ``matching``."""
    return isinstance(values, list) and (matching is None or len(values) == len(matching)) and all(map(check, values))


def _is_level(text: object) -> bool:
    try:
        return 0 < float(str(text)) < 1
    except ValueError:
        return False


def _is_time(text: object) -> bool:
    try:
        return isinstance(text, str) and datetime.fromisoformat(text).tzinfo is None
    except ValueError:
        return False


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_number_or_null(value: object) -> bool:
    return value is None or _is_number(value)
