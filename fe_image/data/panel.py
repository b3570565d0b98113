"""From price histories to the panel that features are computed on: the rows that all assets share, checked."""

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
    """Closing prices of the template's assets on their common rows, from startDataset on, up to ``until``."""
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
    # Assets may be stamped differently inside one step: a row is known when the last of its prices is.
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
    """A unit that a step begins with, such that the prices of one row lie close together: of the units that assets begin with
    the one after which the others follow soonest, whichever asset is the first. No calendar says where seven days begin.
    """
    firsts = [int(frequency.units(history.times[:1])[0]) for history in used if history.times.size]
    places = sorted({first % frequency.multiple for first in firsts})
    return min(places, default=0, key=lambda place: max((other - place) % frequency.multiple for other in places))


def _finer(history: PriceHistory, steps: Cells, frequency: Frequency) -> list[Problem]:
    """More than one row in a step: the data are finer than the template's frequency."""
    repeated = np.flatnonzero(np.diff(steps) == 0)
    if not repeated.size:
        return []
    first, second = (format_array_time(history.times[repeated[0] + place], history.times) for place in (0, 1))
    allowed = f"{history.asset} has several rows in one step ({first}, {second}); its data look like {inferred(history.times)}"
    return [Problem("frequency", str(frequency), allowed)]


def _check_frequency(used: Sequence[PriceHistory], times: Times, steps: Cells, frequency: Frequency) -> None:
    """The usual step between common rows is one step of the template's frequency."""
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
    """The assets share no rows: each one's own range."""
    allowed = f"the assets need at least {MIN_COMMON_ROWS} common rows from startDataset ({template.start_dataset}) on"
    return Problem("baseAssets", f"{rows} common rows", f"{allowed}. Their ranges: {ranges(histories, used, until)}")
