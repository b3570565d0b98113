"""From price histories to the panel that features are computed on: the rows that all assets share, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import reduce

import numpy as np

from contracts.problems import Problem, ProblemsError
from contracts.template import TrainingTemplate
from fe_image.features.base import Panel, Times
from fe_image.frequency import Cells, Frequency, inferred, said
from fe_image.overlap import frequencies, ranges
from fe_image.prices import PriceHistory

MIN_COMMON_ROWS = 2


def common_panel(histories: Mapping[str, PriceHistory], template: TrainingTemplate, until: datetime | None = None) -> Panel:
    """Closing prices of the template's assets on their common rows, from startDataset on, up to ``until``."""
    frequency = Frequency.parse(template.frequency)
    used = used_histories(histories, template, until)
    problems = [problem for history in used for problem in _finer(history, frequency)]
    if problems:
        raise ProblemsError("price histories", problems)
    units = [frequency.units(history.times) for history in used]
    common: Cells = reduce(lambda left, right: np.intersect1d(left, right, assume_unique=True), units)
    if common.size < MIN_COMMON_ROWS:
        raise ProblemsError("price histories", [_no_overlap(histories, used, template, until, common.size)])
    rows = [np.searchsorted(unit, common) for unit in units]
    close = np.stack([history.close[row] for history, row in zip(used, rows, strict=True)])
    # Assets may be stamped differently inside one step: a row is known when the last of its prices is.
    times: Times = np.maximum.reduce([history.times[row] for history, row in zip(used, rows, strict=True)])
    _check_frequency(used, times, frequency)
    return Panel(template.base_assets, times, close)


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


def _finer(history: PriceHistory, frequency: Frequency) -> list[Problem]:
    """More than one row in a cell: the data are finer than the template's frequency."""
    if history.times.size < MIN_COMMON_ROWS:
        return []
    repeated = np.flatnonzero(np.diff(frequency.units(history.times)) == 0)
    if not repeated.size:
        return []
    first, second = (said(history.times[repeated[0] + place], history.times) for place in (0, 1))
    allowed = f"{history.asset} has several rows in one step ({first}, {second}); its data look like {inferred(history.times)}"
    return [Problem("frequency", str(frequency), allowed)]


def _check_frequency(used: Sequence[PriceHistory], times: Times, frequency: Frequency) -> None:
    """The usual step between common rows is one step of the template's frequency."""
    units = frequency.units(times)
    steps = np.diff(frequency.cells(times, int(units[0])))
    usual = int(np.median(steps))
    if usual != 1 or (steps == 0).any():
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
