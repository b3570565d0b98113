"""The champion: the newest model that was approved when the execution started, compared with the new one.

A champion is not run again. Its published forecasts count, on the dates of the test windows that they forecast.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from contracts.metrics import level_name
from contracts.strict_json import parse
from contracts.tables import PredictionAttribute as Attribute
from fe_image.data.arrays import Floats
from fe_image.data.frequency import iso
from fe_image.evaluation.evaluate import Evaluation
from fe_image.evaluation.skill import skill
from fe_image.forecast.rows import Item, mean_loss

NO_CHAMPION = "the execution's start found no approved model of this template that it could read"
NO_FORECAST = "the approved model has published no forecast of a date in the test windows"


@dataclass(frozen=True)
class _Shared:
    """A date that both have forecast: the test window, the losses, and how many steps ahead each forecast was."""

    window: int
    time: str
    loss: float
    champion_loss: float
    steps_ahead: int
    champion_steps_ahead: int


def scored_range(found: Evaluation) -> tuple[str, str]:
    """Return the first and the last time of the test windows (ISO 8601)."""
    grid = found.actual.grid
    first, last = iso(grid.times[[grid.window_start(grid.calibration_windows), len(grid.times) - 1]])
    return first, last


def compare(found: Evaluation, package: str | None, rows: Sequence[Item]) -> dict[str, Any]:
    """Return ``champion.json``. ``rows``: the prediction table's rows of the predicted asset in :func:`scored_range`.

    If the champion has forecast a date several times, the forecast counts whose last known value is nearest to the new model's.
    Losses are means over the levels that both have, in the asset's unit.
    """
    own = [row for row in rows if row[Attribute.MODEL_PACKAGE_ARN]["S"] == package]
    shared = list(_shared(found, own))
    if not shared:
        return {"version": 1, "modelPackage": package, "compared": False, "reason": NO_FORECAST if package else NO_CHAMPION}
    windows = range(found.actual.grid.calibration_windows, found.actual.grid.windows)
    losses = _by_window(shared, windows, [one.loss for one in shared])
    champion_losses = _by_window(shared, windows, [one.champion_loss for one in shared])
    result = skill("champion", losses, champion_losses, found.actual.template.seed).data()
    return {
        "version": 1,
        "modelPackage": package,
        "compared": True,
        "values": len(shared),
        "from": shared[0].time,
        "to": shared[-1].time,
        "stepsAhead": float(np.mean([one.steps_ahead for one in shared])),
        "championStepsAhead": float(np.mean([one.champion_steps_ahead for one in shared])),
        "championLoss": result.pop("baselineLoss"),
        **{name: result[name] for name in ("skill", "interval", "winRate", "windows", "loss")},
    }


def _shared(found: Evaluation, rows: Sequence[Item]) -> Iterator[_Shared]:
    """Yield the dates with an actual value that both have forecast, in order of time."""
    by_time: dict[str, list[Item]] = {}
    for row in rows:
        by_time.setdefault(row[Attribute.TIME]["S"], []).append(row)
    grid, price = found.actual.grid, found.actual.price[found.actual.predicted]
    cells = {time: cell for cell, time in enumerate(iso(grid.times))}
    for window in range(grid.calibration_windows, grid.windows):
        start = grid.window_start(window)
        for step in range(grid.prediction_length):
            time = iso(grid.times[start + step : start + step + 1])[0]
            known = {cells[cutoff]: row for row in by_time.get(time, []) if (cutoff := row[Attribute.CUTOFF]["S"]) in cells}
            if not known or not np.isfinite(price[start + step]):
                continue
            cutoff = min(known, key=lambda cell: abs(cell - (start - 1)))
            quantiles = parse(known[cutoff][Attribute.QUANTILES]["S"])
            own = _quantiles(found, window, step, quantiles)
            champion = {level: quantiles[level] for level in own}
            actual = float(price[start + step])
            yield _Shared(window, time, mean_loss(own, actual), mean_loss(champion, actual), step + 1, start + step - cutoff)


def _quantiles(found: Evaluation, window: int, step: int, other: Mapping[str, float]) -> dict[str, float]:
    """Return the new model's quantiles at the levels that the other forecast has as well."""
    values = found.model.price[found.actual.predicted, window, :, step]
    by_level = dict(zip(map(level_name, found.model.levels), values.tolist(), strict=True))
    return {level: value for level, value in by_level.items() if level in other}


def _by_window(shared: Sequence[_Shared], windows: range, losses: Sequence[float]) -> Floats:
    sums = np.zeros(len(windows))
    for one, loss in zip(shared, losses, strict=True):
        sums[one.window - windows.start] += loss
    return sums
