"""A preview as the text of one comment, in the order that a reviewer needs, below GitHub's limit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from contracts.display import code_span
from deploy_service.pull_request import sections
from deploy_service.pull_request.model import Preview, Verdict
from deploy_service.pull_request.sections import Section, code, counted, prose

#: GitHub refuses comments above 65,536 characters. The rest is left to the marker and the status line.
MAX_LENGTH = 59_000
#: What is cut first.
CUT_ORDER = (
    "raw output",
    "other resources",
    "exemptions",
    "drift",
    "cost",
    "pipeline changes",
    "policy results",
    "deletions and replacements",
)
_NOTES_SHOWN = 5
_SIGNS = {
    Verdict.NO_CHANGE: "🟢",
    Verdict.CHANGES: "🔵",
    Verdict.DATA: "🔴",
    Verdict.BLOCKED: "⛔",
    Verdict.FAILED: "❌",
}


def render(preview: Preview) -> str:
    """The comment without marker and status line; at most :data:`MAX_LENGTH` characters."""
    head = [f"### {_SIGNS[preview.verdict]} {_verdict(preview)}", "", *_notes(preview), _about(preview)]
    if preview.error is not None:
        error = code_span(preview.error[:2_000])
        return "\n".join([*head, "", error, "", f"Try it: {code(command(preview))}"]) + "\n"
    parts = [
        sections.deletions(preview),
        *sections.policies(preview),
        sections.pipelines(preview),
        sections.costs(preview),
        sections.others(preview),
        sections.drift(preview),
        sections.raw(preview),
    ]
    return _fitted("\n".join(head), parts, command(preview))


def length(text: str) -> int:
    """UTF-16 units, the longest of the ways in which a text may be counted."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def command(preview: Preview) -> str:
    """The command that shows everything."""
    if preview.offline:
        return (
            f"python -m deploy_service preview --stack {preview.stack} --offline --base {preview.base} --head {preview.head} "
            "--format json"
        )
    return f"python -m deploy_service preview --stack {preview.stack} --format json"


def _verdict(preview: Preview) -> str:
    stack = code(preview.stack)
    counts = sections.operations(preview.resources, preview.unchanged)
    loses = any(change.loses_data for change in preview.resources)
    if preview.verdict is Verdict.NO_CHANGE:
        return f"Stack {stack}: no change ({preview.unchanged} resources)"
    if preview.verdict is Verdict.FAILED:
        return f"Stack {stack}: failed, there is no preview"
    if preview.verdict is Verdict.DATA:
        return f"Stack {stack}: deletes or replaces data ({counts})"
    if preview.verdict is Verdict.BLOCKED:
        mandatory = sum(finding.mandatory for finding in preview.findings)
        also = "; it also deletes or replaces data" if loses else ""
        return f"Stack {stack}: blocked by policy, {counted(mandatory, 'mandatory finding')} ({counts}){also}"
    return f"Stack {stack}: changes ({counts})"


def _notes(preview: Preview) -> Iterator[str]:
    for note in preview.notes[:_NOTES_SHOWN]:
        yield f"- {code_span(note[:300])}"
    if preview.notes:
        yield ""


def _about(preview: Preview) -> str:
    compared = f"{code(preview.head)} compared with {code(preview.base)}"
    if not preview.offline:
        return f"{compared}, by Pulumi's engine."
    return (
        f"{compared}, offline: each program ran with example answers instead of a cloud ({prose(preview.isolation)}). "
        "What the stack really has may differ."
    )


def _fitted(head: str, parts: Sequence[Section], how: str) -> str:
    found = list(parts)
    for name in CUT_ORDER:
        excess = length(_joined(head, found)) - MAX_LENGTH
        if excess <= 0:
            break
        index = next((place for place, part in enumerate(found) if part.name == name), None)
        if index is not None:
            found[index] = _cut(found[index], excess, how)
    return _joined(head, found)


def _cut(part: Section, excess: int, how: str) -> Section:
    """The section without as many of its last lines as needed, and a note that says so."""
    kept = list(part.lines)
    note = _cut_note(part.name, len(part.lines), len(part.lines), how)
    excess += length(note) + 2
    while kept and excess > 0:
        excess -= length(kept.pop()) + 1
    gone = len(part.lines) - len(kept)
    return replace(part, lines=kept, closing=[*part.closing, "", _cut_note(part.name, gone, len(part.lines), how)])


def _cut_note(name: str, gone: int, lines: int, how: str) -> str:
    return f"**Cut:** {gone} of {lines} lines of the {name}. All: {code(how)}"


def _joined(head: str, parts: Sequence[Section]) -> str:
    texts = [head]
    for part in parts:
        title = [f"#### {part.title}", ""] if part.title else []
        body = [*part.opening, *part.lines, *part.closing]
        texts += ["\n".join([*title, *body])] if body else []
    return "\n\n".join(texts) + "\n"
