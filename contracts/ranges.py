"""What the stored metadata of price histories already show to be impossible with a template.

Asked at start, before a job is paid for, and by the step itself, so that no start is refused that the step would accept.
Standard library only: the function of the retraining schedule asks too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from contracts.frequency import Frequency
from contracts.problems import Problem, ProblemsError, listed
from contracts.times import format_time

_SECOND = timedelta(seconds=1)
#: Default of a template's calibrationWindows; templates that were stored before the setting existed lack it.
CALIBRATION_WINDOWS = 4
#: As endTraining: a date shortly before the last windows that the prices have. A start replaces it by that date.
LATEST = "latest"
#: The longest time between the end of one asset's prices and the last row that it has in common with the others: a week of
#: holidays and two weekends.
SLACK = timedelta(days=10)
#: A message names no more assets than this at once.
NAMED = 10
#: The data are of another frequency if the lengths of the steps differ by more than this factor; months differ by less.
_OTHER_FREQUENCY = 1.8


@dataclass(frozen=True)
class PriceRange:
    """One asset's price history as far as it is used."""

    asset: str
    first: datetime
    last: datetime
    rows: int

    def __str__(self) -> str:
        times = f"{format_time(self.first, self.last)} to {format_time(self.last, self.first)}"
        return f"{self.asset}: {times} ({self.rows} row{'' if self.rows == 1 else 's'})"


@dataclass(frozen=True)
class PriceFacts:
    """What ``runs assets put`` recorded about a whole file besides its range. ``frequency`` is the one it seems to have."""

    asset: str
    first: datetime
    rows: int
    frequency: Frequency
    repeated: int
    missing: int
    lowest: float
    largest_step: float


@dataclass(frozen=True)
class TemplateNeeds:
    """``positive``: what in the template needs prices above 0. ``rows``: rows before the first complete value, by group."""

    positive: str
    rows: Mapping[str, int]


def last_moment(text: str) -> datetime:
    """The last second that a date or time of a template means: a date without a time is the whole day."""
    moment = datetime.fromisoformat(text)
    return moment if len(text) > len("2010-12-31") else moment + timedelta(days=1) - _SECOND


def range_problems(template: Mapping[str, Any], ranges: Sequence[PriceRange]) -> list[Problem]:
    """What is impossible with any prices of these ranges. ``template``: its JSON data, defaults filled in."""
    if not ranges:
        return []
    return _begins_too_late(template, ranges) + _ends_too_early(template, ranges)


def fact_problems(
    template: Mapping[str, Any], needs: TemplateNeeds, ranges: Sequence[PriceRange], facts: Sequence[PriceFacts]
) -> list[Problem]:
    """What the step would refuse in files with these facts, whatever else they hold."""
    problems = [problem for fact in facts for problem in _file_problems(template, needs, fact)]
    return problems + _too_few_rows(template, needs, ranges)


def latest_end_training(template: Mapping[str, Any], lasts: Sequence[datetime]) -> str:
    """Return the date that ``latest`` means, from the last time of each asset's prices.

    All windows are after it, wherever the steps of several units begin. If there are several assets, SLACK is left over: only
    rows that all of them have count, and on holidays some have none.

    Raises:
        ProblemsError: the prices are too short.
    """
    frequency, last = Frequency.parse(template["frequency"]), min(lasts)
    slack = math.ceil(SLACK.total_seconds() / frequency.seconds) if len(lasts) > 1 else 0
    steps = _steps_wanted(template) + slack
    try:
        moment = frequency.unit_start(frequency.unit_number(last) - steps * frequency.multiple + 1) - _SECOND
    except (OverflowError, ValueError):
        moment = datetime.min  # noqa: DTZ901 - times of prices have no zone
    if moment > datetime.fromisoformat(template["startDataset"]):
        return _date(frequency, moment)
    allowed = (
        f"the windows need {steps} steps of {template['frequency']} before {format_time(last)}, where the first of "
        f"the prices end; use fewer calibrationWindows or testWindows, a shorter predictionLength, or an earlier startDataset"
    )
    raise ProblemsError("template", [Problem("endTraining", LATEST, allowed)])


def too_few_windows(template: Mapping[str, Any], steps: int, what: str, latest: str) -> Problem:
    """``steps``: how many ``what`` (plural) have after endTraining. ``latest``: the last endTraining that leaves enough."""
    most = steps // template["predictionLength"] - _calibration_windows(template)
    other = f"or at most {most} testWindows" if most > 0 else "or a shorter predictionLength"
    allowed = (
        f"{what} have {steps} steps of {template['frequency']} after endTraining ({template['endTraining']}), and "
        f"(calibrationWindows + testWindows) · predictionLength is {_steps_wanted(template)}; use endTraining {latest} or "
        f"earlier, {other}"
    )
    return Problem("testWindows", template["testWindows"], allowed)


def _steps_wanted(template: Mapping[str, Any]) -> int:
    return int((_calibration_windows(template) + template["testWindows"]) * template["predictionLength"])


def _calibration_windows(template: Mapping[str, Any]) -> int:
    return int(template.get("calibrationWindows", CALIBRATION_WINDOWS))


def _begins_too_late(template: Mapping[str, Any], ranges: Sequence[PriceRange]) -> list[Problem]:
    """The training range needs two rows in steps of their own, and none lies before the last of the assets begins."""
    start, end = datetime.fromisoformat(template["startDataset"]), last_moment(template["endTraining"])
    latest = max(found.first for found in ranges)
    frequency = Frequency.parse(template["frequency"])
    if frequency.unit_number(max(latest, start)) < frequency.unit_number(end):
        return []
    late = [found.asset for found in ranges if found.first == latest]
    why = f"where the prices of {listed(late)} begin" if latest >= start else "which is startDataset"
    allowed = f"allowed: a date after {format_time(max(latest, start), *_ends(ranges))}, {why}"
    return [Problem("endTraining", template["endTraining"], f"{allowed}; {_listed(ranges, lambda found: found.first, -1)}")]


def _ends_too_early(template: Mapping[str, Any], ranges: Sequence[PriceRange]) -> list[Problem]:
    """The windows need steps after the training, and none lies after the first of the assets ends."""
    earliest = min(found.last for found in ranges)
    steps = _steps_after_training(template, earliest)
    if steps >= _steps_wanted(template):
        return []
    ending = listed([found.asset for found in ranges if found.last == earliest])
    end, latest = format_time(earliest, *_ends(ranges)), _latest_end(template, earliest)
    each = _listed(ranges, lambda found: found.last, 1)
    if steps == 0:
        tests = f"the windows need {_steps_wanted(template)} steps of {template['frequency']} after endTraining"
        allowed = f"the prices of {ending} end {end}, and {tests}; use {latest} or earlier; {each}"
        return [Problem("endTraining", template["endTraining"], allowed)]
    few = too_few_windows(template, steps, f"the prices of {ending}, which end {end},", latest)
    return [Problem(few.where, few.value, f"{few.allowed}; {each}")]


def _steps_after_training(template: Mapping[str, Any], last: datetime) -> int:
    """The most steps from the one in which the training has just ended to that of ``last``."""
    frequency = Frequency.parse(template["frequency"])
    after = frequency.unit_number(last) - frequency.unit_number(last_moment(template["endTraining"]) + _SECOND)
    # Where the steps of several units begin depends on the first common row: rounded up, whichever it is.
    return -(-after // frequency.multiple) + 1 if after >= 0 else 0


def _latest_end(template: Mapping[str, Any], last: datetime) -> str:
    """The last endTraining after which the windows have enough steps up to ``last``, the first asset's last time."""
    frequency = Frequency.parse(template["frequency"])
    unit = frequency.unit_number(last) - (_steps_wanted(template) - 1) * frequency.multiple
    moment = frequency.unit_start(unit) - _SECOND
    return _date(frequency, moment)


def _date(frequency: Frequency, moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}" if frequency.unit in "MWD" else f"{moment:%Y-%m-%d %H:%M:%S}"


def _file_problems(template: Mapping[str, Any], needs: TemplateNeeds, fact: PriceFacts) -> list[Problem]:
    data, problems, where = template["data"], [], f"prices of {fact.asset}"
    count = fact.rows + fact.missing + fact.repeated
    if fact.missing > data["maxMissingShare"] * count:
        what = f"{fact.missing} of {count} rows have no price; allow a larger share, or correct the file"
        problems.append(Problem("data.maxMissingShare", data["maxMissingShare"], f"{where}: {what}"))
    if fact.repeated == 0 and fact.largest_step > data["maxStep"]:
        what = f"a price changes by a factor of {fact.largest_step:.3g} in one step; if that is right, raise data.maxStep"
        problems.append(Problem("data.maxStep", data["maxStep"], f"{where}: {what}"))
    if fact.lowest <= 0 and needs.positive:
        what = f"the lowest price is {fact.lowest:g}, and {needs.positive} need prices above 0"
        problems.append(Problem("targetTransform", template["targetTransform"], f"{where}: {what}"))
    if fact.lowest < 0 and template["targetTransform"] == "log1p":
        what = f"the lowest value is {fact.lowest:g}, and log1p needs values of 0 or above; use level"
        problems.append(Problem("targetTransform", "log1p", f"{where}: {what}"))
    return problems + _frequency_problems(template, fact)


def _frequency_problems(template: Mapping[str, Any], fact: PriceFacts) -> list[Problem]:
    """Wrong frequency or repeated steps; only of files that are used from their first row on, since a part may differ."""
    if datetime.fromisoformat(template["startDataset"]) > fact.first:
        return []
    wanted, where = Frequency.parse(template["frequency"]), f"prices of {fact.asset}"
    ratio = fact.frequency.seconds / wanted.seconds
    if ratio > _OTHER_FREQUENCY or ratio < 1 / _OTHER_FREQUENCY:
        use = f"the data look like {fact.frequency}; use frequency {fact.frequency}"
        return [Problem("frequency", template["frequency"], f"{where}: {use}")]
    if fact.repeated and template["data"]["duplicates"] == "error" and wanted == fact.frequency:
        rows = f"{fact.repeated} row{' shares its' if fact.repeated == 1 else 's share their'} step with another row"
        return [Problem("data.duplicates", "error", f"{where}: {rows}; use 'first' or 'last', or correct the file")]
    return []


def _too_few_rows(template: Mapping[str, Any], needs: TemplateNeeds, ranges: Sequence[PriceRange]) -> list[Problem]:
    """Feature windows that are longer than the training range of some asset."""
    if not ranges or _begins_too_late(template, ranges):
        return []
    fewest = min(ranges, key=lambda found: _most_training_rows(template, found))
    rows = _most_training_rows(template, fewest)
    limit = f"{fewest.asset} has at most {rows} rows from {template['startDataset']} to {template['endTraining']} ({fewest})"
    return [
        Problem(f"features.{group}", f"windows of {needed + 1} rows", f"{limit}; use shorter windows or assets with more rows")
        for group, needed in needs.rows.items()
        if needed >= rows - 1
    ]


def _most_training_rows(template: Mapping[str, Any], found: PriceRange) -> int:
    """The most rows that the training range can have in common with this asset."""
    frequency = Frequency.parse(template["frequency"])
    start, end = datetime.fromisoformat(template["startDataset"]), last_moment(template["endTraining"])
    units = frequency.unit_number(end) - frequency.unit_number(max(start, found.first))
    return max(0, min(found.rows, -(-units // frequency.multiple) + 1))


def _ends(ranges: Sequence[PriceRange]) -> list[datetime]:
    return [moment for found in ranges for moment in (found.first, found.last)]


def _listed(ranges: Sequence[PriceRange], key: Callable[[PriceRange], datetime], sign: int) -> str:
    """Each asset's range; of many assets those that limit: the least by ``key`` (``sign`` 1) or the greatest (-1)."""
    few = ranges if len(ranges) <= NAMED else sorted(ranges, key=key, reverse=sign < 0)[:NAMED]
    more = f"; and {len(ranges) - NAMED} more" if len(ranges) > NAMED else ""
    return "; ".join(str(found) for found in few) + more
