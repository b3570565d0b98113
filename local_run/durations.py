"""Durations and speeds on the command line."""

from __future__ import annotations

import re
from datetime import timedelta

from contracts.problems import one_problem

ADVANCE_MAX = timedelta(days=366)
SPEED_MAX = 3600.0
_DURATION = re.compile(r"(?P<count>[0-9]{1,6})(?P<unit>[mhd])", re.ASCII)
_SPEED = re.compile(r"(?P<factor>[0-9]{1,5}(?:\.[0-9]{1,3})?)x", re.ASCII)
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def read_duration(text: str) -> timedelta:
    """Return the duration of a text such as ``7d``.

    Raises:
        ProblemsError: another form, zero, or more than :data:`ADVANCE_MAX`.
    """
    match = _DURATION.fullmatch(text)
    duration = timedelta(**{_UNITS[match["unit"]]: int(match["count"])}) if match else timedelta()
    if not timedelta() < duration <= ADVANCE_MAX:
        raise one_problem("advance", "DURATION", text, f"allowed: from 1m to {ADVANCE_MAX.days}d, such as 30m, 12h or 7d")
    return duration


def read_speed(text: str) -> float:
    """Return the factor of a text such as ``60x``; 0 for ``off``.

    Raises:
        ProblemsError: another form, or a factor outside 1 to :data:`SPEED_MAX`.
    """
    match = _SPEED.fullmatch(text)
    factor = float(match["factor"]) if match else 0.0
    if text == "off":
        return 0.0
    if not 1 <= factor <= SPEED_MAX:
        raise one_problem("up", "--clock", text, f"allowed: off, or from 1x to {SPEED_MAX:g}x, such as 60x")
    return factor
