"""What the first and the last date of price histories already show that a template can not do with them.

Asked at start, before anything costs money, and by the step itself, so that no start is refused which the step would accept.
What lies between the two dates only the step knows. Standard library only: the retraining schedule's function asks as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from contracts.problems import Problem, listed

_SECOND = timedelta(seconds=1)
_SECONDS = {"min": 60, "H": 3600, "D": 86_400, "W": 7 * 86_400}
#: A message names no more assets than this at once.
NAMED = 10


@dataclass(frozen=True)
class PriceRange:
    """One asset's price history as far as it is used."""

    asset: str
    first: datetime
    last: datetime
    rows: int

    def __str__(self) -> str:
        return f"{self.asset}: {shown(self.first, self.last)} to {shown(self.last, self.first)} ({self.rows} rows)"


def shown(moment: datetime, *among: datetime) -> str:
    """A moment for a message: a date, where ``among`` are nothing but dates too, since a 00:00:00 says nothing there."""
    dates = all(other.time() == time.min for other in (moment, *among))
    return f"{moment:%Y-%m-%d}" if dates else f"{moment:%Y-%m-%d %H:%M:%S}"


def last_moment(text: str) -> datetime:
    """The last second that a date or time of a template means: a date without a time is the whole day."""
    moment = datetime.fromisoformat(text)
    return moment if len(text) > len("2010-12-31") else moment + timedelta(days=1) - _SECOND


def range_problems(template: Mapping[str, Any], ranges: Sequence[PriceRange]) -> list[Problem]:
    """What is impossible with any prices of these ranges. ``template``: its JSON data, defaults filled in."""
    if not ranges:
        return []
    return _begins_too_late(template, ranges) + _ends_too_early(template, ranges)


def too_few_windows(template: Mapping[str, Any], steps: int, what: str) -> Problem:
    """``steps``: how many ``what`` (plural) have after endTraining."""
    most = steps // template["predictionLength"]
    allowed = (
        f"testWindows · predictionLength needs {_steps_wanted(template)} steps of {template['frequency']} after endTraining "
        f"({template['endTraining']}), and {what} have {steps}; allowed: "
        + (f"at most {most}" if most else "an earlier endTraining, a shorter predictionLength or prices that reach on")
    )
    return Problem("testWindows", template["testWindows"], allowed)


def _steps_wanted(template: Mapping[str, Any]) -> int:
    return int(template["testWindows"] * template["predictionLength"])


def _begins_too_late(template: Mapping[str, Any], ranges: Sequence[PriceRange]) -> list[Problem]:
    """The training range needs two rows in steps of their own, and none lies before the last of the assets begins."""
    start, end = datetime.fromisoformat(template["startDataset"]), last_moment(template["endTraining"])
    latest = max(found.first for found in ranges)
    unit = _multiple_and_unit(template)[1]
    if _number(max(latest, start), unit) < _number(end, unit):
        return []
    late = [found.asset for found in ranges if found.first == latest]
    why = f"where the prices of {listed(late)} begin" if latest >= start else "which is startDataset"
    allowed = f"allowed: a date after {shown(max(latest, start), *_ends(ranges))}, {why}"
    return [Problem("endTraining", template["endTraining"], f"{allowed}; {_listed(ranges, lambda found: found.first, -1)}")]


def _ends_too_early(template: Mapping[str, Any], ranges: Sequence[PriceRange]) -> list[Problem]:
    """The test windows need steps after the training, and none lies after the first of the assets ends."""
    earliest = min(found.last for found in ranges)
    steps, wanted = _steps_after_training(template, earliest), _steps_wanted(template)
    if steps >= wanted:
        return []
    ending = listed([found.asset for found in ranges if found.last == earliest])
    end = shown(earliest, *_ends(ranges))
    each = _listed(ranges, lambda found: found.last, 1)
    if steps == 0:
        room = f"testWindows · predictionLength = {wanted} steps of {template['frequency']}"
        allowed = f"allowed: a date before {end}, where the prices of {ending} end, by {room}; {each}"
        return [Problem("endTraining", template["endTraining"], allowed)]
    few = too_few_windows(template, steps, f"the prices of {ending}, which end {end},")
    return [Problem(few.where, few.value, f"{few.allowed}; {each}")]


def _steps_after_training(template: Mapping[str, Any], last: datetime) -> int:
    """The most steps from the one in which the training has just ended to that of ``last``."""
    multiple, unit = _multiple_and_unit(template)
    after = _number(last, unit) - _number(last_moment(template["endTraining"]) + _SECOND, unit)
    # Where the steps of several units begin depends on the first common row: rounded up, whichever it is.
    return -(-after // multiple) + 1 if after >= 0 else 0


def _multiple_and_unit(template: Mapping[str, Any]) -> tuple[int, str]:
    number, unit = re.fullmatch(r"([0-9]*)([A-Za-z]+)", str(template["frequency"])).groups()  # type: ignore[union-attr]
    return int(number or 1), unit


def _number(moment: datetime, unit: str) -> int:
    """Months, weeks (Monday to Sunday), days, hours or minutes since the year 1, which began on a Monday."""
    if unit == "M":
        return moment.year * 12 + moment.month
    return (moment - datetime.min) // timedelta(seconds=_SECONDS[unit])


def _ends(ranges: Sequence[PriceRange]) -> list[datetime]:
    return [moment for found in ranges for moment in (found.first, found.last)]


def _listed(ranges: Sequence[PriceRange], key: Callable[[PriceRange], datetime], sign: int) -> str:
    """Each asset's range; of many assets those that limit: the least by ``key`` (``sign`` 1) or the greatest (-1)."""
    few = ranges if len(ranges) <= NAMED else sorted(ranges, key=key, reverse=sign < 0)[:NAMED]
    more = f"; and {len(ranges) - NAMED} more" if len(ranges) > NAMED else ""
    return "; ".join(str(found) for found in few) + more
