"""Conversion between times and cells of the calendar grid. A cell is one step of the template's frequency.

DeepAR has no business-day frequency. Daily prices are therefore placed on calendar days, and a day without trading is a cell
without a target. As in pandas' ``W`` and ``M``, weeks end on Sunday and months on their last day.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

import contracts.frequency
from contracts.frequency import infer_frequency
from contracts.times import format_time
from fe_image.data.arrays import Times

Cells = npt.NDArray[np.int64]

_SECONDS = {"min": 60, "H": 3600, "D": 86_400}
_MONDAY_OFFSET = 3  # the epoch was a Thursday


class Frequency(contracts.frequency.Frequency):
    """A frequency with methods for arrays of times."""

    def cells(self, times: Times, anchor: int = 0) -> Cells:
        """Return the number of each time's cell, counted from the unit ``anchor`` (see ``units``)."""
        return (self.units(times) - anchor) // self.multiple

    def units(self, times: Times) -> Cells:
        """Return the number of months, weeks (Monday to Sunday), days, hours or minutes since the epoch."""
        if self.unit == "M":
            return times.astype("datetime64[M]").astype(np.int64)
        seconds = times.astype("datetime64[s]").astype(np.int64)
        if self.unit == "W":
            return (seconds // 86_400 + _MONDAY_OFFSET) // 7
        return seconds // _SECONDS[self.unit]

    def times(self, cells: Cells, anchor: int = 0) -> Times:
        """Return the timestamp of each cell: its start; the Sunday of a week; the last day of a month."""
        units = cells * self.multiple + anchor
        if self.unit == "M":
            following = (units + 1).astype("datetime64[M]").astype("datetime64[D]")
            return (following - 1).astype("datetime64[s]")
        if self.unit == "W":
            return (units * 7 - _MONDAY_OFFSET + 6).astype("datetime64[D]").astype("datetime64[s]")
        return (units * _SECONDS[self.unit]).astype("datetime64[s]")


def inferred(times: Times) -> str:
    """Return the frequency that ascending times seem to have; ``unknown`` for fewer than two times."""
    return str(infer_frequency(times.astype("datetime64[s]").tolist()) or "unknown")


def format_array_time(time: np.datetime64, context: Times) -> str:
    """Format a time for a message; date only if the first and last times of ``context`` are dates."""
    moment, *others = np.array([time, context[0], context[-1]], dtype="datetime64[s]").tolist()
    return format_time(moment, *others)


def iso(times: Times) -> list[str]:
    """Format times for DeepAR's channels: ``2010-12-31 00:00:00``."""
    return [text.replace("T", " ") for text in np.datetime_as_string(times.astype("datetime64[s]"), unit="s")]
