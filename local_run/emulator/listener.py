"""What a user interface hears while executions run.

Calls come from several threads, an execution's in its own order. They are made while the execution is locked: a listener
returns soon, never raises, and does not call the layer.
"""

from __future__ import annotations

import logging
from typing import Protocol


class Listener(Protocol):
    """Progress of executions. ``execution`` is always the pipeline execution's ARN."""

    def execution_started(self, execution: str, name: str) -> None:
        """An execution begins, for the first time or again: ``name`` is its display name, as it was started with."""

    def execution_finished(self, execution: str, status: str, reason: str | None) -> None: ...

    def step_started(self, execution: str, step: str, kind: str) -> None: ...

    def step_finished(self, execution: str, step: str, status: str, reason: str | None) -> None: ...

    def log_line(self, execution: str, step: str, line: str) -> None: ...

    def epoch(self, execution: str, step: str, epoch: int, epochs: int | None, loss: float) -> None:
        """A training epoch ended: ``epoch`` counts from 0; ``epochs`` is how many may run, where the job says so."""

    def warning(self, text: str) -> None:
        """Something outside an execution that an operator should see, such as an event that reached nobody."""


class SilentListener:
    """Hears everything and does nothing; the base for listeners that care about a part."""

    def execution_started(self, execution: str, name: str) -> None:
        """Nothing to do."""

    def execution_finished(self, execution: str, status: str, reason: str | None) -> None:
        """Nothing to do."""

    def step_started(self, execution: str, step: str, kind: str) -> None:
        """Nothing to do."""

    def step_finished(self, execution: str, step: str, status: str, reason: str | None) -> None:
        """Nothing to do."""

    def log_line(self, execution: str, step: str, line: str) -> None:
        """Nothing to do."""

    def epoch(self, execution: str, step: str, epoch: int, epochs: int | None, loss: float) -> None:
        """Nothing to do."""

    def warning(self, text: str) -> None:
        """Nothing to do."""


class GuardedListener:
    """Passes everything on to a listener; a mistake in a user interface is logged and never holds up an execution."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def execution_started(self, execution: str, name: str) -> None:
        self._tell("execution_started", execution, name)

    def execution_finished(self, execution: str, status: str, reason: str | None) -> None:
        self._tell("execution_finished", execution, status, reason)

    def step_started(self, execution: str, step: str, kind: str) -> None:
        self._tell("step_started", execution, step, kind)

    def step_finished(self, execution: str, step: str, status: str, reason: str | None) -> None:
        self._tell("step_finished", execution, step, status, reason)

    def log_line(self, execution: str, step: str, line: str) -> None:
        self._tell("log_line", execution, step, line)

    def epoch(self, execution: str, step: str, epoch: int, epochs: int | None, loss: float) -> None:
        self._tell("epoch", execution, step, epoch, epochs, loss)

    def warning(self, text: str) -> None:
        self._tell("warning", text)

    def _tell(self, name: str, *arguments: object) -> None:
        try:
            getattr(self._listener, name)(*arguments)
        except Exception:
            logging.getLogger(__name__).exception("a listener failed at %s", name)
