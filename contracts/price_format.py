"""The dialect of a price file: delimiter, decimal mark, columns and time zone. Standard library only.

Nothing is guessed: a file in another dialect is refused with the options that would read it.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from contracts.problems import Problem

DATE_COLUMN, PRICE_COLUMN = "Date", "Close"
FIRST_YEAR, LAST_YEAR = 1900, 2200
#: Text in place of a price that does not exist.
NO_PRICE = frozenset({"", "nan", "n/a", "na", "null", "none", "-", "."})
MOMENT_ALLOWED = (
    f"allowed: ISO 8601 dates without a time zone, {FIRST_YEAR} to {LAST_YEAR}, such as 2010-12-31 or 2010-12-31 16:00:00"
)

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?)?", re.ASCII)
_MONTH = re.compile(r"(\d{4})-(\d\d)", re.ASCII)
_OFFSET = re.compile(r"(?P<local>\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?)\s*(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d)", re.ASCII)
_ZONE_NAME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?\s*[A-Z]{3,4}", re.ASCII)
_DELIMITERS = {"tab": "\t", ";": ";", "|": "|", ",": ","}
_THOUSANDS = " '\u2019\u00a0\u202f"  # besides the dot or comma that is not the decimal mark
_GROUPED = re.compile(r"[+-]?\d{1,3}(?P<mark>[.,'\u2019\u00a0\u202f ])\d{3}((?P=mark)\d{3})*([.,]\d+)?", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)
_CURRENCY = re.compile(r"[$€£¥]|[A-Z]{3} ?\d|.*[\d ]([$€£¥]|[A-Z]{3})$")
_DATE_NAMES = frozenset({"date", "time", "datetime", "timestamp", "day", "month"})
_PRICE_NAMES = frozenset({"close", "adj close", "adj. close", "price", "last", "value", "settle"})


@dataclass(frozen=True)
class PriceFormat:
    """How a price file is written. The defaults read ``Date,Close`` with ISO dates and a decimal point.

    ``decimal``: ``.`` or ``,``; if set, the other one and spaces may group thousands. ``timezone``: dates with an offset are
    stored in this zone's local time.
    """

    delimiter: str = ","
    decimal: str = ""
    date_column: str = DATE_COLUMN
    price_column: str = PRICE_COLUMN
    timezone: str = ""

    @property
    def zone(self) -> tzinfo | None:
        return ZoneInfo(self.timezone) if self.timezone else None


def read_format(
    delimiter: str = ",",
    decimal: str = "",
    date_column: str = DATE_COLUMN,
    price_column: str = PRICE_COLUMN,
    timezone: str = "",
) -> tuple[list[Problem], PriceFormat]:
    """The format that command-line options describe, and every problem with them."""
    problems = []
    if delimiter not in _DELIMITERS and delimiter != "\t":
        problems.append(Problem("--delimiter", delimiter, f"allowed: one of {', '.join(_DELIMITERS)}"))
    if decimal not in ("", ".", ","):
        problems.append(Problem("--decimal", decimal, "allowed: . or ,"))
    if date_column == price_column:
        problems.append(Problem("--price-column", price_column, "allowed: another column than --date-column"))
    try:
        ZoneInfo(timezone or "UTC")
    except (KeyError, ValueError, OSError):
        problems.append(Problem("--timezone", timezone, "allowed: an IANA name, such as America/New_York or UTC"))
    return problems, PriceFormat(_DELIMITERS.get(delimiter, delimiter), decimal, date_column, price_column, timezone)


def parse_moment(cell: str, zone: tzinfo | None = None) -> datetime | None:
    """Local time of a date cell, or None. A month such as ``1983-01`` is its last day.

    With ``zone`` every cell needs a time and an offset, and is converted to that zone's local time.
    """
    text = cell.strip()
    try:
        if zone is not None:
            found = _OFFSET.fullmatch(text)
            offset = {"Z": "+00:00", "UTC": "+00:00", "GMT": "+00:00"}.get(found["zone"], found["zone"]) if found else ""
            moment = datetime.fromisoformat(found["local"] + offset).astimezone(zone).replace(tzinfo=None) if found else None
        elif month := _MONTH.fullmatch(text):
            year, number = int(month[1]), int(month[2])
            moment = datetime(year, number, calendar.monthrange(year, number)[1])
        else:
            moment = datetime.fromisoformat(text) if _MOMENT.fullmatch(text) else None
    except (ValueError, OverflowError, calendar.IllegalMonthError):
        return None
    return moment if moment is not None and FIRST_YEAR <= moment.year <= LAST_YEAR else None


def is_month(cell: str) -> bool:
    """Whether a date cell names a month only."""
    return _MONTH.fullmatch(cell.strip()) is not None


def parse_price(cell: str, decimal: str = "") -> float | None:
    """Number in a price cell; NaN if there is no price, None if the text is not a number.

    Without ``decimal`` only a decimal point is read and no thousands separator. Digits of other scripts and underscores, which
    Python reads, are not numbers here.
    """
    text = cell.strip()
    if text.lower() in NO_PRICE:
        return float("nan")
    if decimal:
        plain = _ungrouped(text, decimal)
        if plain is None:
            return None
        text = plain
    if not text.isascii() or "_" in text:
        return None
    try:
        return float(text)
    except ValueError:
        return None


def _ungrouped(text: str, decimal: str) -> str | None:
    """A number with a decimal point and without thousands separators; None if its groups are not of three digits."""
    marks = _THOUSANDS + (",.".replace(decimal, ""))
    whole, _, fraction = text.partition(decimal)
    used = {character for character in whole if character in marks}
    if len(used) > 1 or any(character in marks for character in fraction):
        return None
    if used:
        mark = re.escape(used.pop())
        if not re.fullmatch(rf"[+-]?\d{{1,3}}({mark}\d{{3}})+", whole, re.ASCII):
            return None
        whole = re.sub(mark, "", whole)
    return f"{whole}.{fraction}" if fraction else whole


def date_hint(cells: Sequence[str], chosen: PriceFormat) -> str:
    """What would read these date cells, none of which ``chosen`` reads; empty if nothing is known."""
    first = cells[0].strip()
    if chosen.timezone:
        return "" if _OFFSET.fullmatch(first) else "; the time has no offset: leave out --timezone"
    if _OFFSET.fullmatch(first):
        return "; the time has an offset: name the zone of the exchange, such as --timezone America/New_York, or --timezone UTC"
    if re.fullmatch(r"\d{1,4}[./]\d{1,2}[./]\d{1,4}( .*)?", first):
        return "; the order of day and month is ambiguous, so no option reads it: write 2024-01-02"
    if _ZONE_NAME.fullmatch(first):
        return "; zone names such as EST are ambiguous: write an offset (-05:00) and use --timezone"
    return ""


def price_hint(cells: Sequence[str], chosen: PriceFormat) -> str:
    """The option that would read these price cells, none of which ``chosen`` reads; empty if there is none."""
    texts = [cell.strip() for cell in cells]
    if any(_CURRENCY.match(text) for text in texts):
        return "; no option removes a currency: write the number alone"
    fitting = [mark for mark in ".," if mark != chosen.decimal and all(parse_price(text, mark) is not None for text in texts)]
    if not fitting or not all(_GROUPED.fullmatch(text) or _DECIMAL_COMMA.fullmatch(text) for text in texts):
        return ""
    if len(fitting) == 1:
        return f"; use --decimal {fitting[0]}"
    readings = " or ".join(f"--decimal {mark} ({parse_price(texts[0], mark):g})" for mark in fitting)
    return f"; {texts[0]} has two readings: use {readings}"


def header_hint(lines: Sequence[str], header: Sequence[str], chosen: PriceFormat) -> str:
    """Options that find both columns in a file that begins with these lines; empty if none is known.

    ``header``: the first line's cells, as ``chosen`` reads them.
    """
    return _delimiter_hint(lines, chosen) or _column_hint(header, chosen)


def _delimiter_hint(lines: Sequence[str], chosen: PriceFormat) -> str:
    for name, delimiter in _DELIMITERS.items():
        header = [cell.strip().strip('"').lower() for cell in lines[0].split(delimiter)]
        if delimiter == chosen.delimiter or not {chosen.date_column.lower(), chosen.price_column.lower()} <= set(header):
            continue
        row = lines[1].split(delimiter) if len(lines) > 1 else []
        place = header.index(chosen.price_column.lower())
        decimal = " --decimal ," if len(row) > place and _needs_decimal_comma(row[place].strip().strip('"')) else ""
        return f"; its columns are separated by {name}: use --delimiter {_quoted(name)}{decimal}"
    return ""


def _needs_decimal_comma(cell: str) -> bool:
    """Whether only a decimal comma makes a number of this cell, such as ``67,9`` or ``1.003,67``."""
    return parse_price(cell, ",") is not None and parse_price(cell) is None and parse_price(cell, ".") is None


def _column_hint(header: Sequence[str], chosen: PriceFormat) -> str:
    hints = []
    for option, wanted, known in (
        ("date", chosen.date_column, _DATE_NAMES), ("price", chosen.price_column, _PRICE_NAMES),
    ):  # fmt: skip
        if wanted.lower() not in (cell.strip().lower() for cell in header):
            hints += [f"--{option}-column {_quoted(cell)}" for cell in header if cell.strip().lower() in known][:1]
    return f"; use {' '.join(hints)}" if hints else "; choose from these columns with --date-column and --price-column"


def _quoted(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z0-9_.,-]+", text) else f"'{text}'"
