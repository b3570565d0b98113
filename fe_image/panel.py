"""From price histories to the panel that features are computed on: the rows that all assets share, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import reduce

import numpy as np

from contracts.problems import Problem, ProblemsError
from contracts.template import TrainingTemplate
from fe_image.features.base import Panel, Times
from fe_image.frequency import Cells, Frequency, inferred
from fe_image.prices import PriceHistory

MIN_COMMON_ROWS = 2


def common_panel(histories: Mapping[str, PriceHistory], template: TrainingTemplate, until: datetime | None = None) -> Panel:
    """Closing prices of the template's assets on their common rows, from startDataset on, up to ``until``."""
    frequency = Frequency.parse(template.frequency)
    assets = template.base_assets
    clipped = [_clip(histories[asset], template.start, until) for asset in assets]
    problems = [problem for history in clipped for problem in _finer(history, frequency)]
    if problems:
        raise ProblemsError("price histories", problems)
    units = [frequency.units(history.times) for history in clipped]
    common: Cells = reduce(lambda left, right: np.intersect1d(left, right, assume_unique=True), units)
    if common.size < MIN_COMMON_ROWS:
        raise ProblemsError("price histories", [_no_overlap(clipped, histories, common.size)])
    rows = [np.searchsorted(unit, common) for unit in units]
    close = np.stack([history.close[row] for history, row in zip(clipped, rows, strict=True)])
    # Assets may be stamped differently inside one step: a row is known when the last of its prices is.
    times: Times = np.maximum.reduce([history.times[row] for history, row in zip(clipped, rows, strict=True)])
    _check_frequency(times, frequency)
    return Panel(assets, times, close)


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
    first, second = history.times[repeated[0]], history.times[repeated[0] + 1]
    allowed = f"{history.asset} has several rows in one step ({first}, {second}); its data look like {inferred(history.times)}"
    return [Problem("frequency", str(frequency), allowed)]


def _check_frequency(times: Times, frequency: Frequency) -> None:
    """The usual step between common rows is one step of the template's frequency."""
    units = frequency.units(times)
    steps = np.diff(frequency.cells(times, int(units[0])))
    usual = int(np.median(steps))
    if usual != 1 or (steps == 0).any():
        allowed = f"allowed: the frequency of the common rows, which look like {inferred(times)}"
        raise ProblemsError("price histories", [Problem("frequency", str(frequency), allowed)])


def _no_overlap(clipped: Sequence[PriceHistory], histories: Mapping[str, PriceHistory], rows: int) -> Problem:
    """The assets share no rows: each one's own range."""
    ranges = "; ".join(f"{history.asset}: {_range(histories[history.asset])}" for history in clipped)
    allowed = f"the assets need at least {MIN_COMMON_ROWS} common rows from startDataset on. Their ranges: {ranges}"
    return Problem("baseAssets", f"{rows} common rows", allowed)


def _range(history: PriceHistory) -> str:
    if not history.times.size:
        return "no rows"
    return f"{history.times[0]} to {history.times[-1]} ({history.times.size} rows)"
