"""Messages for files that cannot be read, in the user's terms instead of the operating system's or the parser's."""

from __future__ import annotations

import json
from pathlib import Path

from contracts.problems import UNSTATED, Problem, ProblemsError


def unreadable_file(path: Path, error: Exception, expected: str) -> ProblemsError:
    """Return the error for a file that cannot be read or parsed. ``expected``: what it should be, and how to get it."""
    return ProblemsError(str(path), [Problem(path.name, UNSTATED, f"{_reason(error)}; {expected}")])


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "does not exist"
    if isinstance(error, IsADirectoryError | NotADirectoryError):
        return "is not a file"
    if isinstance(error, PermissionError):
        return "may not be read by this user"
    if isinstance(error, OSError):
        return f"cannot be read ({error.strerror or error})"
    if isinstance(error, UnicodeDecodeError):
        return f"is not UTF-8 text (byte {error.start + 1})"
    if isinstance(error, RecursionError):
        return "is nested too deeply to be read as JSON"
    if isinstance(error, json.JSONDecodeError):
        return f"is not JSON: line {error.lineno}, column {error.colno}: {error.msg}"
    return f"is not JSON: {error}"
