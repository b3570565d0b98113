"""Reads price histories (CSV with the columns Date and Close) and says, with line numbers, what is wrong with one.

Fast first: whole columns are converted at once, and looked at row by row only where that fails.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from contracts.prices import Columns, read_columns
from contracts.problems import Problem
from contracts.template import DataPolicy
from fe_image.data.arrays import Floats, Times
from fe_image.data.frequency import said
from fe_image.data.price_columns import read_prices, read_times


@dataclass(frozen=True)
class PriceHistory:
    """One asset's prices: ``times`` ascend strictly, ``close`` is positive and finite, in the asset's own currency."""

    asset: str
    times: Times
    close: Floats


@dataclass
class Reading:
    """What came of reading one file: a history or problems, and notes worth a line in the log."""

    history: PriceHistory | None = None
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_history(asset: str, source: str, content: bytes, policy: DataPolicy) -> Reading:
    """The price history in a CSV file. ``source`` names the file or S3 key in messages."""
    reading = Reading()
    reading.problems, columns = read_columns(source, content)
    if columns is not None:
        _convert(asset, source, columns, policy, reading)
    return reading


def _convert(asset: str, source: str, columns: Columns, policy: DataPolicy, reading: Reading) -> None:
    times, time_problems = read_times(source, columns.dates)
    close, price_problems = read_prices(source, columns.closes)
    reading.problems += time_problems + price_problems
    if times is None or close is None:
        return
    missing = np.isnan(close)
    share = missing.mean()
    if share > policy.max_missing_share:
        first = int(missing.argmax()) + 2
        what = f"{int(missing.sum())} of {missing.size} rows without a price, the first in row {first}"
        reading.problems.append(Problem(source, what, f"allowed: a share of at most {policy.max_missing_share:g}"))
        return
    if missing.any():
        reading.notes.append(f"{source}: {int(missing.sum())} of {missing.size} rows have no price and are left out")
    rows = np.flatnonzero(~missing) + 2
    _order(asset, source, times[~missing], close[~missing], rows, policy, reading)


def _order(
    asset: str, source: str, times: Times, close: Floats, rows: np.ndarray, policy: DataPolicy, reading: Reading
) -> None:
    """Sort, resolve duplicates as the policy says, refuse absurd steps."""
    if (np.diff(times) < np.timedelta64(0)).any():
        reading.notes.append(f"{source}: rows were not in order of date; they are sorted")
        order = np.argsort(times, kind="stable")
        times, close, rows = times[order], close[order], rows[order]
    same = np.flatnonzero(np.diff(times) == np.timedelta64(0))
    if same.size and policy.duplicates == "error":
        what = f"{said(times[same[0]], times)} in rows {rows[same[0]]} and {rows[same[0] + 1]}"
        allowed = f"allowed: each date once ({same.size} repeated), or data.duplicates 'first' or 'last' in the template"
        reading.problems.append(Problem(source, what, allowed))
        return
    if same.size:
        reading.notes.append(f"{source}: of {same.size} repeated dates the {policy.duplicates} row counts")
        dropped = same + 1 if policy.duplicates == "first" else same
        times, close, rows = (np.delete(array, dropped) for array in (times, close, rows))
    steps = np.abs(np.diff(np.log(close)))
    absurd = np.flatnonzero(steps > np.log(policy.max_step))
    if absurd.size:
        at = absurd[0]
        what = f"{close[at]:g} in row {rows[at]}, then {close[at + 1]:g} in row {rows[at + 1]}"
        allowed = f"allowed: a ratio of at most {policy.max_step:g} ({absurd.size} such steps); data.maxStep sets it"
        reading.problems.append(Problem(source, what, allowed))
        return
    reading.history = PriceHistory(asset, times, close)
