"""What a price history must be: asked when it is stored, and again in the step. Standard library only."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from contracts.layout import ASSET_MAX_BYTES
from contracts.problems import Problem

COLUMNS = ("Date", "Close")
MIN_ROWS = 2
FIRST_YEAR, LAST_YEAR = 1900, 2200
PRICE_MIN, PRICE_MAX = 1e-9, 1e12
MOMENT = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?)?", re.ASCII)
MOMENT_ALLOWED = (
    f"allowed: ISO 8601 dates without a time zone, {FIRST_YEAR} to {LAST_YEAR}, such as 2010-12-31 or 2010-12-31 16:00:00"
)
#: Text that stands for a price nobody has.
NO_PRICE = frozenset({"", "nan", "n/a", "na", "null", "none", "-", "."})
#: What a template may tolerate at most: the share of rows without a price, and the ratio of two prices in a row.
MISSING_MAX = 0.5
STEP_MAX = 1000

_MAX_CELL = 10_000
#: More than two bytes each: a header may begin with PK or BZ.
_COMPRESSED = {
    "gzip": re.compile(rb"\x1f\x8b"),
    "zip": re.compile(rb"PK(\x03\x04|\x05\x06)"),
    "bzip2": re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)"),
    "xz": re.compile(rb"\xfd7zXZ\x00"),
}


@dataclass(frozen=True)
class Columns:
    """The two columns of a price file as text; the first row below the header is row 2."""

    dates: list[str]
    closes: list[str]


def read_columns(source: str, content: bytes) -> tuple[list[Problem], Columns | None]:
    """A price file's bytes as columns, or what is wrong with them. ``source`` names the file or S3 key in messages.

    The one reader of such files: what is stored is read in the step by the same rules.
    """
    problem = _bytes_problem(source, content)
    if problem is not None:
        return [problem], None
    try:
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    except csv.Error as error:
        return [Problem(source, str(error), "allowed: comma-separated values")], None
    while rows and not rows[-1]:
        rows.pop()
    problems = _shape_problems(source, rows)
    if problems:
        return problems, None
    header, body = rows[0], rows[1:]
    return [], Columns(*([row[header.index(name)] for row in body] for name in COLUMNS))


def _bytes_problem(source: str, content: bytes) -> Problem | None:
    """What is wrong with a file before it can be called text."""
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


def _shape_problems(source: str, rows: Sequence[Sequence[str]]) -> list[Problem]:
    """A header with both columns, rows below it as wide as it, and no cell of absurd length."""
    problems = []
    if len(rows) <= MIN_ROWS:
        allowed = f"allowed: a header with Date and Close, then at least {MIN_ROWS} rows"
        problems.append(Problem(source, f"{max(len(rows) - 1, 0)} rows", allowed))
    if not rows:
        return problems
    header, body = rows[0], rows[1:]
    for name, count in ((name, header.count(name)) for name in COLUMNS):
        if count != 1:
            what = f"column {name} " + (f"stands there {count} times" if count else "is missing")
            allowed = f"{what}; allowed: a header with Date and Close, once each"
            problems.append(Problem(source, ", ".join(header[:10]), allowed))
    if problems:
        return problems
    wrong = [number for number, row in enumerate(body, 2) if len(row) != len(header)]
    if wrong:
        what = f"{len(body[wrong[0] - 2])} cells in row {wrong[0]}"
        many = f"{len(wrong)} such rows" if len(wrong) > 1 else "one such row"
        problems.append(Problem(source, what, f"allowed: {len(header)} as in the header ({many})"))
    long = next((number for number, row in enumerate(body, 2) if max(map(len, row), default=0) > _MAX_CELL), None)
    if long is not None:
        what = f"a cell of over {_MAX_CELL} characters in row {long}"
        problems.append(Problem(source, what, "allowed: a date and a price"))
    return problems


def moment(cell: str) -> datetime | None:
    """A cell's date, or None where it is none that is allowed."""
    text = cell.strip()
    try:
        found = datetime.fromisoformat(text) if MOMENT.fullmatch(text) else None
    except ValueError:
        return None
    return found if found is not None and FIRST_YEAR <= found.year <= LAST_YEAR else None


def price(cell: str) -> float | None:
    """A cell's number, NaN for a price that nobody has, None for text."""
    text = cell.strip()
    if text.lower() in NO_PRICE:
        return float("nan")
    try:
        return float(text) if is_plain(text) else None
    except ValueError:
        return None


def is_plain(text: str) -> bool:
    """Python and numpy would also read 1_000 as a number, and other scripts' digits."""
    return text.isascii() and "_" not in text
