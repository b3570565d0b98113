"""The grid that series lie on: cells of one step of the template's frequency.

DeepAR's frequencies know no business day, so daily prices lie on calendar days, and a day without trading is a cell without a
target. Weeks end on Sunday and months on their last day, as pandas' ``W`` and ``M``, which the algorithm follows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from contracts.ranges import shown
from fe_image.data.arrays import Times

Cells = npt.NDArray[np.int64]

_SECONDS = {"min": 60, "H": 3600, "D": 86_400}
_MONDAY_OFFSET = 3  # the epoch was a Thursday


@dataclass(frozen=True)
class Frequency:
    """``multiple`` units, a unit being M, W, D, H or min."""

    multiple: int
    unit: str

    @classmethod
    def parse(cls, text: str) -> Frequency:
        """``30min`` → 30 minutes; the template's model has checked the text."""
        found = re.fullmatch(r"([0-9]*)([A-Za-z]+)", text)
        if found is None:
            raise ValueError(f"no frequency: {text!r}")
        return cls(int(found[1] or 1), found[2])

    def __str__(self) -> str:
        return f"{self.multiple}{self.unit}"

    def cells(self, times: Times, anchor: int = 0) -> Cells:
        """Number of the cell that each time falls in, counted from the unit ``anchor`` (see ``units``)."""
        return (self.units(times) - anchor) // self.multiple

    def units(self, times: Times) -> Cells:
        """Months, weeks (Monday to Sunday), days, hours or minutes since the epoch."""
        if self.unit == "M":
            return times.astype("datetime64[M]").astype(np.int64)
        seconds = times.astype("datetime64[s]").astype(np.int64)
        if self.unit == "W":
            return (seconds // 86_400 + _MONDAY_OFFSET) // 7
        return seconds // _SECONDS[self.unit]

    def times(self, cells: Cells, anchor: int = 0) -> Times:
        """The time that stands for each cell: its beginning; for weeks their Sunday, for months their last day."""
        units = cells * self.multiple + anchor
        if self.unit == "M":
            following = (units + 1).astype("datetime64[M]").astype("datetime64[D]")
            return (following - 1).astype("datetime64[s]")
        if self.unit == "W":
            return (units * 7 - _MONDAY_OFFSET + 6).astype("datetime64[D]").astype("datetime64[s]")
        return (units * _SECONDS[self.unit]).astype("datetime64[s]")


def inferred(times: Times) -> str:
    """The frequency that times seem to have, from the usual step between them."""
    if times.size < 2:
        return "unknown"
    seconds = float(np.median(np.diff(times).astype("timedelta64[s]").astype(np.int64)))
    days = seconds / 86_400
    if days >= 27:
        return f"{max(1, round(days / 30.44))}M"
    if days >= 6 and round(days) % 7 == 0:
        return f"{round(days / 7)}W"
    if days >= 1:
        return f"{round(days)}D"
    return f"{round(seconds / 3600)}H" if seconds % 3600 == 0 else f"{max(1, round(seconds / 60))}min"


def said(time: np.datetime64, among: Times) -> str:
    """A time for a message; a date alone where the first and the last of those ``among`` which it stands are dates."""
    moment, *others = np.array([time, among[0], among[-1]], dtype="datetime64[s]").tolist()
    return shown(moment, *others)


def iso(times: Times) -> list[str]:
    """``2010-12-31 00:00:00``: how DeepAR's channels write a time."""
    return [text.replace("T", " ") for text in np.datetime_as_string(times.astype("datetime64[s]"), unit="s")]
