"""The two columns of a price history as arrays, or what is wrong with them: row number, sample, count."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence

import numpy as np

from contracts.prices import FIRST_YEAR, LAST_YEAR, MOMENT, MOMENT_ALLOWED, PRICE_MAX, PRICE_MIN, is_plain, price
from contracts.problems import Problem
from fe_image.data.arrays import Floats, Times

_ZONE = re.compile(r".*[T ]\d\d:\d\d(:\d\d(\.\d+)?)?\s*(Z|UTC|[A-Z]{3,4}|[+-]\d\d:?\d\d)")


def read_times(source: str, cells: Sequence[str]) -> tuple[Times | None, list[Problem]]:
    """The column Date as datetime64[s]."""
    cells = [cell.strip() for cell in cells]
    bad = [index for index, cell in enumerate(cells) if not MOMENT.fullmatch(cell)]
    if bad:
        zoned = [index for index in bad if _ZONE.fullmatch(cells[index])]
        others = sorted(set(bad) - set(zoned))
        zones = f"{MOMENT_ALLOWED}; times with a zone would differ in length where clocks change"
        problems = _some(source, "Date", cells, zoned, zones)
        return None, problems + _some(source, "Date", cells, others, MOMENT_ALLOWED)
    times = _times(cells)
    if times is None:
        impossible = [index for index, cell in enumerate(cells) if _times([cell]) is None]
        return None, _some(source, "Date", cells, impossible, MOMENT_ALLOWED)
    years = times.astype("datetime64[Y]").astype(np.int64) + 1970
    outside = np.flatnonzero((years < FIRST_YEAR) | (years > LAST_YEAR)).tolist()
    if outside:
        return None, _some(source, "Date", cells, outside, MOMENT_ALLOWED)
    return times, []


def read_prices(source: str, cells: Sequence[str]) -> tuple[Floats | None, list[Problem]]:
    """The column Close; NaN where there is no price."""
    values = _floats(cells)
    if values is None:
        parsed = [price(cell) for cell in cells]
        text = [index for index, value in enumerate(parsed) if value is None]
        values = np.array([np.nan if value is None else value for value in parsed])
    else:
        text = []
    problems = _some(source, "Close", cells, text, "allowed: a number, with a dot and no separators")
    checks: tuple[tuple[Callable[[Floats], np.ndarray], str], ...] = (
        (np.isinf, "allowed: a finite price"),
        (lambda v: v <= 0, "allowed: a price above 0"),
        (lambda v: np.isfinite(v) & (v > 0) & ((v < PRICE_MIN) | (v > PRICE_MAX)), f"allowed: {PRICE_MIN:g} to {PRICE_MAX:g}"),
    )
    for index, (check, allowed) in enumerate(checks):
        found = check(values)
        if index == 1:
            found &= ~np.isinf(values)
        problems += _some(source, "Close", cells, np.flatnonzero(found).tolist(), allowed)
    return (None if problems else values), problems


def _times(cells: Sequence[str]) -> Times | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return np.array(cells, dtype="datetime64[s]")
    except (ValueError, UserWarning, DeprecationWarning):
        return None


def _floats(cells: Sequence[str]) -> Floats | None:
    if not is_plain("".join(cells)):
        return None
    try:
        return np.array(cells, dtype=np.float64)
    except ValueError:
        return None


def _some(source: str, column: str, cells: Sequence[str], rows: Sequence[int], allowed: str) -> list[Problem]:
    """One problem for all rows that share a fault: the first one's number and text, and how many there are."""
    if not rows:
        return []
    count = f" ({len(rows)} such rows)" if len(rows) > 1 else ""
    return [Problem(f"{source} row {rows[0] + 2}, column {column}", cells[rows[0]], allowed + count)]
