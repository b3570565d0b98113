"""One comment for each stack of a pull request: starting, result, superseded, applied. It is found again by its first line."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from contracts.display import code_span
from contracts.problems import one_problem
from deploy_service.pull_request.github import ATTEMPTS, Comment, GitHub, UncertainError

#: Who writes with the token of a GitHub Actions job.
DEFAULT_AUTHOR = "github-actions[bot]"
_FIRST_LINE = re.compile(
    r"<!-- deploy-service:preview stack=(?P<stack>[a-z][a-z0-9-]{0,39}) run=(?P<run>[0-9]{1,19}) "
    r"head=(?P<head>[0-9a-f]{12,40}) state=(?P<state>starting|result|superseded|applied) -->"
)
_URL = re.compile(r"https://[A-Za-z0-9.-]{1,200}(?::[0-9]{1,5})?/[A-Za-z0-9_./-]{1,300}")


class State(StrEnum):
    STARTING = "starting"
    RESULT = "result"
    SUPERSEDED = "superseded"
    APPLIED = "applied"


@dataclass(frozen=True)
class Event:
    """Something that happened to a stack's preview.

    ``run`` orders events: it is the id of the workflow run, which GitHub counts up. ``url`` is that run's page.
    """

    stack: str
    head: str
    run: int
    time: datetime
    url: str = ""


@dataclass(frozen=True)
class Body:
    """The text of a comment: first line (hidden), status, and the preview."""

    stack: str
    run: int
    head: str
    state: State
    status: str
    content: str = ""

    def text(self) -> str:
        first = f"<!-- deploy-service:preview stack={self.stack} run={self.run} head={self.head} state={self.state} -->"
        return f"{first}\n{self.status}\n\n{self.content}"


def read_body(text: str) -> Body | None:
    """Read a comment that :meth:`Body.text` wrote; None if the first line is another one.

    The marker counts in the first line only, so a name or a value that contains one changes nothing.
    """
    first, _, rest = text.replace("\r\n", "\n").partition("\n")
    match = _FIRST_LINE.fullmatch(first)
    if match is None:
        return None
    status, _, content = rest.partition("\n\n")
    return Body(match["stack"], int(match["run"]), match["head"], State(match["state"]), status, content)


def starting(event: Event) -> Callable[[Body | None], Body | None]:
    """A preview begins. An earlier result stays readable, marked as superseded."""
    running = f"The preview of {code_span(event.head[:12])} is running since {_time(event)}{_link(event)}."

    def change(old: Body | None) -> Body | None:
        if old is not None and old.run > event.run:
            return None
        if old is None or not old.content:
            return _body(event, State.STARTING, f"⏳ {running}")
        # The run stays the old one's if this run is its second attempt.
        status = f"⏳ **Superseded:** below is the preview of {code_span(old.head[:12])}. {running}"
        return replace(_body(event, State.SUPERSEDED, status, old.content), head=old.head)

    return change


def result(event: Event, content: str) -> Callable[[Body | None], Body | None]:
    """A preview ended. The result of an older run than the comment's is dropped."""

    def change(old: Body | None) -> Body | None:
        if old is not None and old.run > event.run:
            return None
        return _body(
            event, State.RESULT, f"Preview of {code_span(event.head[:12])} from {_time(event)}{_link(event)}.", content
        )

    return change


def applied(event: Event, by: str) -> Callable[[Body | None], Body | None]:
    """The stack was updated with this pull request's change; the preview stays below."""

    def change(old: Body | None) -> Body | None:
        status = f"✅ **Applied** with {code_span(event.head[:12])} by {code_span(by[:100])} at {_time(event)}{_link(event)}."
        return _body(event, State.APPLIED, status, old.content if old is not None else "")

    return change


def post(
    github: GitHub, pull_request: int, stack: str, change: Callable[[Body | None], Body | None], author: str = DEFAULT_AUTHOR
) -> str:
    """Create or update the stack's comment, and return what was done: created, updated or unchanged.

    Only comments of ``author`` count, because anyone can write the marker into a comment. Of several, which two jobs may have
    created at the same time, the oldest is kept.

    Raises:
        ProblemsError: GitHub refuses or does not answer.
    """
    reason = ""
    for _ in range(ATTEMPTS):
        own = _own(github, pull_request, stack, author)
        for duplicate in own[1:]:
            github.delete(duplicate.id)
        old = read_body(own[0].body) if own else None
        new = change(old)
        if new is None or (own and new.text() == own[0].body):
            return "unchanged"
        if own:
            github.update(own[0].id, new.text())
            return "updated"
        try:
            github.create(pull_request, new.text())
            return "created"
        except UncertainError as error:
            reason = str(error)
    allowed = f"GitHub must answer; {ATTEMPTS} attempts failed ({reason})"
    raise one_problem("GitHub", "comment", f"pull request {pull_request}", allowed)


def _own(github: GitHub, pull_request: int, stack: str, author: str) -> list[Comment]:
    found = [comment for comment in github.comments(pull_request) if comment.author == author]
    return [comment for comment in found if (body := read_body(comment.body)) is not None and body.stack == stack]


def _body(event: Event, state: State, status: str, content: str = "") -> Body:
    return Body(event.stack, event.run, event.head, state, status, content)


def _time(event: Event) -> str:
    return f"{event.time:%Y-%m-%d %H:%M} UTC"


def _link(event: Event) -> str:
    return f" ([job]({event.url}))" if _URL.fullmatch(event.url) else ""
