"""How every package reports problems that a user can solve: all at once, each with field, value and what is allowed."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from contracts.display import printable

_OWN_PACKAGES = (
    "contracts", "components", "pipeline_def", "fe_image", "handlers", "runs", "local_run", "policies",
    "deploy_service", "settings", "stack_config",
)  # fmt: skip


#: Value of a problem whose text needs none: "baseAssets is empty; …", not "baseAssets is []; …".
UNSTATED = object()


@dataclass(frozen=True)
class Problem:
    """One problem that a user can solve.

    ``where`` names the field, file or JSON path. ``value`` is its value: masked if it may be secret, ``None`` if it is missing,
    ``UNSTATED`` if it says nothing that ``allowed`` does not say. ``allowed`` says what is allowed instead.
    """

    where: str
    value: object
    allowed: str

    def __str__(self) -> str:
        if self.value is UNSTATED:
            return printable(f"{self.where} {self.allowed}")
        found = "is missing" if self.value is None else f"is {_shorten(repr(self.value))}"
        return printable(f"{self.where} {found}; {self.allowed}")


class ProblemsError(Exception):
    """All problems of one input. Command lines print them without a traceback and exit non-zero."""

    def __init__(self, subject: str, problems: Iterable[Problem]) -> None:
        self.subject = subject
        self.problems = tuple(problems)
        super().__init__(str(self))

    def __str__(self) -> str:
        lines = [f"{printable(self.subject)}: {len(self.problems)} problem{'s' if len(self.problems) != 1 else ''}"]
        return "\n".join(lines + [f"  - {problem}" for problem in self.problems])


def one_problem(subject: str, where: str, value: object, allowed: str) -> ProblemsError:
    """Return the error of an input with a single problem."""
    return ProblemsError(subject, [Problem(where, value, allowed)])


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint such as ``did you mean 'epochs'?``, ignoring case; empty if no known name is similar."""
    folded = {text.casefold(): text for text in known}
    close = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return f"did you mean {folded[close[0]]!r}?" if close else ""


def listed(names: Sequence[str], limit: int = 10) -> str:
    """Return names for a message: the first ones, and how many more there are."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def check_output_folder(option: str, folder: Path) -> None:
    """Check that a folder exists or can be created, and can be written to, before the work that fills it. Creates nothing.

    Raises:
        ProblemsError: a part of the path is a file, or must not be written to.
    """
    wanted = folder.resolve()
    found = next(path for path in (wanted, *wanted.parents) if path.exists())
    if not found.is_dir() or not os.access(found, os.W_OK | os.X_OK):
        why = "is not writable" if found.is_dir() else "is not a folder"
        raise one_problem(
            "command line", option, str(folder), f"allowed: a folder that exists or can be created; {found} {why}"
        )


def _shorten(text: str, limit: int = 120) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


@contextmanager
def reported() -> Iterator[None]:
    """For command lines: print problems and the notes on them to standard error and exit with 1, without a traceback."""
    try:
        yield
    except ProblemsError as error:
        print(error, *getattr(error, "__notes__", ()), sep="\n", file=sys.stderr)
        raise SystemExit(1) from None


@contextmanager
def needs_extra(extra: str = "") -> Iterator[None]:
    """Around a command line whose commands import what they need: a missing module is one message that names the extra.

    Without ``extra`` the message says how to install the project itself.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in _OWN_PACKAGES:
            raise
        wanted = f"'.[{extra}]'" if extra else "."
        print(f"this command needs the module {error.name}: pip install {wanted}", file=sys.stderr)
        raise SystemExit(1) from None


@contextmanager
def until_the_pipe_closes() -> Iterator[None]:
    """Around a command line that prints by itself: a reader that closes the pipe (``| head``) is not an error.

    Typer does the same for the other command lines, with the same exit code.
    """
    try:
        try:
            yield
        finally:
            sys.stdout.flush()  # while the error can still be caught; at exit the interpreter would report it
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # receives what is still in the buffer
        raise SystemExit(1) from None
