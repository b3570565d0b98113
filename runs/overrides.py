"""``--set name=value``: what a start changes of the pipeline's parameters."""

from __future__ import annotations

from contracts.problems import Problem, ProblemsError


def parse_overrides(texts: list[str]) -> dict[str, str]:
    """``["epochs=3"]`` → ``{"epochs": "3"}``; what has no "=" and what is named twice are problems."""
    values: dict[str, str] = {}
    problems = []
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            problems.append(Problem("--set", text, "allowed: name=value"))
        elif name in values:
            problems.append(Problem(f"--set {name}", value, f"it is set to {values[name]!r} already"))
        values[name] = value
    if problems:
        raise ProblemsError("start", problems)
    return values
