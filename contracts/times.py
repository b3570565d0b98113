"""Read times that come from outside (events, tables, AWS answers), and write the one form that this program stores.

Accepted are the forms that AWS documents: ISO 8601 text with or without a zone (default: UTC), and epoch seconds or
milliseconds as a number or as text. Source: Amazon EventBridge user guide, "Events"; SageMaker developer guide, "Automating
SageMaker with EventBridge" (step times in epoch milliseconds).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

#: No event, endpoint or schedule of this program is older; smaller epochs (0, -3600) are durations or defaults, not times.
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
#: How far another machine's clock may be ahead of ours.
CLOCK_SKEW = timedelta(minutes=5)

ALLOWED = "an ISO 8601 time such as 2026-03-01T02:00:00Z, or epoch seconds or milliseconds, from 2000 to 2199"

_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)? ?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
_EPOCH = re.compile(r"[0-9]{9,13}(?:\.[0-9]{1,9})?")
#: Seconds until 2200 have 10 digits, milliseconds since 2000 at least 12: the two ranges do not overlap.
_FIRST_MILLISECOND_EPOCH = 10**11


class TimeError(ValueError):
    """A time from outside that cannot be read. The message names the field, the value and what is allowed."""


def read_time(value: object, field: str) -> datetime:
    """Return a time from outside, in UTC.

    Raises:
        TimeError: not a time in one of the documented forms, or not between ``EARLIEST`` and ``LATEST``.
    """
    try:
        moment = _parse(value)
        if moment is not None and EARLIEST <= moment < LATEST:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise TimeError(f"{field} is {_shown(value)}; allowed: {ALLOWED}") from error
    raise TimeError(f"{field} is {_shown(value)}; allowed: {ALLOWED}")


def read_past_time(value: object, field: str, now: datetime | None = None) -> datetime:
    """Return the time of something that has already happened; a later time than now plus ``CLOCK_SKEW`` becomes that.

    Raises:
        TimeError: see :func:`read_time`.
    """
    return min(read_time(value, field), (now or datetime.now(UTC)) + CLOCK_SKEW)


def stored_time(text: object) -> datetime | None:
    """Return a time that was stored earlier, or None if it is missing or cannot be read: a view shows the item anyway."""
    try:
        return read_time(text, "stored time")
    except TimeError:
        return None


def to_iso(moment: datetime) -> str:
    """Return the one form in which times are stored: ISO 8601, UTC, with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def _parse(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return _with_zone(value)
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return _from_epoch(float(value))
    if not isinstance(value, str):
        return None
    if _EPOCH.fullmatch(value):
        return _from_epoch(float(value))
    return _with_zone(datetime.fromisoformat(value.replace(" +", "+").replace(" Z", "Z"))) if _ISO.fullmatch(value) else None


def _from_epoch(number: float) -> datetime:
    seconds = number / 1000 if number >= _FIRST_MILLISECOND_EPOCH else number
    if not EARLIEST.timestamp() <= seconds < LATEST.timestamp():  # also before the platform's own limits raise OSError
        raise ValueError("out of range")
    return datetime.fromtimestamp(seconds, UTC)


def _with_zone(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _shown(value: object) -> str:
    return "missing" if value is None else repr(value)[:80]


def format_time(moment: datetime, *context: datetime) -> str:
    """A time for a message; only its date if it and all times of ``context`` are dates."""
    dates = all(other.time() == time.min for other in (moment, *context))
    return f"{moment:%Y-%m-%d}" if dates else f"{moment:%Y-%m-%d %H:%M:%S}"
