"""Commands of pull requests: preview, and the comment's states."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from contracts.problems import Problem, ProblemsError, check_output_folder, one_problem
from deploy_service.pull_request import comment as comments
from deploy_service.pull_request.comment import DEFAULT_AUTHOR, Body, Event
from deploy_service.pull_request.ephemeral import DEFAULT_TIME_TO_LIVE, ephemeral_stack
from deploy_service.pull_request.github import GitHub
from deploy_service.pull_request.isolation import TIMEOUT_SECONDS
from deploy_service.pull_request.markdown import render
from deploy_service.pull_request.model import COMMIT_PATTERN, Preview, Verdict, read_preview
from deploy_service.pull_request.offline import Side, preview_offline
from deploy_service.pull_request.revisions import WORKING_TREE

ROOT = Path(__file__).resolve().parents[2]
#: Exit code of `preview --exit-code` for a verdict that a person has to look at; 1 is a problem of the command itself.
NEEDS_ATTENTION = 3

comment_app = typer.Typer(
    no_args_is_help=True,
    help="One comment per stack on a pull request, updated in place: starting, result, applied. GITHUB_TOKEN is the token.",
)


@dataclass(frozen=True)
class Target:
    """A pull request, by its number or by its branch (``owner:branch``)."""

    number: int | None
    branch: str | None


class Format(StrEnum):
    MARKDOWN = "markdown"
    JSON = "json"


Stack = Annotated[str, typer.Option(help="The stack; pr-<number> uses the settings of Pulumi.dev.yaml.")]
Repository = Annotated[str, typer.Option(envvar="GITHUB_REPOSITORY", help="owner/name on GitHub.")]
Commit = Annotated[str, typer.Option(help="The pull request's newest commit.")]
Run = Annotated[int, typer.Option(envvar="GITHUB_RUN_ID", help="Orders events: an older run changes nothing.", min=0)]
Url = Annotated[str, typer.Option(help="The job's page, https only.")]
Number = Annotated[int | None, typer.Option("--pull-request", help="Its number; default: found by the commit.", min=1)]
Branch = Annotated[str | None, typer.Option(help="owner:branch; finds the pull request of a fork, instead of --pull-request.")]
Author = Annotated[str, typer.Option(help="Who owns the token. Comments of others are never touched.")]


def add_pull_request_commands(app: typer.Typer) -> None:
    """Add ``preview``, ``comment`` and ``ephemeral`` to the package's command line."""
    app.command("preview")(preview)
    app.add_typer(comment_app, name="comment")
    app.command("ephemeral")(ephemeral)


def preview(
    stack: Stack = "dev",
    output: Annotated[Format, typer.Option("--format", help="A comment, or data for `comment result`.")] = Format.MARKDOWN,
    offline: Annotated[bool, typer.Option("--offline", help="Compare two revisions without the CLI and a cloud.")] = False,
    base: Annotated[str | None, typer.Option(help="Revision to compare with; default: where this branch left main.")] = None,
    head: Annotated[str, typer.Option(help="Revision to preview; default: the working tree.")] = WORKING_TREE,
    base_python: Annotated[str | None, typer.Option(help="Python with the base's requirements; default: this one.")] = None,
    timeout: Annotated[int, typer.Option(help="Seconds for each program.", min=1, max=3600)] = TIMEOUT_SECONDS,
    out: Annotated[Path | None, typer.Option(help="Write to this file instead of standard output.")] = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help=f"Exit with {NEEDS_ATTENTION} if data is lost, a policy blocks, or it fails.")
    ] = False,
) -> None:
    """Preview what a change does to a stack, in the order that a reviewer needs."""
    if not offline:
        allowed = "needed: --offline; `pulumi preview` shows what the engine would do with the deployed stack"
        raise one_problem("preview", "--offline", None, allowed)
    if out is not None:
        check_output_folder("--out", out.parent)
    found = offline_preview(stack, base, head, base_python, timeout)
    write_preview(found, output, out)
    if exit_code and found.verdict in (Verdict.DATA, Verdict.BLOCKED, Verdict.FAILED):
        raise typer.Exit(NEEDS_ATTENTION)


def offline_preview(
    stack: str, base: str | None, head: str, base_python: str | None, timeout: int = TIMEOUT_SECONDS
) -> Preview:
    """Preview this repository's ``head`` against ``base`` without the CLI and without a cloud."""
    python = sys.executable
    side = Side(base, base_python or python) if base is not None else None
    if side is None and base_python is not None:
        raise one_problem("preview", "--base-python", base_python, "allowed: only with --base")
    return preview_offline(ROOT, stack, side, Side(head, python), timeout)


def write_preview(preview: Preview, output: Format, out: Path | None) -> None:
    """Print the preview, or write it to a file."""
    text = render(preview) if output is Format.MARKDOWN else preview.model_dump_json(indent=1) + "\n"
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8")


@comment_app.command("starting")
def starting(
    stack: Stack,
    commit: Commit,
    repository: Repository,
    run: Run,
    url: Url = "",
    pull_request: Number = None,
    branch: Branch = None,
    author: Author = DEFAULT_AUTHOR,
) -> None:
    """Say that a preview is running; an earlier result stays below, marked as superseded."""
    _post(repository, Target(pull_request, branch), _event(stack, commit, run, url), comments.starting, author)


@comment_app.command("result")
def result(
    file: Annotated[Path, typer.Option("--preview", help="What `preview --format json` wrote; the file is not trusted.")],
    stack: Stack,
    commit: Commit,
    repository: Repository,
    run: Run,
    url: Url = "",
    pull_request: Number = None,
    branch: Branch = None,
    author: Author = DEFAULT_AUTHOR,
) -> None:
    """Show a preview. The comment is written anew from the file's data; nothing in it is taken as Markdown.

    A missing file is shown as a failed preview, because the job that should have written it failed.
    """
    event = _event(stack, commit, run, url)
    found = read_preview(file) if file.exists() else _failed(event)
    if found.stack != stack or not re.fullmatch(COMMIT_PATTERN, found.head) or not commit.startswith(found.head):
        what = f"the preview of stack {found.stack} at {found.head}"
        raise one_problem("comment", "--preview", what, f"allowed: a preview of stack {stack} at {commit}")
    content = render(found)
    _post(repository, Target(pull_request, branch), event, lambda it: comments.result(it, content), author)


@comment_app.command("applied")
def applied(
    by: Annotated[str, typer.Option(envvar="GITHUB_ACTOR", help="Who started the update.")],
    stack: Stack,
    commit: Commit,
    repository: Repository,
    run: Run,
    url: Url = "",
    pull_request: Number = None,
    branch: Branch = None,
    author: Author = DEFAULT_AUTHOR,
) -> None:
    """Say that the stack was updated: when, and by whom. ``--commit`` may be the merge commit."""
    event = _event(stack, commit, run, url)
    _post(repository, Target(pull_request, branch), event, lambda it: comments.applied(it, by), author)


def ephemeral(
    stack: Annotated[str, typer.Option(help="pr-<number>")],
    hours: Annotated[int, typer.Option(help="Time to live.")] = int(DEFAULT_TIME_TO_LIVE.total_seconds() // 3600),
) -> None:
    """Print the settings of a pull request's stack as a stack file, and when the stack ends."""
    import yaml  # type: ignore[import-untyped]  # its types are a separate package

    found = ephemeral_stack(ROOT, stack, datetime.now(UTC), timedelta(hours=hours))
    typer.echo(f"# Ends {found.expires:%Y-%m-%d %H:%M} UTC.")
    typer.echo(yaml.safe_dump({"config": dict(found.config.values)}), nl=False)


def _event(stack: str, commit: str, run: int, url: str) -> Event:
    allowed = {
        "--stack": (stack, r"[a-z][a-z0-9-]{0,39}", "a stack's name"),
        "--commit": (commit, r"[0-9a-f]{40}", "a commit's 40 hexadecimal digits"),
    }
    problems = [
        Problem(option, value, f"allowed: {words}")
        for option, (value, pattern, words) in allowed.items()
        if not re.fullmatch(pattern, value)
    ]
    if problems:
        raise ProblemsError("comment", problems)
    return Event(stack, commit, run, datetime.now(UTC), url)


def _failed(event: Event) -> Preview:
    return Preview(
        stack=event.stack,
        offline=True,
        base="the base",
        head=event.head[:12],
        error="The preview job ended without a result. Its log says why.",
    )


def _post(
    repository: str,
    target: Target,
    event: Event,
    change: Callable[[Event], Callable[[Body | None], Body | None]],
    author: str,
) -> None:
    github = GitHub(repository, _token(), os.environ.get("GITHUB_API_URL", "https://api.github.com"))
    found = target.number if target.number is not None else _pull_request(github, event.head, target.branch)
    done = comments.post(github, found, event.stack, change(event), author)
    typer.echo(f"pull request {found}, stack {event.stack}: {done}")


def _token() -> str:
    token = os.environ.get("GITHUB_TOKEN", "")
    if not token:
        raise one_problem("GitHub", "GITHUB_TOKEN", None, "set it to a token with the permission pull-requests: write")
    return token


def _pull_request(github: GitHub, commit: str, branch: str | None) -> int:
    """The pull request that ends with the commit, or else the only one that contains it (after a merge).

    GitHub does not find a fork's pull request by its commit, only by its branch.
    """
    found = github.pull_requests_from(branch) if branch is not None else github.pull_requests_of(commit)
    numbers = [number for number, head in found if head == commit] or [number for number, _ in found if branch is None]
    if len(numbers) != 1:
        what = f"{len(numbers)} pull requests {f'from {branch} end with' if branch else 'contain'} commit {commit}"
        raise one_problem("comment", "--pull-request", None, f"name it, because {what}")
    return numbers[0]
