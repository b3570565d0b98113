"""The changes for a terminal, a pull request and a program."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from contracts.display import code_span
from pipeline_def.diff.changes import ADDED, REMOVED, REWIRED, Change

_SIGNS = {ADDED: "+", REMOVED: "-", REWIRED: "↻"}
NOTHING = "Nothing changed: both definitions mean the same."


def as_terminal(changes: Sequence[Change], old: str, new: str) -> str:
    """Plain text, grouped by part; effects are indented below each change."""
    lines = [f"{_counted(changes)} from {_printable(old)} to {_printable(new)}."] if changes else [NOTHING]
    for subject, group in _grouped(changes):
        lines += ["", _printable(subject)]
        for change in group:
            lines.append(f"  {_SIGNS.get(change.how, '~')} {_printable(change.words)}{_condition(change)}")
            lines += [f"      {effect.kind}: {effect.says}" for effect in change.effects]
    return "\n".join(lines) + "\n"


def as_markdown(changes: Sequence[Change], old: str, new: str) -> str:
    """For a pull request: a list by part. Every value is a code span, so nothing in it is read as markup."""
    summary = f"{_counted(changes)} from {code_span(old)} to {code_span(new)}." if changes else NOTHING.lower()
    lines = [f"**Pipeline definition:** {summary}"]
    for subject, group in _grouped(changes):
        lines += ["", f"**{_escaped(subject)}**"]
        for change in group:
            lines.append(f"- {_markdown_words(change)}{_condition(change)}")
            lines += [f"  - *{effect.kind}*: {effect.says}" for effect in change.effects]
    return "\n".join(lines) + "\n"


def as_json(changes: Sequence[Change], old: str, new: str) -> str:
    """``{"old", "new", "changed", "changes": [{subject, how, label, old, new, effects, only_with}, …]}``."""
    found = [asdict(change) for change in changes]
    return json.dumps({"old": old, "new": new, "changed": bool(changes), "changes": found}, indent=2) + "\n"


def _counted(changes: Sequence[Change]) -> str:
    kinds = Counter(effect.kind for change in changes for effect in change.effects)
    touched = f" ({', '.join(f'{kind}: {count}' for kind, count in sorted(kinds.items()))})" if kinds else ""
    # The details of a new step are listed, but only the step counts.
    count = sum(1 for change in changes if not (change.how == ADDED and change.label))
    return f"{count} change{'s' if count != 1 else ''}{touched}"


def _grouped(changes: Iterable[Change]) -> list[tuple[str, list[Change]]]:
    groups: dict[str, list[Change]] = {}
    for change in changes:
        groups.setdefault(change.subject, []).append(change)
    return list(groups.items())


def _condition(change: Change) -> str:
    return f" (only if the stack sets {change.only_with})" if change.only_with else ""


def _markdown_words(change: Change) -> str:
    if change.how in (ADDED, REMOVED) and not change.label:
        detail = change.new if change.how == ADDED else change.old
        return f"{change.how}: {_escaped(detail)}" if detail else change.how
    if change.how == ADDED and change.new is not None:
        return f"{_escaped(change.label)}: {code_span(change.new)}"
    old = code_span(change.old) if change.old is not None else "nothing"
    new = code_span(change.new) if change.new is not None else "nothing"
    return f"{_escaped(change.label)}: {old} → {new}"


def _escaped(text: str) -> str:
    text = _printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"\\{character}" if character in "\\`*_[]|@#" else character for character in text)


def _printable(text: str) -> str:
    """One line without control, format and surrogate characters, which a terminal would interpret; they are escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
