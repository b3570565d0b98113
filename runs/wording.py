"""Words that the command line and the report share."""

from __future__ import annotations


def spoken(seconds: float) -> str:
    """A duration, to the second: tenths of what SageMaker reports to the second are no measurement."""
    whole = round(seconds)
    if whole < 1:
        return "< 1 s"
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def shortened(reason: str, said: str) -> str:
    """A reason's first line where ``said`` has it in full already, so that nobody reads it twice; else all of it."""
    first, *rest = reason.splitlines() or [""]
    return f"{first} …" if rest and reason in said else reason
