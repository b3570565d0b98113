"""Builds the panel from which features are computed: the rows that all assets have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import reduce

import numpy as np

from contracts.problems import Problem, ProblemsError
from contracts.template import TrainingTemplate
from fe_image.data.arrays import Panel, Times
from fe_image.data.frequency import Cells, Frequency, format_array_time, inferred
from fe_image.data.overlap import frequencies, ranges
from fe_image.data.prices import PriceHistory

MIN_COMMON_ROWS = 2


def common_panel(histories: Mapping[str, PriceHistory], template: TrainingTemplate, until: datetime | None = None) -> Panel:
    """Return the closing prices of the template's assets on their common rows, from startDataset to ``until``.

    Raises:
        ProblemsError: the assets have too few common rows, or rows of another frequency than the template's.
    """
    frequency = Frequency.parse(template.frequency)
    used = used_histories(histories, template, until)
    origin = _origin(used, frequency)
    steps = [frequency.cells(history.times, origin) for history in used]
    problems = [problem for history, step in zip(used, steps, strict=True) for problem in _finer(history, step, frequency)]
    if problems:
        raise ProblemsError("price histories", problems)
    common: Cells = reduce(lambda left, right: np.intersect1d(left, right, assume_unique=True), steps)
    if common.size < MIN_COMMON_ROWS:
        raise ProblemsError("price histories", [_no_overlap(histories, used, template, until, common.size)])
    rows = [np.searchsorted(step, common) for step in steps]
    close = np.stack([history.close[row] for history, row in zip(used, rows, strict=True)])
    # Assets can have different timestamps within one step. A row is known when its last price is.
    times: Times = np.maximum.reduce([history.times[row] for history, row in zip(used, rows, strict=True)])
    _check_frequency(used, times, common, frequency)
    return Panel(template.base_assets, times, close, origin)


def used_histories(
    histories: Mapping[str, PriceHistory], template: TrainingTemplate, until: datetime | None = None
) -> list[PriceHistory]:
    """Of each of the template's assets the rows from startDataset on, up to ``until``."""
    return [_clip(histories[asset], template.start, until) for asset in template.base_assets]


def _clip(history: PriceHistory, start: datetime, until: datetime | None) -> PriceHistory:
    keep = history.times >= np.datetime64(start, "s")
    if until is not None:
        keep &= history.times <= np.datetime64(until, "s")
    return PriceHistory(history.asset, history.times[keep], history.close[keep])


def _origin(used: Sequence[PriceHistory], frequency: Frequency) -> int:
    """Return the unit with which multi-unit steps start, such as the day on which a 7D step starts.

    It is the unit that puts the assets' first rows closest together, because no calendar defines it.
    """
    firsts = [int(frequency.units(history.times[:1])[0]) for history in used if history.times.size]
    places = sorted({first % frequency.multiple for first in firsts})
    return min(places, default=0, key=lambda place: max((other - place) % frequency.multiple for other in places))


def _finer(history: PriceHistory, steps: Cells, frequency: Frequency) -> list[Problem]:
    """Report a step with several rows, because the data are then finer than the template's frequency."""
    repeated = np.flatnonzero(np.diff(steps) == 0)
    if not repeated.size:
        return []
    first, second = (format_array_time(history.times[repeated[0] + place], history.times) for place in (0, 1))
    allowed = f"{history.asset} has several rows in one step ({first}, {second}); its data look like {inferred(history.times)}"
    return [Problem("frequency", str(frequency), allowed)]


def _check_frequency(used: Sequence[PriceHistory], times: Times, steps: Cells, frequency: Frequency) -> None:
    """Raise ProblemsError if the median step between common rows is not one step of the template's frequency."""
    if int(np.median(np.diff(steps))) != 1:
        allowed = f"allowed: the frequency of the common rows, which look like {inferred(times)}"
        if by_asset := frequencies(used):
            allowed += f" (by asset: {by_asset})"
        raise ProblemsError("price histories", [Problem("frequency", str(frequency), allowed)])


def _no_overlap(
    histories: Mapping[str, PriceHistory],
    used: Sequence[PriceHistory],
    template: TrainingTemplate,
    until: datetime | None,
    rows: int,
) -> Problem:
    """Return the problem of too few common rows, with the range of each asset."""
    allowed = f"the assets need at least {MIN_COMMON_ROWS} common rows from startDataset ({template.start_dataset}) on"
    return Problem("baseAssets", f"{rows} common rows", f"{allowed}. Their ranges: {ranges(histories, used, until)}")
