"""Reads price histories (CSV with the columns Date and Close) and says, with line numbers, what is wrong with one.

Fast first: whole columns are converted at once, and looked at row by row only where that fails.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field

import numpy as np

from contracts.layout import ASSET_MAX_BYTES
from contracts.prices import COLUMNS, MIN_ROWS
from contracts.problems import Problem
from contracts.template import DataPolicy
from fe_image.features.base import Floats, Times
from fe_image.frequency import said
from fe_image.price_columns import read_prices, read_times

#: Larger files are refused before they are read: a price history has a few hundred kilobytes.
MAX_BYTES = ASSET_MAX_BYTES
_COMPRESSED = {b"\x1f\x8b": "gzip", b"PK": "zip", b"BZ": "bzip2", b"\xfd7": "xz"}
_MAX_CELL = 10_000


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
    rows = _rows(source, content, reading)
    if reading.problems:
        return reading
    header, body = rows[0], rows[1:]
    wrong = {name: header.count(name) for name in COLUMNS if header.count(name) != 1}
    if wrong:
        found = ", ".join(header[:10])
        for name, count in wrong.items():
            what = f"column {name} " + (f"stands there {count} times" if count else "is missing")
            reading.problems.append(Problem(source, found, f"{what}; allowed: a header with Date and Close, once each"))
        return reading
    _check_rows(source, header, body, reading)
    if not reading.problems:
        dates, closes = ([row[header.index(name)] for row in body] for name in COLUMNS)
        _convert(asset, source, dates, closes, policy, reading)
    return reading


def _rows(source: str, content: bytes, reading: Reading) -> list[list[str]]:
    problem = _bytes_problem(source, content)
    if problem is not None:
        reading.problems.append(problem)
        return []
    try:
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    except csv.Error as error:
        reading.problems.append(Problem(source, str(error), "allowed: comma-separated values"))
        return []
    while rows and not rows[-1]:
        rows.pop()
    if len(rows) <= MIN_ROWS:
        allowed = f"allowed: a header with Date and Close, then at least {MIN_ROWS} rows"
        reading.problems.append(Problem(source, f"{max(len(rows) - 1, 0)} rows", allowed))
    return rows


def _bytes_problem(source: str, content: bytes) -> Problem | None:
    """What is wrong with a file before it can be called text."""
    if len(content) > MAX_BYTES:
        return Problem(source, f"{len(content)} bytes", f"allowed: at most {MAX_BYTES} bytes")
    for magic, name in _COMPRESSED.items():
        if content.startswith(magic):
            return Problem(source, f"{name} data", "allowed: plain text; compressed files are not read")
    if (offset := content.find(b"\0")) >= 0:
        return Problem(source, f"NUL byte at offset {offset}", "allowed: text in UTF-8")
    try:
        content.decode("utf-8")  # not utf-8-sig, whose offsets do not count the byte order mark
    except UnicodeDecodeError as error:
        return Problem(source, f"byte 0x{content[error.start]:02x} at offset {error.start}", "allowed: text in UTF-8")
    return None


def _check_rows(source: str, header: list[str], body: list[list[str]], reading: Reading) -> None:
    """Rows as wide as the header, and no cell of absurd length."""
    wrong = [number for number, row in enumerate(body, 2) if len(row) != len(header)]
    if wrong:
        what = f"{len(body[wrong[0] - 2])} cells in row {wrong[0]}"
        reading.problems.append(Problem(source, what, f"allowed: {len(header)} as in the header ({len(wrong)} such rows)"))
    long = next((number for number, row in enumerate(body, 2) if max(map(len, row), default=0) > _MAX_CELL), None)
    if long is not None:
        what = f"a cell of over {_MAX_CELL} characters in row {long}"
        reading.problems.append(Problem(source, what, "allowed: a date and a price"))


def _convert(asset: str, source: str, dates: list[str], closes: list[str], policy: DataPolicy, reading: Reading) -> None:
    times, time_problems = read_times(source, dates)
    close, price_problems = read_prices(source, closes)
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
