"""What a price history must satisfy, at the frequency it is used with. Standard library only.

``runs assets put`` asks with the frequency that the file seems to have, and the widest tolerance that a template can set. The
step asks with the template's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from contracts.frequency import Frequency, infer_frequency
from contracts.prices import MIN_ROWS, PriceRow, PriceRows
from contracts.problems import Problem
from contracts.times import format_time

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
    """A history in order of time with one row per step of the frequency.

    ``repeated`` and ``missing`` count rows that were left out: in the step of another row, or without a price.
    ``largest_step``: greatest ratio of two neighbouring prices; 1 if any price is zero or negative.
    """

    rows: list[PriceRow]
    repeated: int
    missing: int
    largest_step: float
    notes: list[str]


def check_prices(
    source: str, found: PriceRows, frequency: Frequency, tolerance: Tolerance
) -> tuple[list[Problem], CheckedPrices | None]:
    """Sort the rows, keep one per step, and report what ``tolerance`` does not allow. ``source``: the file, for messages."""
    problem = _missing_problem(source, found, tolerance.max_missing_share)
    if problem is not None:
        return [problem], None
    notes = list(found.notes)
    if found.missing:
        notes.append(
            f"{source}: {_counted(len(found.missing), 'row has no price and is', 'rows have no price and are')} left out"
        )
    rows = sorted(found.rows, key=lambda row: row.time)
    if rows != found.rows:
        notes.append(f"{source}: the rows are not in order of date; they were sorted")
    steps = frequency.step_numbers([row.time for row in rows])
    shared = [place for place, (step, following) in enumerate(pairwise(steps)) if step == following]
    if problem := _repeated_problem(source, rows, shared, frequency, tolerance.duplicates):
        return [problem], None
    if shared:
        notes.append(_repeated_note(source, rows, shared, frequency, tolerance.duplicates))
    dropped = set(shared) if tolerance.duplicates == "last" else {place + 1 for place in shared}
    rows = [row for place, row in enumerate(rows) if place not in dropped]
    if problem := _step_problem(source, rows, tolerance.max_step):
        return [problem], None
    notes += _odd(source, rows)
    return [], CheckedPrices(rows, len(shared), len(found.missing), max(_ratios(rows), default=1.0), notes)


def _missing_problem(source: str, found: PriceRows, allowed: float) -> Problem | None:
    count = len(found.rows) + len(found.missing)
    if len(found.missing) > allowed * count:
        what = f"{len(found.missing)} of {count} rows without a price, the first in row {found.missing[0]}"
        return Problem(source, what, f"allowed: a share of at most {allowed:g}; data.maxMissingShare sets it")
    if len(found.rows) < MIN_ROWS:
        return Problem(source, f"{len(found.rows)} of {count} rows have a price", f"allowed: at least {MIN_ROWS}")
    return None


def _repeated_problem(
    source: str, rows: Sequence[PriceRow], shared: Sequence[int], frequency: Frequency, policy: str
) -> Problem | None:
    """Several rows in one step: the data are finer than the frequency, or ``policy`` does not choose."""
    if not shared:
        return None
    first, second = rows[shared[0]], rows[shared[0] + 1]
    finer = infer_frequency(sorted({row.time for row in rows}))
    if len(shared) > max(1.0, _FINER_SHARE * len(rows)) and finer is not None and finer.seconds < frequency.seconds:
        what = f"{len(shared)} of {len(rows)} rows share a step of {frequency} with another row"
        use = f"set frequency to {finer}, or store one row per step"
        return Problem(
            source, what, f"the data look like {finer}: {use} (rows {first.number} and {second.number}: {_times(rows, shared)})"
        )
    if policy != "error":
        return None
    count = f"; {len(shared)} such pairs" if len(shared) > 1 else ""
    choose = "delete one, or set data.duplicates to 'first' or 'last' in the template"
    allowed = f"both are in one step of {frequency}; {choose}{count}"
    return Problem(f"{source} rows {first.number} and {second.number}", _times(rows, shared), allowed)


def _repeated_note(source: str, rows: Sequence[PriceRow], shared: Sequence[int], frequency: Frequency, policy: str) -> str:
    pair = f"rows {rows[shared[0]].number} and {rows[shared[0] + 1].number} ({_times(rows, shared)})"
    more = f" and {_counted(len(shared) - 1, 'more pair', 'more pairs')}" if len(shared) > 1 else ""
    return f"{source}: {pair}{more} are in one step of {frequency}; the {policy} one counts"


def _times(rows: Sequence[PriceRow], shared: Sequence[int]) -> str:
    """The times of the first two rows that share a step."""
    first, second = rows[shared[0]].time, rows[shared[0] + 1].time
    return (
        f"{format_time(first, second)} and {format_time(second, first)}" if first != second else f"{format_time(first)} twice"
    )


def _step_problem(source: str, rows: Sequence[PriceRow], most: float) -> Problem | None:
    """A ratio of two neighbouring prices that is larger than the template allows."""
    ratios = _ratios(rows)
    large = [place for place, ratio in enumerate(ratios) if ratio > most]
    if not large:
        return None
    place = max(large, key=ratios.__getitem__)
    before, after = rows[place], rows[place + 1]
    count = f" ({len(large)} such steps)" if len(large) > 1 else ""
    allowed = f"a factor of {ratios[place]:.3g}; allowed: at most {most:g}{count}. If the prices are right, raise data.maxStep"
    where = f"{source} rows {before.number} and {after.number}"
    return Problem(where, f"{before.price:g}, then {after.price:g}", allowed)


def _odd(source: str, rows: Sequence[PriceRow]) -> list[str]:
    """Notes on data that are allowed but rarely meant."""
    return [note for note in (_split_note(source, rows), _sign_note(source, rows), _weekday_note(source, rows)) if note]


def _split_note(source: str, rows: Sequence[PriceRow]) -> str:
    places = [place for place, ratio in enumerate(_ratios(rows)) if ratio >= _SPLIT_RATIO]
    if not places or len(places) > max(1.0, _SPLIT_SHARE * len(rows)):
        return ""
    before, after = rows[places[0]], rows[places[0] + 1]
    more = f" ({len(places)} such steps)" if len(places) > 1 else ""
    change = f"the price goes from {before.price:g} to {after.price:g} in one step{more}"
    return f"{source} rows {before.number} and {after.number}: {change}; if that is a split, use split-adjusted prices"


def _sign_note(source: str, rows: Sequence[PriceRow]) -> str:
    count = sum(row.price <= 0 for row in rows)
    if not count:
        return ""
    use = "only templates with targetTransform level, and without features of returns or ratios, can use them"
    return f"{source}: {_counted(count, 'price is', 'prices are')} zero or negative; {use}"


def _weekday_note(source: str, rows: Sequence[PriceRow]) -> str:
    days = {row.time.weekday() for row in rows}
    daily = str(infer_frequency([row.time for row in rows])) == "1D"
    if not daily or len(rows) < 5 or _SUNDAY not in days or _FRIDAY in days:
        return ""
    cause = "dates include Sundays but no Fridays, so sessions seem to be dated the evening before"
    return f"{source}: {cause}; move the dates by one day, or calendar features and endTraining mean the wrong day"


def _ratios(rows: Sequence[PriceRow]) -> list[float]:
    """Ratio of each two neighbouring prices, at least 1; empty if any price is zero or negative: ratios mean nothing then."""
    if any(row.price <= 0 for row in rows):
        return []
    return [math.exp(abs(math.log(after.price / before.price))) for before, after in pairwise(rows)]


def _counted(count: int, one: str, many: str) -> str:
    return f"1 {one}" if count == 1 else f"{count} {many}"
