"""Timestamps, time features and lags, which the algorithm derives from the frequency.

Source: Amazon SageMaker developer guide, "How the DeepAR algorithm works" (table of derived features).
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

import contracts.frequency
from contracts.lags import lags_of

Floats = NDArray[np.float32]

_FEATURES = {
    "M": ("month_of_year",),
    "W": ("day_of_month", "week_of_year"),
    "D": ("day_of_week", "day_of_month", "day_of_year"),
    "H": ("hour_of_day", "day_of_week", "day_of_month", "day_of_year"),
    "min": ("minute_of_hour", "hour_of_day", "day_of_week", "day_of_month", "day_of_year"),
}
_SECONDS = {"W": 7 * 86400, "D": 86400, "H": 3600, "min": 60}


class Frequency(contracts.frequency.Frequency):
    """A frequency with the algorithm's lags and time features.

    >>> Frequency.parse("30min").lags[:3]
    (1, 2, 4)
    """

    @property
    def lags(self) -> tuple[int, ...]:
        """Lags in steps of this frequency, ascending, including 1."""
        return lags_of(self)

    @property
    def feature_names(self) -> tuple[str, ...]:
        return _FEATURES[self.unit]

    def timestamps(self, start: datetime, length: int) -> NDArray[np.datetime64]:
        """Return ``length`` consecutive timestamps from ``start``, with a resolution of seconds."""
        unit: Literal["M", "s"] = "M" if self.unit == "M" else "s"
        size = self.multiple * _SECONDS.get(self.unit, 1)
        steps = np.arange(length) * np.timedelta64(size, unit)
        stamps: NDArray[np.datetime64] = (np.datetime64(start, unit) + steps).astype("datetime64[s]")
        return stamps

    def time_features(self, start: datetime, length: int) -> Floats:
        """Return the time features, shape (length, features), each in [-0.5, 0.5]."""
        stamps = self.timestamps(start, length)
        columns = [_DERIVED[name](stamps) for name in self.feature_names]
        return np.stack(columns, axis=1).astype(np.float32)


def _units(stamps: NDArray[np.datetime64], unit: str, since: str) -> NDArray[np.float64]:
    whole = stamps.astype(f"datetime64[{unit}]")
    passed: NDArray[np.float64] = (whole - stamps.astype(f"datetime64[{since}]").astype(whole.dtype)).astype(np.float64)
    return passed


def _scaled(values: NDArray[np.float64], largest: int) -> NDArray[np.float64]:
    return values / largest - 0.5


_DERIVED = {
    "minute_of_hour": lambda stamps: _scaled(_units(stamps, "m", "h"), 59),
    "hour_of_day": lambda stamps: _scaled(_units(stamps, "h", "D"), 23),
    # 1970-01-01 was a Thursday.
    "day_of_week": lambda stamps: _scaled((stamps.astype("datetime64[D]").astype(np.int64) + 3) % 7 * 1.0, 6),
    "day_of_month": lambda stamps: _scaled(_units(stamps, "D", "M"), 30),
    "day_of_year": lambda stamps: _scaled(_units(stamps, "D", "Y"), 365),
    "week_of_year": lambda stamps: _scaled(np.floor(_units(stamps, "D", "Y") / 7), 52),
    "month_of_year": lambda stamps: _scaled(_units(stamps, "M", "Y"), 11),
}
