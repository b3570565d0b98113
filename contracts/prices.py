"""Reads a price file (CSV): the same reader when it is stored and in the step. Standard library only.

``contracts.price_format`` has the cells and dialects, ``contracts.price_checks`` what a history must satisfy.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from contracts.layout import ASSET_MAX_BYTES
from contracts.price_format import (
    MOMENT_ALLOWED,
    PriceFormat,
    date_hint,
    header_hint,
    is_month,
    parse_moment,
    parse_price,
    price_hint,
)
from contracts.problems import Problem, listed

MIN_ROWS = 2
PRICE_MIN, PRICE_MAX = 1e-9, 1e12

_MAX_CELL = 10_000
_SHOWN_ROWS = 5
#: More than two bytes each: a header may begin with PK or BZ.
_COMPRESSED = {
    "gzip": re.compile(rb"\x1f\x8b"),
    "zip": re.compile(rb"PK(\x03\x04|\x05\x06)"),
    "bzip2": re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)"),
    "xz": re.compile(rb"\xfd7zXZ\x00"),
}


class PriceRow(NamedTuple):
    """One row with a price. ``price`` is finite and may be zero or negative; ``number`` counts lines, the header is line 1."""

    time: datetime
    price: float
    number: int


@dataclass(frozen=True)
class PriceRows:
    """The rows of a price file that have a price, in the file's order, and the line numbers of those that have none."""

    rows: list[PriceRow]
    missing: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_price_rows(
    source: str, content: bytes, price_format: PriceFormat | None = None
) -> tuple[list[Problem], PriceRows | None]:
    """A price file's rows, or every problem with it. ``source`` names the file or S3 key in messages."""
    chosen = price_format or PriceFormat()
    problem = _bytes_problem(source, content)
    if problem is not None:
        return [problem], None
    text = content.decode("utf-8-sig")
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=chosen.delimiter, strict=True))
    except csv.Error as error:
        return [Problem(source, str(error), "allowed: comma-separated values (other delimiters: --delimiter)")], None
    while rows and not rows[-1]:
        rows.pop()
    problems, columns = _find_columns(source, text, rows, chosen)
    if columns is None or problems:
        return problems, None
    return _read_cells(source, rows[1:], columns, chosen, _column_notes(source, rows[0], columns, chosen))


def _bytes_problem(source: str, content: bytes) -> Problem | None:
    """The problem of a file that is not text."""
    if len(content) > ASSET_MAX_BYTES:
        return Problem(source, f"{len(content)} bytes", f"allowed: at most {ASSET_MAX_BYTES} bytes")
    for name, magic in _COMPRESSED.items():
        if magic.match(content):
            return Problem(source, f"{name} data", "allowed: plain text; compressed files are not read")
    if (offset := content.find(b"\0")) >= 0:
        return Problem(source, f"NUL byte at offset {offset}", "allowed: text in UTF-8")
    try:
        content.decode("utf-8")  # not utf-8-sig, whose offsets do not count the byte order mark
    except UnicodeDecodeError as error:
        return Problem(source, f"byte 0x{content[error.start]:02x} at offset {error.start}", "allowed: text in UTF-8")
    return None


def _find_columns(
    source: str, text: str, rows: Sequence[Sequence[str]], chosen: PriceFormat
) -> tuple[list[Problem], tuple[int, int] | None]:
    """Indices of the date and the price column, and the problems of header and row widths."""
    names = f"a header with {chosen.date_column} and {chosen.price_column}"
    problems = []
    if len(rows) <= MIN_ROWS:
        problems.append(Problem(source, f"{max(len(rows) - 1, 0)} rows", f"allowed: {names}, then at least {MIN_ROWS} rows"))
    if not rows:
        return problems, None
    header = rows[0]
    found = [_column(header, name) for name in (chosen.date_column, chosen.price_column)]
    wrong = [
        f"column {name} " + (f"occurs {len(places)} times" if places else "is missing")
        for name, places in zip((chosen.date_column, chosen.price_column), found, strict=True)
        if len(places) != 1
    ]
    if wrong:
        hint = header_hint(text.splitlines()[:2], header, chosen)
        problems.append(Problem(source, ", ".join(header[:10]), f"{' and '.join(wrong)}; allowed: {names}, once each{hint}"))
    if not problems:
        problems = _width_problems(source, header, rows[1:])
    return (problems, None) if problems else ([], (found[0][0], found[1][0]))


def _column(header: Sequence[str], name: str) -> list[int]:
    """Indices of the columns with this name; if there is none, of those that differ in upper and lower case only."""
    exact = [place for place, cell in enumerate(header) if cell == name]
    return exact or [place for place, cell in enumerate(header) if cell.strip().lower() == name.lower()]


def _width_problems(source: str, header: Sequence[str], body: Sequence[Sequence[str]]) -> list[Problem]:
    """Rows with more or fewer cells than the header, and cells of absurd length."""
    problems = []
    wrong = [number for number, row in enumerate(body, 2) if len(row) != len(header)]
    if wrong:
        count = len(body[wrong[0] - 2])
        what = f"{count} cell{'' if count == 1 else 's'} in row {wrong[0]}"
        many = f"{len(wrong)} such rows" if len(wrong) > 1 else "one such row"
        comma = "; a decimal comma needs another delimiter or quotes" if count > len(header) else ""
        problems.append(Problem(source, what, f"allowed: {len(header)} as in the header ({many}){comma}"))
    long = next((number for number, row in enumerate(body, 2) if max(map(len, row), default=0) > _MAX_CELL), None)
    if long is not None:
        problems.append(Problem(source, f"a cell of over {_MAX_CELL} characters in row {long}", "allowed: a date and a price"))
    return problems


def _column_notes(source: str, header: Sequence[str], columns: tuple[int, int], chosen: PriceFormat) -> list[str]:
    """Which of several possible columns is read."""
    used = header[columns[1]]
    adjusted = [cell for place, cell in enumerate(header) if place != columns[1] and cell.strip().lower().startswith("adj")]
    if not adjusted or used.strip().lower().startswith("adj"):
        return []
    return [
        f"{source}: {used} is read because the price column is {chosen.price_column}; "
        f"{adjusted[0]}, adjusted for splits and dividends, needs --price-column '{adjusted[0]}'"
    ]


def _read_cells(
    source: str, body: Sequence[Sequence[str]], columns: tuple[int, int], chosen: PriceFormat, notes: list[str]
) -> tuple[list[Problem], PriceRows | None]:
    zone = chosen.zone
    dates, cells = ([row[column] for row in body] for column in columns)
    times = [parse_moment(cell, zone) for cell in dates]
    prices = [parse_price(cell, chosen.decimal) for cell in cells]
    problems = _faults(source, chosen.date_column, dates, [_date_fault(time) for time in times], lambda c: date_hint(c, chosen))
    problems += _faults(
        source, chosen.price_column, cells, [_price_fault(price) for price in prices], lambda c: price_hint(c, chosen)
    )
    if problems:
        return problems, None
    if months := sum(map(is_month, dates)):
        notes = [*notes, f"{source}: {months} dates are months; each counts as the last day of its month"]
    found = PriceRows([], [], notes)
    for number, (time, price) in enumerate(zip(times, prices, strict=True), 2):
        if time is None or price is None or math.isnan(price):
            found.missing.append(number)
        else:
            found.rows.append(PriceRow(time, price, number))
    return [], found


def _date_fault(time: datetime | None) -> str:
    return MOMENT_ALLOWED if time is None else ""


def _price_fault(price: float | None) -> str:
    if price is None:
        return "allowed: a number with a decimal point and no thousands separators; an empty cell if there is no price"
    if math.isnan(price) or price == 0 or PRICE_MIN <= abs(price) <= PRICE_MAX:
        return ""
    return f"allowed: 0, or a size from {PRICE_MIN:g} to {PRICE_MAX:g}; an empty cell if there is no price"


def _faults(
    source: str, column: str, cells: Sequence[str], faults: Sequence[str], hint: Callable[[Sequence[str]], str]
) -> list[Problem]:
    """One problem per kind of fault: its first row, and the numbers of the others."""
    by_fault: dict[str, list[int]] = {}
    for place, fault in enumerate(faults):
        if fault:
            by_fault.setdefault(fault + hint([cells[place]]), []).append(place)
    return [
        Problem(f"{source} row {places[0] + 2}, column {column}", cells[places[0]], allowed + _others(places))
        for allowed, places in by_fault.items()
    ]


def _others(places: Sequence[int]) -> str:
    if len(places) == 1:
        return ""
    return f" ({len(places)} such rows: {listed([str(place + 2) for place in places], _SHOWN_ROWS)})"
