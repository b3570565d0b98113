"""Which assets limit the rows that all of them share, by name: among hundreds nobody finds them otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from contracts.problems import ProblemsError, listed
from contracts.ranges import NAMED, PriceRange, range_problems
from contracts.template import TrainingTemplate, to_data
from fe_image.data.frequency import format_array_time, inferred
from fe_image.data.prices import PriceHistory

#: Where the common rows leave out more than this share of an asset's own training rows, it is said.
_MUCH = 0.1


def check_ranges(used: Sequence[PriceHistory], template: TrainingTemplate) -> None:
    """The rule by which a start is refused, asked of the prices themselves: no start is refused that the step would accept."""
    found = [PriceRange(h.asset, h.times[0].item(), h.times[-1].item(), h.times.size) for h in used if h.times.size]
    if problems := range_problems(to_data(template), found):
        raise ProblemsError("template", problems)


def limits(used: Sequence[PriceHistory]) -> str:
    """The assets that begin last, end first and have the fewest rows, of histories that have some."""
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
    """Each asset's own range, and how many of its rows may be used; of many assets, of those with the fewest."""
    few = list(used) if len(used) <= NAMED else sorted(used, key=lambda history: history.times.size)[:NAMED]
    text = "; ".join(f"{part.asset}: {_range(histories[part.asset], part.times.size)}" for part in few)
    if len(used) > NAMED:
        text += f"; and {len(used) - NAMED} more"
    if until is not None:
        text += f"; rows later than {until} are hidden"
    some = [history for history in used if history.times.size]
    return text + (f"; {limits(some)}" if len(some) > 1 else "")


def frequencies(used: Sequence[PriceHistory]) -> str:
    """Which assets look like which frequency; nothing where all look alike."""
    by_frequency: dict[str, list[str]] = {}
    for history in used:
        by_frequency.setdefault(inferred(history.times), []).append(history.asset)
    rarest_first = sorted(by_frequency.items(), key=lambda item: len(item[1]))
    return "; ".join(f"{listed(assets)} {name}" for name, assets in rarest_first) if len(by_frequency) > 1 else ""


def loss_note(used: Sequence[PriceHistory], training_end: datetime, rows: int) -> str | None:
    """What to say where the ``rows`` that the training range has in common leave out much of an asset's own."""
    end = np.datetime64(training_end, "s")
    own = {history.asset: int(np.searchsorted(history.times, end, side="right")) for history in used}
    losing = [asset for asset, count in own.items() if rows < (1 - _MUCH) * count]
    if not losing:
        return None
    most = max(losing, key=lambda asset: own[asset])
    return (
        f"of the {own[most]} training rows of {most} {own[most] - rows} are left out, since not all assets have them "
        f"({len(losing)} of {len(used)} assets lose over {100 * _MUCH:g} %); {limits(used)}"
    )


def _range(whole: PriceHistory, used: int) -> str:
    if not whole.times.size:
        return "no rows"
    left = f", {used} of them used" if used < whole.times.size else ""
    first, last = (format_array_time(whole.times[row], whole.times) for row in (0, -1))
    return f"{first} to {last} ({whole.times.size} rows{left})"
