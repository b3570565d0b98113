"""Messages that name the assets which limit the common rows, because they are hard to find among hundreds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from contracts.problems import ProblemsError, listed
from contracts.ranges import NAMED, PriceRange, range_problems
from contracts.template import TrainingTemplate, to_data
from fe_image.data.frequency import format_array_time, inferred
from fe_image.data.prices import PriceHistory

#: A note is logged if the common rows omit more than this share of an asset's own training rows.
_MUCH = 0.1


def check_ranges(used: Sequence[PriceHistory], template: TrainingTemplate) -> None:
    """Apply the rule of ``runs start`` to the prices, so that a start never rejects what the step would accept.

    Raises:
        ProblemsError: date ranges of the template that the prices do not cover.
    """
    found = [PriceRange(h.asset, h.times[0].item(), h.times[-1].item(), h.times.size) for h in used if h.times.size]
    if problems := range_problems(to_data(template), found):
        raise ProblemsError("template", problems)


def limits(used: Sequence[PriceHistory]) -> str:
    """Name the assets that start last, end first and have the fewest rows. Every history must have a row."""
    begin = max(history.times[0] for history in used)
    end = min(history.times[-1] for history in used)
    fewest = min(history.times.size for history in used)
    ends = np.array([begin, end])
    return (
        f"last to begin: {listed([h.asset for h in used if h.times[0] == begin])} ({format_array_time(begin, ends)}), "
        f"first to end: {listed([h.asset for h in used if h.times[-1] == end])} ({format_array_time(end, ends)}), "
        f"fewest rows: {listed([h.asset for h in used if h.times.size == fewest])} ({fewest})"
    )


def ranges(histories: Mapping[str, PriceHistory], used: Sequence[PriceHistory], until: datetime | None) -> str:
    """Describe each asset's date range and number of usable rows; of many assets, only those with the fewest rows."""
    few = list(used) if len(used) <= NAMED else sorted(used, key=lambda history: history.times.size)[:NAMED]
    text = "; ".join(f"{part.asset}: {_range(histories[part.asset], part.times.size)}" for part in few)
    if len(used) > NAMED:
        text += f"; and {len(used) - NAMED} more"
    if until is not None:
        text += f"; rows later than {until} are hidden"
    some = [history for history in used if history.times.size]
    return text + (f"; {limits(some)}" if len(some) > 1 else "")


def frequencies(used: Sequence[PriceHistory]) -> str:
    """Describe which assets seem to have which frequency; empty if all have the same."""
    by_frequency: dict[str, list[str]] = {}
    for history in used:
        by_frequency.setdefault(inferred(history.times), []).append(history.asset)
    rarest_first = sorted(by_frequency.items(), key=lambda item: len(item[1]))
    return "; ".join(f"{listed(assets)} {name}" for name, assets in rarest_first) if len(by_frequency) > 1 else ""


def loss_note(used: Sequence[PriceHistory], training_end: datetime, rows: int) -> str | None:
    """Return a note if the ``rows`` common rows of the training range omit many rows of an asset, otherwise None."""
    end = np.datetime64(training_end, "s")
    own = {history.asset: int(np.searchsorted(history.times, end, side="right")) for history in used}
    losing = [asset for asset, count in own.items() if rows < (1 - _MUCH) * count]
    if not losing:
        return None
    most = max(losing, key=lambda asset: own[asset])
    return (
        f"{own[most] - rows} of the {own[most]} training rows of {most} are not used, because other assets do not have them "
        f"({len(losing)} of {len(used)} assets lose over {100 * _MUCH:g} %); {limits(used)}"
    )


def _range(history: PriceHistory, used: int) -> str:
    if not history.times.size:
        return "no rows"
    left = f", {used} of them used" if used < history.times.size else ""
    first, last = (format_array_time(history.times[row], history.times) for row in (0, -1))
    return f"{first} to {last} ({history.times.size} rows{left})"
