"""Position in the day, week, month and year."""

from __future__ import annotations

import numpy as np

from contracts.feature_settings import Calendar, CalendarField
from fe_image.data.arrays import Floats, Panel, Times
from fe_image.features.base import State, Transformer


def position(times: Times, field: CalendarField) -> Floats:
    """Return the position of each time in its period, from 0 at its start to less than 1 at its end."""
    days = times.astype("datetime64[D]")
    months = times.astype("datetime64[M]")
    if field == "hourOfDay":
        of_day: Floats = (times - days).astype("timedelta64[s]").astype(np.float64) / 86_400
        return of_day
    if field == "dayOfWeek":
        return ((days.astype(np.int64) + 3) % 7) / 7.0  # the epoch was a Thursday; Monday is 0
    if field == "dayOfMonth":
        length = ((months + 1).astype("datetime64[D]") - months.astype("datetime64[D]")).astype(np.float64)
        of_month: Floats = (days - months.astype("datetime64[D]")).astype(np.float64) / length
        return of_month
    return (months.astype(np.int64) % 12) / 12.0


class CalendarTransformer(Transformer[Calendar]):
    """sin 2πx and cos 2πx, where x is the position in the day, week, month or year. Known in advance.

    Unit: −1 to 1. Shape: (1, 2 per field, rows). Source: trigonometric seasonality, A. Harvey, "Forecasting, Structural Time
    Series Models and the Kalman Filter", 1989.

    >>> CalendarTransformer(Calendar(fields=("dayOfWeek",))).names
    ('dayOfWeek_sin', 'dayOfWeek_cos')
    """

    group = "calendar"
    shared = True
    known_ahead = True

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{field}_{wave}" for field in self.settings.fields for wave in ("sin", "cos"))

    def compute(self, panel: Panel, state: State) -> Floats:
        return self.at(panel.times)

    def at(self, times: Times) -> Floats:
        waves: list[Floats] = []
        for field in self.settings.fields:
            angle = 2 * np.pi * position(times, field)
            waves += [np.sin(angle), np.cos(angle)]
        return np.stack(waves)[None]
