"""What a price history must be: asked when it is stored, and again in the step. Standard library only."""

from __future__ import annotations

import re

COLUMNS = ("Date", "Close")
MIN_ROWS = 2
FIRST_YEAR, LAST_YEAR = 1900, 2200
PRICE_MIN, PRICE_MAX = 1e-9, 1e12
MOMENT = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?)?", re.ASCII)
MOMENT_ALLOWED = (
    f"allowed: ISO 8601 dates without a time zone, {FIRST_YEAR} to {LAST_YEAR}, such as 2010-12-31 or 2010-12-31 16:00:00"
)


def is_plain(text: str) -> bool:
    """Python and numpy would also read 1_000 as a number, and other scripts' digits."""
    return text.isascii() and "_" not in text
