"""What a price history must satisfy, at the frequency it is used with. Standard library only.

``runs assets put`` asks with the frequency that the file seems to have and the widest tolerance a template can set; the step asks
with the template's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from itertools import pairwise
from typing import Protocol

from contracts.frequency import Frequency, infer_frequency
from contracts.prices import MIN_ROWS, PriceRows
from contracts.problems import Problem

#: The widest tolerance that a template may set: share of rows without a price, and ratio of two neighbouring prices.
MISSING_MAX = 0.5
STEP_MAX = 1000
#: If more than this share of the rows share a step with another row, the data are finer than the frequency.
_FINER_SHARE = 0.1
#: A price that halves or doubles in one step may be a split. If more than this share of the steps does, the series is volatile.
_SPLIT_RATIO, _SPLIT_SHARE = 1.9, 0.005
_FRIDAY, _SUNDAY = 4, 6


class Tolerance(Protocol):
    """The part of a template that says what is tolerated in a price history (``contracts.template.DataPolicy``)."""

    @property
    def duplicates(self) -> str: ...  # error, first or last

    @property
    def max_missing_share(self) -> float: ...

    @property
    def max_step(self) -> float: ...


@dataclass(frozen=True)
class Widest:
    """What every template that can use a history at all tolerates."""

    duplicates: str = "last"
    max_missing_share: float = MISSING_MAX
    max_step: float = STEP_MAX


@dataclass(frozen=True)
class CheckedPrices:
    """A history in order of time with one row per step of the frequency. ``repeated``: rows that another row of their step
    replaced. ``largest_step``: greatest ratio of two neighbouring prices, 1 if any price is zero or negative.
    """

    times: list[datetime]
    prices: list[float]
    repeated: int
    missing: int
    largest_step: float
    notes: list[str]


def format_time(moment: datetime, *context: datetime) -> str:
    """A time for a message; only its date if it and all times of ``context`` are dates."""
    dates = all(other.time() == time.min for other in (moment, *context))
    return f"{moment:%Y-%m-%d}" if dates else f"{moment:%Y-%m-%d %H:%M:%S}"


def check_prices(
    source: str, rows: PriceRows, frequency: Frequency, tolerance: Tolerance
) -> tuple[list[Problem], CheckedPrices | None]:
    """Sort the rows, keep one per step, and report what ``tolerance`` does not allow. ``source``: the file, for messages."""
    problem = _missing_problem(source, rows, tolerance.max_missing_share)
    if problem is not None:
        return [problem], None
    notes = list(rows.notes)
    if rows.missing:
        notes.append(f"{source}: {_counted(len(rows.missing), "row has no price and is", "rows have no price and are")} left out")
    order = sorted(range(len(rows.times)), key=rows.times.__getitem__)
    if order != list(range(len(order))):
        notes.append(f"{source}: the rows are not in order of date; they were sorted")
    times, prices, numbers = ([column[place] for place in order] for column in (rows.times, rows.prices, rows.numbers))
    steps = frequency.step_numbers(times)
    shared = [place for place, (step, following) in enumerate(pairwise(steps)) if step == following]
    if problem := _repeated_problem(source, times, numbers, shared, frequency, tolerance.duplicates):
        return [problem], None
    if shared:
        notes.append(_repeated_note(source, times, numbers, shared, frequency, tolerance.duplicates))
    dropped = set(shared) if tolerance.duplicates == "last" else {place + 1 for place in shared}
    kept = [place for place in range(len(times)) if place not in dropped]
    times, prices, numbers = ([column[place] for place in kept] for column in (times, prices, numbers))
    if problem := _step_problem(source, prices, numbers, tolerance.max_step):
        return [problem], None
    notes += _odd(source, times, prices, numbers)
    return [], CheckedPrices(times, prices, len(shared), len(rows.missing), max(_ratios(prices), default=1.0), notes)


def _missing_problem(source: str, rows: PriceRows, allowed: float) -> Problem | None:
    count = len(rows.times) + len(rows.missing)
    if len(rows.missing) > allowed * count:
        what = f"{len(rows.missing)} of {count} rows without a price, the first in row {rows.missing[0]}"
        return Problem(source, what, f"allowed: a share of at most {allowed:g}; data.maxMissingShare sets it")
    if len(rows.times) < MIN_ROWS:
        return Problem(source, f"{len(rows.times)} of {count} rows have a price", f"allowed: at least {MIN_ROWS}")
    return None


def _repeated_problem(
    source: str, times: Sequence[datetime], numbers: Sequence[int], shared: Sequence[int], frequency: Frequency, policy: str
) -> Problem | None:
    """Several rows in one step: the data are finer than the frequency, or ``policy`` does not choose."""
    if not shared:
        return None
    finer = infer_frequency(sorted(set(times)))
    if len(shared) > max(1.0, _FINER_SHARE * len(times)) and finer is not None and finer.seconds < frequency.seconds:
        what = f"{len(shared)} of {len(times)} rows share a step of {frequency} with another row"
        example = f"{_example(times, numbers, shared[0])}, for example"
        return Problem(source, what, f"the data look like {finer}: set frequency to {finer} or store one row per step ({example})")
    if policy != "error":
        return None
    count = f"; {len(shared)} such pairs" if len(shared) > 1 else ""
    allowed = f"both are in one step of {frequency}; delete one, or set data.duplicates to 'first' or 'last' in the template{count}"
    where = f"{source} rows {numbers[shared[0]]} and {numbers[shared[0] + 1]}"
    return Problem(where, _pair(times, shared[0]), allowed)


def _repeated_note(
    source: str, times: Sequence[datetime], numbers: Sequence[int], shared: Sequence[int], frequency: Frequency, policy: str
) -> str:
    more = f" and {len(shared) - 1} more" if len(shared) > 1 else ""
    return f"{source}: {_example(times, numbers, shared[0])}{more} are in one step of {frequency}; the {policy} one counts"


def _step_problem(source: str, prices: Sequence[float], numbers: Sequence[int], most: float) -> Problem | None:
    """A ratio of two neighbouring prices that is larger than the template allows."""
    large = [place for place, ratio in enumerate(_ratios(prices)) if ratio > most]
    if not large:
        return None
    place = max(large, key=lambda place: _ratio(prices[place], prices[place + 1]))
    ratio = _ratio(prices[place], prices[place + 1])
    what = f"{prices[place]:g}, then {prices[place + 1]:g}"
    count = f" ({len(large)} such steps)" if len(large) > 1 else ""
    allowed = f"a factor of {ratio:.3g}; allowed: at most {most:g}{count}. If the prices are right, raise data.maxStep in the template"
    return Problem(f"{source} rows {numbers[place]} and {numbers[place + 1]}", what, allowed)


def _odd(source: str, times: Sequence[datetime], prices: Sequence[float], numbers: Sequence[int]) -> list[str]:
    """Notes on data that are allowed but rarely meant."""
    notes = []
    halved = [place for place, ratio in enumerate(_ratios(prices)) if ratio >= _SPLIT_RATIO]
    if halved and len(halved) <= max(1.0, _SPLIT_SHARE * len(prices)):
        place = halved[0]
        more = f" ({len(halved)} such steps)" if len(halved) > 1 else ""
        notes.append(
            f"{source} rows {numbers[place]} and {numbers[place + 1]}: the price goes from {prices[place]:g} to "
            f"{prices[place + 1]:g} in one step{more}; if that is a split, use split-adjusted prices"
        )
    if lowest := [price for price in prices if price <= 0]:
        notes.append(
            f"{source}: {_counted(len(lowest), "price is", "prices are")} zero or negative; only templates with targetTransform level and without "
            "features of returns or ratios can use them"
        )
    days = [moment.weekday() for moment in times]
    if str(infer_frequency(times)) == "1D" and _SUNDAY in days and _FRIDAY not in days and len(days) >= 5:
        notes.append(
            f"{source}: dates include Sundays but no Fridays, so sessions seem to be dated the evening before; move the dates "
            "by one day, or calendar features and endTraining refer to the wrong day"
        )
    return notes


def _ratios(prices: Sequence[float]) -> list[float]:
    """Ratio of each two neighbouring prices, at least 1; empty if any price is zero or negative, since ratios mean nothing then."""
    if any(price <= 0 for price in prices):
        return []
    return [_ratio(before, after) for before, after in pairwise(prices)]


def _ratio(before: float, after: float) -> float:
    return math.exp(abs(math.log(after) - math.log(before)))


def _example(times: Sequence[datetime], numbers: Sequence[int], place: int) -> str:
    return f"rows {numbers[place]} and {numbers[place + 1]} ({_pair(times, place)})"


def _pair(times: Sequence[datetime], place: int) -> str:
    first, second = times[place], times[place + 1]
    return f"{format_time(first, second)} and {format_time(second, first)}" if first != second else f"{format_time(first)} twice"


def _counted(count: int, one: str, many: str) -> str:
    return f"1 {one}" if count == 1 else f"{count} {many}"
