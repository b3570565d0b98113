"""Lags of the target that the model reads, and the history that a forecast needs before its first step.

Source: Amazon SageMaker developer guide, ``context_length`` in "DeepAR hyperparameters" (lags for the daily frequency: one to
four weeks, and a year). The guide does not publish the complete list for each frequency.
"""

from __future__ import annotations

from contracts.frequency import Frequency

#: Lags in units of the base frequency. The first, 1, is the autoregressive input. For days, a year is 364, so that the lag has
#: the same weekday.
_LAGS = {
    "M": (1, 2, 3, 6, 12, 24, 36),
    "W": (1, 2, 4, 8, 13, 26, 52),
    "D": (1, 7, 14, 21, 28, 364),
    "H": (1, 24, 48, 168, 336, 504, 672),
    "min": (1, 60, 120, 1440, 2880, 10080),
}


def lags_of(frequency: Frequency) -> tuple[int, ...]:
    """Return the lags in steps of this frequency, ascending, including 1.

    >>> lags_of(Frequency.parse("30min"))
    (1, 2, 4, 48, 96, 336)
    """
    return tuple(sorted({max(1, round(lag / frequency.multiple)) for lag in _LAGS[frequency.unit]}))


def needed_history(frequency: Frequency, context_length: int) -> int:
    """Return the number of steps before a forecast that the local DeepAR reads: the context and the longest lag.

    A series that is cut to its last ``needed_history`` steps, with its new ``start``, has the forecast of the whole series.
    The built-in algorithm documents no such number; its guide recommends to send the whole series.

    >>> needed_history(Frequency.parse("D"), 40)
    404
    """
    return context_length + max(lags_of(frequency))
