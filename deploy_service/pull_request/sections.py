"""The sections of a comment. Every text that comes from a program, a template or a user is a code span."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from contracts.display import code_span
from deploy_service.pull_request.cost import MINUTES, NOT_INCLUDED
from deploy_service.pull_request.model import (
    CostLine,
    Finding,
    Operation,
    PipelineChange,
    Preview,
    PropertyChange,
    ResourceChange,
)
from deploy_service.pull_request.prices import AS_OF, REGION
from pipeline_def.check.step_types import COST
from pipeline_def.diff.changes import Change
from policies.kinds import IMAGE

_LONGEST = 160
#: No character of it begins markup, a link, a mention, or a reference to an issue.
_WORDS_ONLY = re.compile(r"[A-Za-z](?:[A-Za-z0-9 ,;()'+]|(?<![Gg][Hh])-|(?<=[A-Za-z0-9])_(?=[A-Za-z0-9]))*")
_PROPERTIES_SHOWN = 12
_FENCE = "```"
_CODE = "code.archive."
_WORDS: Mapping[Operation, str] = {"create": "created", "update": "updated", "replace": "replaced", "delete": "deleted"}


@dataclass(frozen=True)
class Section:
    """``lines`` may be cut from the end; ``opening`` and ``closing`` stay. ``name`` is its name in the note about the cut."""

    name: str
    title: str
    lines: Sequence[str] = ()
    opening: Sequence[str] = field(default=())
    closing: Sequence[str] = field(default=())


def code(text: str) -> str:
    """A shortened value as a code span."""
    return code_span(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")


def prose(text: str) -> str:
    """Words as they are; anything that Markdown or GitHub could read as more than words as a code span."""
    return text if _WORDS_ONLY.fullmatch(text) and len(text) <= _LONGEST else code(text)


def counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def operations(changes: Sequence[ResourceChange], unchanged: int) -> str:
    """``1 deleted, 2 updated, 80 unchanged``."""
    counts = Counter(change.operation for change in changes)
    parts = [f"{counts[operation]} {words}" for operation, words in reversed(list(_WORDS.items())) if counts[operation]]
    return ", ".join([*parts, f"{unchanged} unchanged"])


def collapsed(summary: str) -> tuple[list[str], list[str]]:
    """Opening and closing of a collapsed part. ``summary`` must be our own text."""
    return ["<details>", f"<summary>{summary}</summary>", ""], ["", "</details>"]


def deletions(preview: Preview) -> Section:
    """Deletions, replacements, and what protection refuses or loses."""
    found = [change for change in preview.resources if change.deletes or change.protection_ends]
    lines = [line for change in found for line in _severe(change)] or ["None."]
    return Section("deletions and replacements", "Deletions and replacements", lines)


def _severe(change: ResourceChange) -> Iterator[str]:
    marks = ["**holds data**"] if change.loses_data else []
    if change.protected:
        marks.append("**protected**: Pulumi refuses it until an update has ended the protection (setting `protectData`)")
    if change.retained:
        marks.append("kept in the cloud, only forgotten by the stack")
    if change.protection_ends:
        marks.append("**protection ends**: a later update may delete it")
    if change.kind == IMAGE:
        marks.append("the registry keeps the old image")
    yield " · ".join([f"- **{change.operation}** {code(change.kind)} {code(change.name)}", *marks])
    for item in change.properties:
        if item.replaces:
            yield f"  - replaced because {_difference(item)}"


def policies(preview: Preview) -> list[Section]:
    """Findings, then the exemptions that apply."""
    new = [finding for finding in preview.findings if finding.mandatory or not finding.existing]
    old = len(preview.findings) - len(new)
    lines = [_finding(finding) for finding in new] or ["No new finding."]
    if old:
        lines.append(f"- {counted(old, 'advisory finding')} that the base has too")
    opening, closing = collapsed(f"{counted(len(preview.exemptions), 'applied exemption')} and controls that are not done")
    exempt = Section("exemptions", "", [f"- {_exemption(line)}" for line in preview.exemptions], opening, closing)
    return [Section("policy results", "Policies", lines), *([exempt] if preview.exemptions else [])]


def _exemption(line: str) -> str:
    """The resources and the control, the reason and the owner, each on its own."""
    what, *rest = re.split(r"\. (?=Reason: |Owner: )", line[:1_000])
    return "<br>".join(map(code_span, [what, *rest]))


def _finding(finding: Finding) -> str:
    level = "**mandatory**" if finding.mandatory else "advisory"
    known = " (the base has it too)" if finding.existing else ""
    return f"- {level} {code(finding.control)}{known}: {code_span(finding.message[:600])}"


def pipelines(preview: Preview) -> Section:
    """What changes in both pipelines' definitions, by step and parameter."""
    lines = [line for change in preview.pipelines for line in _pipeline(change)]
    return Section("pipeline changes", "Pipelines", lines or ["Both pipelines' definitions mean the same as before."])


def _pipeline(change: PipelineChange) -> Iterator[str]:
    yield f"{code(change.name)} is {change.how}" + (":" if change.changes else ".")
    yield ""
    groups: dict[str, list[str]] = {}
    for item in change.changes:
        groups.setdefault(item.subject, []).extend(_pipeline_lines(item))
    alike: dict[tuple[str, ...], list[str]] = {}
    for subject, lines in groups.items():
        alike.setdefault(tuple(lines), []).append(subject)
    for shared, subjects in alike.items():
        yield f"- {', '.join(f'**{prose(subject)}**' for subject in subjects)}"
        yield from shared
    yield ""


def _pipeline_lines(item: Change) -> Iterator[str]:
    condition = f" (only if the stack sets {code(item.only_with)})" if item.only_with else ""
    yield f"  - {_pipeline_words(item.how, item.label, item.old, item.new)}{condition}"
    for effect in item.effects:
        yield f"    - *{prose(effect.kind)}*: {prose(effect.says)}"


def _pipeline_words(how: str, label: str, old: str | None, new: str | None) -> str:
    sides = _sides(old, new)
    if not label:
        return f"{prose(how)}: {sides}" if sides else prose(how)
    return f"{prose(label)}: {sides}"


def _sides(old: str | None, new: str | None) -> str:
    if old is None:
        return code(new) if new is not None else ""
    return f"{code(old)} → {code(new) if new is not None else 'nothing'}"


def costs(preview: Preview) -> Section:
    """What an execution and a month cost, before and after."""
    cost = preview.cost
    rows = [f"| {_cell(line.item)} | {_amount(line, line.before)} | {_amount(line, line.after)} |" for line in cost.lines]
    minutes = f"{min(MINUTES.values()):g} to {max(MINUTES.values()):g} minutes"
    closing = ["", f"Estimate at {REGION} prices of {AS_OF}, for jobs of {minutes}. Not included: {NOT_INCLUDED}."]
    if cost.unpriced:
        closing.append(f"No price is known for {', '.join(map(code, cost.unpriced[:10]))}.")
    if not rows:
        return Section("cost", "Cost", ["Nothing with a known price."])
    affected = any(effect.kind == COST for change in preview.pipelines for item in change.changes for effect in item.effects)
    if affected:
        closing.append(
            "**Not in the estimate:** what the pipelines' changes above that are marked *cost* do to the length of jobs."
        )
    same = not affected and all(line.before == line.after for line in cost.lines)
    title = "Cost: unchanged" if same else "Cost"
    return Section("cost", title, rows, ["| | before | after |", "|---|---:|---:|"], closing)


def _cell(text: str) -> str:
    return prose(text).replace("|", "\\|")


def _amount(line: CostLine, value: float | None) -> str:
    return "–" if value is None else f"${value:,.3f} per {line.unit}"


def others(preview: Preview) -> Section:
    """Created and updated resources."""
    found = [change for change in preview.resources if not change.deletes]
    lines = [line for change in found for line in _other(change)]
    if not lines:
        return Section("other resources", "Other resources", [f"{preview.unchanged} unchanged."])
    opening, closing = collapsed(operations(found, preview.unchanged))
    return Section("other resources", "Other resources", lines, opening, closing)


def _other(change: ResourceChange) -> Iterator[str]:
    files = [item.path.removeprefix(_CODE) for item in change.properties if item.path.startswith(_CODE)]
    rest = [item for item in change.properties if not item.path.startswith(_CODE)]
    yield f"- {change.operation} {code(change.kind)} {code(change.name)}"
    if files:
        yield f"  - code: {', '.join(map(code, files[:_PROPERTIES_SHOWN]))}" + _more(len(files))
    for item in rest[:_PROPERTIES_SHOWN]:
        yield f"  - {_difference(item)}"
    if len(rest) > _PROPERTIES_SHOWN:
        yield f"  -{_more(len(rest))}"


def _more(count: int) -> str:
    return f" and {count - _PROPERTIES_SHOWN} more" if count > _PROPERTIES_SHOWN else ""


def _difference(item: PropertyChange) -> str:
    if item.old is None and item.new is None:
        return f"{code(item.path)}: shown above"
    if item.old is None:
        return f"{code(item.path)} is new: {code(item.new or '')}"
    return f"{code(item.path)}: {code(item.old)} → {code(item.new) if item.new is not None else 'nothing'}"


def drift(preview: Preview) -> Section:
    """Differences between the cloud and the state, which this pull request did not make."""
    if preview.drift is None:
        lines = ["Not known: an offline preview does not look at the cloud. It is no part of this pull request."]
    else:
        lines = [f"- {code(line)}" for line in preview.drift] or ["None."]
    return Section("drift", "Drift", lines)


def raw(preview: Preview) -> Section:
    """All of it as plain text, in a block that no line can close."""
    lines = [_plain(line) for line in preview.raw]
    if not lines:
        return Section("raw output", "", [])
    opening, closing = collapsed("Raw output")
    return Section("raw output", "", lines, [*opening, _FENCE], [_FENCE, *closing])


def _plain(line: str) -> str:
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in line[:400])
    return shown.replace(_FENCE, "` ` `")
