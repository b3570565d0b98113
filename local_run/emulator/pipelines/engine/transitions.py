"""Every change of status in one place: recorded, announced as SageMaker's event, and told to the listener, in that order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from contracts.status import EXECUTING, is_terminal
from local_run.emulator.access import AwsAccess
from local_run.emulator.listener import Listener
from local_run.emulator.pipelines.engine.status_events import execution_event, step_event
from local_run.emulator.pipelines.records.state import Execution, StepRun, now


class Transitions:
    """Changes statuses. ``emit`` takes an event and must return at once: it is called under the execution's lock."""

    def __init__(self, aws: AwsAccess, emit: Callable[[Mapping[str, Any]], None], listener: Listener) -> None:
        self._aws = aws
        self._emit = emit
        self._listener = listener

    def started(self, execution: Execution, previous: str | None = None) -> None:
        """The execution begins, for the first time or (with its ``previous`` status) again."""
        with execution.changed:
            execution.status, execution.ended, execution.failure_reason = EXECUTING, None, None
            execution.modified = now()
            self._emit(execution_event(self._aws, execution, previous))
            self._listener.execution_started(execution.arn, execution.display_name)

    def execution(self, execution: Execution, status: str, reason: str | None = None) -> None:
        with execution.changed:
            previous, execution.status = execution.status, status
            execution.failure_reason = reason
            execution.modified = now()
            if is_terminal(status):
                execution.ended = execution.modified
            self._emit(execution_event(self._aws, execution, previous))
            if is_terminal(status):
                self._listener.execution_finished(execution.arn, status, reason)
            execution.changed.notify_all()

    def step_started(self, execution: Execution, run: StepRun) -> None:
        with execution.changed:
            execution.steps[run.step.name] = run
            self._emit(step_event(self._aws, execution, run, None))
            self._listener.step_started(execution.arn, run.step.name, run.step.kind)

    def step(self, execution: Execution, run: StepRun, status: str, reason: str | None = None) -> None:
        with execution.changed:
            previous, run.status = run.status, status
            run.failure_reason = reason
            if is_terminal(status):
                run.ended = now()
            if previous != status:
                self._emit(step_event(self._aws, execution, run, previous))
            if is_terminal(status):
                self._listener.step_finished(execution.arn, run.step.name, status, reason)
            execution.changed.notify_all()
