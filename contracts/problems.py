"""How every room reports what a user can mend: all of it at once, each with the field, the value and what is allowed."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_OWN_PACKAGES = (
    "contracts", "components", "pipeline_def", "fe_image", "handlers", "runs", "local_run", "policies",
    "settings", "stack_config",
)  # fmt: skip


@dataclass(frozen=True)
class Problem:
    """One thing a user can mend.

    ``where`` names the field, file or JSON path, ``value`` is what stands there (already masked where it may be a secret;
    ``None`` when it is missing), ``allowed`` says what may stand there instead.
    """

    where: str
    value: object
    allowed: str

    def __str__(self) -> str:
        found = "is missing" if self.value is None else f"is {_shorten(repr(self.value))}"
        return f"{self.where} {found}; {self.allowed}"


class ProblemsError(Exception):
    """All problems of one input. Command lines print it without a traceback and exit non-zero."""

    def __init__(self, subject: str, problems: Iterable[Problem]) -> None:
        self.subject = subject
        self.problems = tuple(problems)
        super().__init__(str(self))

    def __str__(self) -> str:
        lines = [f"{self.subject}: {len(self.problems)} problem{'s' if len(self.problems) != 1 else ''}"]
        return "\n".join(lines + [f"  - {problem}" for problem in self.problems])


def one_problem(subject: str, where: str, value: object, allowed: str) -> ProblemsError:
    """The error for an input with a single thing wrong with it."""
    return ProblemsError(subject, [Problem(where, value, allowed)])


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint such as ``did you mean 'epochs'?``, or an empty string where nothing known looks alike, in whichever case."""
    folded = {text.casefold(): text for text in known}
    close = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return f"did you mean {folded[close[0]]!r}?" if close else ""


def listed(names: Sequence[str], limit: int = 10) -> str:
    """Names for a message: of many the first, and how many more there are."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def check_output_folder(option: str, folder: Path) -> None:
    """Refuses a folder that can not be made or written to, before the work whose results it is for. Makes nothing.

    Raises:
        ProblemsError: something on the way to it is no folder, or may not be written to.
    """
    wanted = folder.resolve()
    found = next(path for path in (wanted, *wanted.parents) if path.exists())
    if not found.is_dir() or not os.access(found, os.W_OK | os.X_OK):
        why = "may not be written to" if found.is_dir() else "is no folder"
        raise one_problem("command line", option, str(folder), f"allowed: a folder, there or to be made; {found} {why}")


def _shorten(text: str, limit: int = 120) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


@contextmanager
def reported() -> Iterator[None]:
    """For command lines: print what a user can mend, and what was noted at it, on standard error and exit 1, no traceback."""
    try:
        yield
    except ProblemsError as error:
        print(error, *getattr(error, "__notes__", ()), sep="\n", file=sys.stderr)
        raise SystemExit(1) from None


@contextmanager
def needs_extra(extra: str = "") -> Iterator[None]:
    """Around a command line, whose commands import what they need.

    A module that is not installed is one message that names the extra to install, or without one the project alone.
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
    """Around a command line that prints by itself: whoever reads on may have read enough (``| head``), which is no error.

    Typer does the same for the others, with the same exit code.
    """
    try:
        try:
            yield
        finally:
            sys.stdout.flush()  # while it can still be caught: at the interpreter's end it would be reported
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # takes what is still in the buffer
        raise SystemExit(1) from None
