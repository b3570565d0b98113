"""``--set name=value``: what a start changes of the pipeline's parameters."""

from __future__ import annotations

from contracts.problems import Problem, ProblemsError


def parse_overrides(texts: list[str]) -> dict[str, str]:
    """``["epochs=3"]`` → ``{"epochs": "3"}``; a :class:`ProblemsError` says what is wrong with the texts."""
    values, problems = read_overrides(texts)
    if problems:
        raise ProblemsError("start", problems)
    return values


def read_overrides(texts: list[str]) -> tuple[dict[str, str], list[Problem]]:
    """What the texts set, and what is wrong with them: no "=", or a name that stands there twice."""
    values: dict[str, str] = {}
    problems: list[Problem] = []
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            problems.append(Problem("--set", text, "allowed: name=value"))
        elif name in values:
            problems.append(Problem(f"--set {name}", value, f"it is set to {values[name]!r} already"))
        else:
            values[name] = value
    return values, problems
