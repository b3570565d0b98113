"""Progress of executions, passed to one callback as events.

The emulator calls the callback from several threads, but reports the events of one execution in order. It holds the execution's
lock during the call, so a callback returns soon and does not call the emulator. An exception that it raises is logged.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class ExecutionStarted:
    """An execution starts, for the first time or as a retry. ``execution`` is its ARN, ``name`` its display name."""

    execution: str
    name: str


@dataclass(frozen=True)
class ExecutionFinished:
    """An execution reached the terminal ``status``. ``reason`` is the failure reason, if there is one."""

    execution: str
    status: str
    reason: str | None


@dataclass(frozen=True)
class StepStarted:
    """A step starts. ``kind`` is its type in the definition, such as ``Processing``."""

    execution: str
    step: str
    kind: str


@dataclass(frozen=True)
class StepFinished:
    """A step reached the terminal ``status``. ``reason`` is the failure reason, if there is one."""

    execution: str
    step: str
    status: str
    reason: str | None


@dataclass(frozen=True)
class LogLine:
    """A step's container printed a line."""

    execution: str
    step: str
    line: str


@dataclass(frozen=True)
class EpochFinished:
    """A training epoch ended. ``epoch`` counts from 0; ``epochs`` is the job's maximum, or None if it sets none."""

    execution: str
    step: str
    epoch: int
    epochs: int | None
    loss: float


@dataclass(frozen=True)
class Warned:
    """Something outside an execution that the operator should know, such as an undelivered event."""

    text: str


@dataclass(frozen=True)
class ScheduleFired:
    """A deployed schedule or rule has fired, for a time (UTC)."""

    name: str
    due: datetime


Progress = ExecutionStarted | ExecutionFinished | StepStarted | StepFinished | LogLine | EpochFinished | ScheduleFired | Warned
OnProgress = Callable[[Progress], None]


def guarded(callback: OnProgress | None) -> OnProgress:
    """Return a callback that logs exceptions of ``callback``, so that a faulty user interface never stops an execution."""

    def report(event: Progress) -> None:
        if callback is None:
            return
        try:
            callback(event)
        except Exception:
            logging.getLogger(__name__).exception("the progress callback failed on %s", type(event).__name__)

    return report
