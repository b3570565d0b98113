"""All changes of a status: each is recorded, announced as SageMaker's event, and reported as progress, in that order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from contracts.status import EXECUTING, is_terminal
from local_run.emulator.access import AwsAccess
from local_run.emulator.pipelines.engine.status_events import execution_event, step_event
from local_run.emulator.pipelines.records.state import Execution, StepRun, now
from local_run.emulator.progress import ExecutionFinished, ExecutionStarted, OnProgress, StepFinished, StepStarted


class Transitions:
    """Changes statuses. ``emit`` must return at once, because it is called under the execution's lock."""

    def __init__(self, aws: AwsAccess, emit: Callable[[Mapping[str, Any]], None], report: OnProgress) -> None:
        self._aws = aws
        self._emit = emit
        self._report = report

    def started(self, execution: Execution, previous: str | None = None) -> None:
        """Start the execution, for the first time, or as a retry after its ``previous`` status."""
        with execution.changed:
            execution.status, execution.ended, execution.failure_reason = EXECUTING, None, None
            execution.modified = now()
            self._emit(execution_event(self._aws, execution, previous))
            self._report(ExecutionStarted(execution.arn, execution.display_name))

    def execution(self, execution: Execution, status: str, reason: str | None = None) -> None:
        with execution.changed:
            previous, execution.status = execution.status, status
            execution.failure_reason = reason
            execution.modified = now()
            if is_terminal(status):
                execution.ended = execution.modified
            self._emit(execution_event(self._aws, execution, previous))
            if is_terminal(status):
                self._report(ExecutionFinished(execution.arn, status, reason))
            execution.changed.notify_all()

    def step_started(self, execution: Execution, run: StepRun) -> None:
        with execution.changed:
            execution.steps[run.step.name] = run
            self._emit(step_event(self._aws, execution, run, None))
            self._report(StepStarted(execution.arn, run.step.name, run.step.kind))

    def step(self, execution: Execution, run: StepRun, status: str, reason: str | None = None) -> None:
        with execution.changed:
            previous, run.status = run.status, status
            run.failure_reason = reason
            if is_terminal(status):
                run.ended = now()
            if previous != status:
                self._emit(step_event(self._aws, execution, run, previous))
            if is_terminal(status):
                self._report(StepFinished(execution.arn, run.step.name, status, reason))
            execution.changed.notify_all()
