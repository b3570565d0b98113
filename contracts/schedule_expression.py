"""Schedule expressions of EventBridge Scheduler: ``rate(…)`` and ``cron(…)``. The third form, ``at(…)``, fires only once."""

from __future__ import annotations

import re
from dataclasses import dataclass

_RATE = re.compile(r"rate\((?:1 (minute|hour|day)|([2-9]|[1-9][0-9]{1,3}) (minutes|hours|days))\)")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_DAY = rf"(?:[1-7]|{'|'.join(_DAYS)})"
_NOTHING = r"(?!)"


@dataclass(frozen=True)
class _Field:
    """One field of a cron expression: its numbers, their names in order, and a pattern of special values such as ``L``."""

    numbers: range
    names: tuple[str, ...] = ()
    special: str = _NOTHING

    def takes(self, text: str) -> bool:
        return re.fullmatch(self.special, text) is not None or all(self._is_item(part) for part in text.split(","))

    def _is_item(self, text: str) -> bool:
        """True for a value, an ascending range or ``*``, each with an optional step that is not larger than the field."""
        span, slash, step = text.partition("/")
        longest = min(self.numbers[-1], len(self.numbers))
        if slash and not (_is_digits(step) and 1 <= int(step) <= longest):
            return False
        if span == "*":
            return True
        ends = [self._number(word) for word in span.split("-")]
        known = [end for end in ends if end is not None]
        return len(known) == len(ends) <= 2 and known[0] <= known[-1]

    def _number(self, word: str) -> int | None:
        if word in self.names:
            return self.numbers[self.names.index(word)]
        return int(word) if _is_digits(word) and int(word) in self.numbers else None


_FIELDS = (
    _Field(range(60)),
    _Field(range(24)),
    _Field(range(1, 32), special=r"\?|L|(?:[1-9]|[12][0-9]|3[01])W|LW"),
    _Field(range(1, 13), _MONTHS),
    _Field(range(1, 8), _DAYS, rf"\?|L|{_DAY}L|{_DAY}#[1-5]"),
    _Field(range(1970, 2200)),
)


def is_schedule(text: str) -> bool:
    """True for ``rate(…)``, and for ``cron(…)`` with six fields where exactly one of the two day fields is ``?``."""
    return _RATE.fullmatch(text) is not None or _cron_fields(text) is not None


def is_hourly_at_most(text: str) -> bool:
    """True if at least an hour passes between two times. For a cron expression, the minute must then be one number."""
    fields = _cron_fields(text)
    if fields is not None:
        return _is_digits(fields[0])
    rate = _RATE.fullmatch(text)
    if rate is None or rate[1] == "minute":
        return False
    return rate[3] != "minutes" or int(rate[2]) >= 60


def _cron_fields(text: str) -> list[str] | None:
    inside = re.fullmatch(r"cron\((.*)\)", text)
    parts = inside[1].split(" ") if inside else []
    if len(parts) != len(_FIELDS) or (parts[2] == "?") == (parts[4] == "?"):
        return None
    return parts if all(field.takes(part) for field, part in zip(_FIELDS, parts, strict=True)) else None


def _is_digits(text: str) -> bool:
    """ASCII digits only; ``isdecimal`` also accepts the digits of other scripts."""
    return re.fullmatch(r"[0-9]{1,4}", text) is not None
