"""Where the two definitions come from: files, git revisions, the working tree's template, a deployed pipeline."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from contracts.problems import Problem, ProblemsError, one_problem
from contracts.strict_json import parse
from pipeline_def.diff.adopted_values import adopt
from pipeline_def.diff.changes import Change, compare
from pipeline_def.diff.facts import named_leaves
from pipeline_def.diff.leaves import leaf
from pipeline_def.diff.placeholder_values import is_template, placeholder_values
from pipeline_def.template.render import render, template_tags
from pipeline_def.template.text import TEMPLATE_PATH, read_template

TEMPLATE_WORD = "template"
DEPLOYED_PREFIX = "deployed:"
_GIT_SECONDS = 30
#: The template's path in a revision, relative to ``pipeline_def``: the present one, and the one of older revisions.
_TEMPLATE_IN_GIT = (f"./template/{TEMPLATE_PATH.name}", f"./{TEMPLATE_PATH.name}")


@dataclass(frozen=True)
class Source:
    """A definition's text, rendered or still a template, and what a reader calls it."""

    name: str
    text: str

    def definition(self, values: Mapping[str, Any] | None = None) -> Any:
        text = render(self.text, values) if values is not None else self.text
        try:
            parsed = parse(text)
        except ValueError as error:
            raise one_problem(
                "pipeline definition", self.name, text[:40], f"allowed: JSON or the template ({error})"
            ) from error
        if not isinstance(parsed, dict):
            raise one_problem("pipeline definition", self.name, type(parsed).__name__, "allowed: one JSON object")
        return parsed


@dataclass(frozen=True)
class Comparison:
    """The changes; and in words, by key, the values that a template took from the rendered side: no change shows there."""

    changes: list[Change]
    adopted: Mapping[str, str] = field(default_factory=dict)


def read_source(argument: str) -> Source:
    """A file, ``-`` for standard input, ``template`` for the working tree's, or ``deployed:NAME`` for a pipeline's in AWS."""
    if argument == "-":
        return Source("standard input", sys.stdin.read())
    if argument == TEMPLATE_WORD:
        return Source("the working tree's template", read_template())
    if argument.startswith(DEPLOYED_PREFIX):
        return _deployed(argument.removeprefix(DEPLOYED_PREFIX))
    try:
        return Source(argument, Path(argument).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        allowed = f"allowed: a file, -, {TEMPLATE_WORD} or {DEPLOYED_PREFIX}<pipeline name> ({error})"
        raise one_problem("pipeline definition", "file", argument, allowed) from error


def read_revision(revision: str) -> Source:
    """The template as of a git revision of the repository that this file lies in."""
    if not revision or revision.startswith("-") or ":" in revision:
        raise one_problem("git", "revision", revision, "allowed: a branch, a tag or a commit, such as origin/main")
    shown = [_show(revision, path) for path in _TEMPLATE_IN_GIT]
    found = next((done for done in shown if done.returncode == 0), None)
    if found is None:
        reason = "".join(shown[0].stderr.strip().splitlines()[:1])
        raise one_problem("git", "revision", revision, f"allowed: one that has {TEMPLATE_PATH.name} ({reason})")
    return Source(revision, found.stdout)


def _show(revision: str, path: str) -> subprocess.CompletedProcess[str]:
    command = ["git", "-C", str(TEMPLATE_PATH.parents[1]), "show", f"{revision}:{path}"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=_GIT_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise one_problem("git", "revision", revision, f"git must answer ({error})") from error


def _deployed(name: str) -> Source:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer = boto3.client("sagemaker").describe_pipeline(PipelineName=name)
    except (BotoCoreError, ClientError) as error:
        raise ProblemsError("deployed pipeline", [Problem("pipeline", name, f"AWS must answer ({error})")]) from error
    return Source(f"the deployed {name}", str(answer["PipelineDefinition"]))


def compare_sources(old: Source, new: Source) -> Comparison:
    """The changes; of a template with optional sections off and on, so that what only some stacks see is told apart."""
    if is_template(old.text) and is_template(new.text):
        return Comparison(_compare_templates(old, new))
    if is_template(new.text):
        before = old.definition()
        after, adopted = _fitted(new, before)
    elif is_template(old.text):
        after = new.definition()
        before, adopted = _fitted(old, after)
    else:
        before, after, adopted = old.definition(), new.definition(), {}
    return Comparison(compare(before, after), {key: leaf(key, adopted[key]).words for key in sorted(adopted)})


def _compare_templates(old: Source, new: Source) -> list[Change]:
    everywhere = _compared(old, new, ())
    found = list(everywhere)
    for section in sorted(template_tags(old.text).sections | template_tags(new.text).sections):
        of_section = _compared(old, new, (section,))
        found += [replace(change, only_with=section) for change in of_section if change not in everywhere]
    return found


def _compared(old: Source, new: Source, sections: tuple[str, ...]) -> list[Change]:
    return compare(old.definition(_placeholders(old, sections)), new.definition(_placeholders(new, sections)))


def _placeholders(source: Source, sections: tuple[str, ...]) -> dict[str, Any]:
    values = placeholder_values(source.text, sections=True)
    off = template_tags(source.text).sections - set(sections)
    return {key: value for key, value in values.items() if key not in off}


def _fitted(template: Source, deployed: Any) -> tuple[Any, dict[str, Any]]:
    """A template filled with a deployed definition's own values, with the sections that it uses; and these values."""
    there = named_leaves(deployed)
    always = named_leaves(template.definition(_placeholders(template, ())))
    used = [
        section
        for section in sorted(template_tags(template.text).sections)
        if (named_leaves(template.definition(_placeholders(template, (section,)))) - always) & there
    ]
    return adopt(template.definition(_placeholders(template, tuple(used))), deployed)
