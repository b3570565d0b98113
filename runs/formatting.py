"""Durations and failure reasons as the command line and the report show them."""

from __future__ import annotations


def format_duration(seconds: float) -> str:
    """Return a duration in whole seconds; SageMaker reports no finer."""
    total = round(seconds)
    if total < 1:
        return "< 1 s"
    if total < 60:
        return f"{total} s"
    if total < 3600:
        return f"{total // 60} min {total % 60} s"
    return f"{total // 3600} h {total % 3600 // 60} min"


def shorten_repeated(reason: str, shown: str) -> str:
    """Return only the first line of a reason that ``shown`` already has in full; otherwise the whole reason."""
    first, *rest = reason.splitlines() or [""]
    return f"{first} …" if rest and reason in shown else reason
