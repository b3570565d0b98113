"""Propose a training template for stored price histories, from what `assets put` recorded about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from contracts.frequency import Frequency
from contracts.problems import Problem, ProblemsError, listed
from contracts.ranges import LATEST, latest_end_training
from contracts.tables import AssetAttribute
from contracts.times import format_time
from runs.ranges import stored_metadata
from runs.stack import Stack

#: Unit of the frequency → steps of a forecast: an hour, a day, about four weeks, two months, a year.
_HORIZON = {"min": 60, "H": 24, "D": 20, "W": 8, "M": 12}
#: Numbers of calibration and test windows, most first; with fewer than six test windows a report cannot rule out chance.
_WINDOWS = ((4, 8), (2, 6), (1, 4), (1, 1))
#: Share of the steps that the training keeps at least.
_TRAINING_SHARE = 0.5


def propose(stack: Stack, template_id: str, assets: Sequence[str], predicted: str) -> tuple[dict[str, Any], list[str]]:
    """Return a template for stored assets, and notes on what to look at in it.

    Raises:
        ProblemsError: an asset is not stored or has no metadata, the frequencies differ, the assets share no time, or there are
            too few steps for any window.
    """
    chosen = list(dict.fromkeys(assets))
    metadata = stored_metadata(stack, chosen)
    problems = [
        Problem("--assets", asset, "it is not stored; store it with `runs assets put`")
        for asset in chosen
        if asset not in metadata
    ]
    if predicted not in chosen:
        problems.append(Problem("--predict", predicted, f"allowed: one of --assets: {listed(chosen)}"))
    frequencies = {str(found[AssetAttribute.FREQUENCY]) for found in metadata.values()}
    if len(frequencies) > 1:
        found = ", ".join(f"{name} {one[AssetAttribute.FREQUENCY]}" for name, one in metadata.items())
        problems.append(Problem("--assets", found, "allowed: assets of one frequency"))
    if problems:
        raise ProblemsError("template", problems)
    return _proposed(template_id, chosen, predicted, Frequency.parse(frequencies.pop()), metadata)


def _proposed(
    template_id: str, assets: list[str], predicted: str, frequency: Frequency, metadata: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[str, Any], list[str]]:
    firsts, lasts = (
        [datetime.fromisoformat(str(found[name])) for found in metadata.values()]
        for name in (AssetAttribute.FIRST_DATE, AssetAttribute.LAST_DATE)
    )
    lowest = min(float(found[AssetAttribute.LOWEST_PRICE]) for found in metadata.values())
    horizon = _HORIZON[frequency.unit]
    base = {
        "id": template_id,
        "baseAssets": assets,
        "predictedAsset": predicted,
        "startDataset": format_time(max(firsts), *firsts),
        "endTraining": LATEST,
        "frequency": str(frequency),
        "predictionLength": horizon,
        "contextLength": 2 * horizon,
        "targetTransform": "log_return" if lowest > 0 else "level",
        "features": {"calendar": {}},
        "dynamicFeatures": ["calendar"],
    }
    calibration, tests, until = _windows(base, frequency, max(firsts), lasts)
    notes = [f"endTraining is {LATEST}: with the prices stored now, a start trains until {until}"]
    if lowest > 0:
        notes.append(
            "targetTransform is log_return, which suits prices; choose log1p for counts, level for temperatures and the like"
        )
    else:
        notes.append(f"targetTransform is level, because the lowest value is {lowest:g}")
    return {**base, "calibrationWindows": calibration, "testWindows": tests}, notes


def _windows(base: Mapping[str, Any], frequency: Frequency, first: datetime, lasts: Sequence[datetime]) -> tuple[int, int, str]:
    """The most windows that leave the training its share of the steps, and the end of the training."""
    total = (min(lasts) - first).total_seconds()
    for calibration, tests in _WINDOWS:
        try:
            until = latest_end_training({**base, "calibrationWindows": calibration, "testWindows": tests}, lasts)
        except ProblemsError:
            continue
        if (datetime.fromisoformat(until) - first).total_seconds() >= _TRAINING_SHARE * total:
            return calibration, tests, until
    steps, horizon = int(total / frequency.seconds), base["predictionLength"]
    allowed = (
        f"the assets share {max(steps, 0)} steps of {frequency}, {format_time(first)} to {format_time(min(lasts))}; needed: "
        f"about {4 * horizon} for a predictionLength of {horizon}. Write a template with a shorter one by hand"
    )
    raise ProblemsError("template", [Problem("--assets", listed(list(base["baseAssets"])), allowed)])
