"""Where the two definitions come from: files, git revisions, the working tree's template, a deployed pipeline."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from contracts.problems import Problem, ProblemsError, one_problem
from contracts.strict_json import parse
from pipeline_def.diff.changes import Change, compare
from pipeline_def.template.render import render, template_tags
from pipeline_def.template.text import TEMPLATE_PATHS, TRAINING, read_template

TEMPLATE_WORD = "template"
DEPLOYED_PREFIX = "deployed:"
_GIT_SECONDS = 30


@dataclass(frozen=True)
class Source:
    """A definition's text, rendered or still a template, and its name in messages."""

    name: str
    text: str

    @property
    def is_template(self) -> bool:
        return "{{" in self.text

    def definition(self, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The parsed definition; a template is rendered with ``values``."""
        text = render(self.text, values) if values is not None else self.text
        try:
            parsed = parse(text)
        except ValueError as error:
            allowed = f"allowed: JSON or the template ({error})"
            raise one_problem("pipeline definition", self.name, text[:40], allowed) from error
        if not isinstance(parsed, dict):
            raise one_problem("pipeline definition", self.name, type(parsed).__name__, "allowed: one JSON object")
        return parsed


def read_source(argument: str, pipeline: str = TRAINING) -> Source:
    """Read a file, standard input (``-``), the working tree's ``template`` of a pipeline, or ``deployed:NAME`` from AWS."""
    if argument == "-":
        return Source("standard input", sys.stdin.read())
    if argument == TEMPLATE_WORD:
        return Source("the working tree's template", read_template(pipeline))
    if argument.startswith(DEPLOYED_PREFIX):
        return _deployed(argument.removeprefix(DEPLOYED_PREFIX))
    try:
        return Source(argument, Path(argument).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        allowed = f"allowed: a readable file, -, {TEMPLATE_WORD} or {DEPLOYED_PREFIX}<pipeline name> ({error})"
        raise one_problem("pipeline definition", "file", argument, allowed) from error


def read_revision(revision: str, pipeline: str = TRAINING) -> Source:
    """Read a pipeline's template as of a git revision of this repository."""
    name = TEMPLATE_PATHS[pipeline].name
    if not revision or revision.startswith("-") or ":" in revision:
        raise one_problem("git", "revision", revision, "allowed: a branch, a tag or a commit, such as origin/main")
    # The present path, relative to ``pipeline_def``, and the one of older revisions.
    shown = [_show(revision, path) for path in (f"./template/{name}", f"./{name}")]
    found = next((done for done in shown if done.returncode == 0), None)
    if found is None:
        reason = "".join(shown[0].stderr.strip().splitlines()[:1])
        raise one_problem("git", "revision", revision, f"allowed: a revision that contains {name} ({reason})")
    return Source(revision, found.stdout)


def _show(revision: str, path: str) -> subprocess.CompletedProcess[str]:
    command = ["git", "-C", str(Path(__file__).parents[1]), "show", f"{revision}:{path}"]
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


def compare_sources(old: Source, new: Source, values: Mapping[str, Any] | None = None) -> list[Change]:
    """The changes between two templates, or between two rendered definitions.

    Templates are compared with their optional sections off and on. A change that concerns only some stacks names its section.
    A template is compared with a rendered definition if there are ``values`` to render it with.
    """
    if old.is_template and new.is_template and values is None:
        return _compare_templates(old, new)
    for source in (old, new):
        if source.is_template and values is None:
            allowed = "allowed: a rendered definition, as on the other side; --values FILE renders the template first"
            raise one_problem("diff", source.name, "a template", allowed)
    before, after = (source.definition(values if source.is_template else None) for source in (old, new))
    return compare(before, after)


def _compare_templates(old: Source, new: Source) -> list[Change]:
    def compared(section: str | None) -> list[Change]:
        return compare(old.definition(placeholders(old.text, section)), new.definition(placeholders(new.text, section)))

    everywhere = compared(None)
    found = list(everywhere)
    for section in sorted(template_tags(old.text).sections | template_tags(new.text).sections):
        found += [replace(change, only_with=section) for change in compared(section) if change not in everywhere]
    return found


def placeholders(template: str, section: str | None = None) -> dict[str, Any]:
    """``«key»`` for every key of a template, with at most one optional section on."""
    tags = template_tags(template)

    def of(part: str | None) -> dict[str, Any]:
        return {key: f"«{key}»" for key in tags.text[part]} | {key: [f"«{key}»"] for key in tags.json[part]}

    return of(None) | ({section: of(section)} if section in tags.sections and section is not None else {})
