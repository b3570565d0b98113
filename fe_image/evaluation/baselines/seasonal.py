"""The seasonal naive forecast: the latest value at the same place of the season, with the quantiles of its errors.

Source: R. Hyndman and G. Athanasopoulos, "Forecasting: Principles and Practice", 3rd edition, 5.2. Errors of k seasons
ahead are those of the same forecast throughout the training range.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from fe_image.data.arrays import Floats
from fe_image.data.frequency import Frequency
from fe_image.evaluation.baselines.base import Forecaster, Method, Setting

#: Fewer errors would not give quantiles.
_MIN_ERRORS = 10
_MINUTES = {"min": 1, "H": 60, "D": 1440}


def seasons(frequency: Frequency) -> dict[str, int]:
    """Return the seasons of a frequency and their length in steps.

    >>> seasons(Frequency.parse("30min"))
    {'hour of day': 48, 'hour of week': 336}
    """
    if frequency.unit == "M":
        found = {"month": (12, frequency.multiple)}
    elif frequency.unit == "W":
        found = {"week of year": (52, frequency.multiple)}
    else:
        step = _MINUTES[frequency.unit] * frequency.multiple
        week = "hour of week" if frequency.unit != "D" else "weekday"
        found = {"hour of day": (1440, step), week: (7 * 1440, step)}
    return {name: whole // step for name, (whole, step) in found.items() if whole % step == 0 and whole > step}


def seasonal_methods(frequency: Frequency) -> list[Method]:
    """Return a seasonal naive method for each season of a frequency."""
    return [
        Method(
            f"seasonal naive ({name})",
            f"the latest value at the same {name}, with the quantiles of its errors in the training range",
            partial(_fit, period),
        )
        for name, period in seasons(frequency).items()
    ]


def _fit(period: int, train: Floats, setting: Setting) -> Forecaster | None:
    most = -(-setting.steps // period)
    errors = {}
    for count in range(1, most + 1):
        differences = train[count * period :] - train[: -count * period]
        differences = differences[np.isfinite(differences)]
        if differences.size < _MIN_ERRORS:
            return None
        errors[count] = np.quantile(differences, setting.levels)

    def forecast(known: Floats) -> Floats:
        columns = []
        for step in range(setting.steps):
            count = step // period + 1
            columns.append(_latest(known, known.size + step, period, count) + errors[count])
        return np.stack(columns, axis=1)

    return forecast


def _latest(known: Floats, cell: int, period: int, count: int) -> float:
    """Return the latest value ``count`` or more seasons before a cell; the last value if that place never had one."""
    places = known[cell - count * period :: -period]
    found = places[np.isfinite(places)]
    return float(found[0] if found.size else known[np.isfinite(known)][-1])
