"""Frequencies of price data: how a step is written, and which step a time falls in. Standard library only."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Self

FREQUENCY_PATTERN = r"^([1-9][0-9]{0,3})?(M|W|D|H|min)$"
_DAY = 86_400
#: Seconds of each unit; a month has its mean length.
_SECONDS = {"min": 60.0, "H": 3600.0, "D": _DAY, "W": 7.0 * _DAY, "M": 365.25 / 12 * _DAY}


@dataclass(frozen=True)
class Frequency:
    """``multiple`` units; a unit is M, W, D, H or min.

    >>> str(Frequency.parse("30min"))
    '30min'
    """

    multiple: int
    unit: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``30min``, ``1D`` or ``D``. Raises ValueError if the text does not match FREQUENCY_PATTERN."""
        match = re.match(FREQUENCY_PATTERN, text)
        if match is None or match[0] != text:
            raise ValueError(f"{text!r} is not a frequency; allowed: M, W, D, H or min, with or without a multiple")
        return cls(int(match[1] or 1), match[2])

    def __str__(self) -> str:
        return f"{self.multiple}{self.unit}"

    @property
    def seconds(self) -> float:
        """Length of a step in seconds; a month counts with its mean length."""
        return self.multiple * _SECONDS[self.unit]

    def unit_number(self, moment: datetime) -> int:
        """Months, weeks (Monday to Sunday), days, hours or minutes since the year 1, which began on a Monday."""
        if self.unit == "M":
            return moment.year * 12 + moment.month - 1
        return (moment - datetime.min) // timedelta(seconds=_SECONDS[self.unit])

    def unit_start(self, number: int) -> datetime:
        """First moment of the unit with this number, the inverse of ``unit_number``."""
        if self.unit == "M":
            return datetime(number // 12, number % 12 + 1, 1)
        return datetime.min + number * timedelta(seconds=_SECONDS[self.unit])

    def later(self, moment: datetime, steps: int) -> datetime:
        """Timestamp of the step this many steps after the one that begins with the unit of ``moment``.

        As in DeepAR's data, a week's is its Sunday, a month's its last day, and any other unit's its start.
        """
        number = self.unit_number(moment) + steps * self.multiple
        if self.unit in ("M", "W"):
            return self.unit_start(number + 1) - timedelta(days=1)
        return self.unit_start(number)

    def step_numbers(self, moments: Sequence[datetime]) -> list[int]:
        """Number of the step that each moment falls in; the first moment's unit begins step 0."""
        if not moments:
            return []
        units = [self.unit_number(moment) for moment in moments]
        return [(unit - units[0]) // self.multiple for unit in units]


def infer_frequency(moments: Sequence[datetime]) -> Frequency | None:
    """The frequency whose step is the median difference between ascending moments; None for fewer than two.

    The median ignores weekends and single gaps. Differences of 27 days or more count as months.
    """
    if len(moments) < 2:
        return None
    seconds = statistics.median((later - earlier).total_seconds() for earlier, later in pairwise(moments))
    return frequency_of(seconds)


def frequency_of(seconds: float) -> Frequency:
    """The frequency whose step is nearest to this many seconds, at least one minute."""
    days = seconds / _DAY
    if days >= 27:
        return Frequency(max(1, round(seconds / _SECONDS["M"])), "M")
    if days >= 6 and round(days) % 7 == 0:
        return Frequency(round(days / 7), "W")
    if days >= 1:
        return Frequency(round(days), "D")
    if seconds % 3600 == 0 and seconds > 0:
        return Frequency(round(seconds / 3600), "H")
    return Frequency(max(1, round(seconds / 60)), "min")
