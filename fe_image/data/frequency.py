"""The grid that series lie on: cells of one step of the template's frequency.

DeepAR's frequencies know no business day, so daily prices lie on calendar days, and a day without trading is a cell without a
target. Weeks end on Sunday and months on their last day, as pandas' ``W`` and ``M``, which the algorithm follows.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

import contracts.frequency
from contracts.frequency import infer_frequency
from contracts.price_checks import format_time
from fe_image.data.arrays import Times

Cells = npt.NDArray[np.int64]

_SECONDS = {"min": 60, "H": 3600, "D": 86_400}
_MONDAY_OFFSET = 3  # the epoch was a Thursday


class Frequency(contracts.frequency.Frequency):
    """A frequency that numbers the cells of whole arrays."""

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
    """The frequency that ascending times seem to have; ``unknown`` for fewer than two."""
    return str(infer_frequency(times.astype("datetime64[s]").tolist()) or "unknown")


def format_array_time(time: np.datetime64, context: Times) -> str:
    """Format a time for a message; date only if the first and last times of ``context`` are dates."""
    moment, *others = np.array([time, context[0], context[-1]], dtype="datetime64[s]").tolist()
    return format_time(moment, *others)


def iso(times: Times) -> list[str]:
    """``2010-12-31 00:00:00``: how DeepAR's channels write a time."""
    return [text.replace("T", " ") for text in np.datetime_as_string(times.astype("datetime64[s]"), unit="s")]
