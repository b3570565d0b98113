"""Runs executions: each in its own thread. Steps run in the order of their dependencies, or in parallel."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Mapping

from contracts.status import EXECUTING, FAILED, STOPPED, STOPPING, SUCCEEDED, is_terminal
from local_run.emulator.pipelines.engine.transitions import Transitions
from local_run.emulator.pipelines.errors import StepFailedError, StepStoppedError
from local_run.emulator.pipelines.language.conditions import all_hold
from local_run.emulator.pipelines.language.definition import (
    CONDITION,
    FAIL,
    MODEL,
    PROCESSING,
    REGISTER,
    TRAINING,
    TRANSFORM,
    Step,
)
from local_run.emulator.pipelines.language.expressions import as_text, resolve
from local_run.emulator.pipelines.language.retries import RetryPolicy, RetryState
from local_run.emulator.pipelines.records.state import Execution, StepRun
from local_run.emulator.pipelines.steps.context import Services, StepContext, as_step_failure
from local_run.emulator.pipelines.steps.processing import run_processing
from local_run.emulator.pipelines.steps.registry import run_create_model, run_register_model
from local_run.emulator.pipelines.steps.training import run_training
from local_run.emulator.pipelines.steps.transform import run_transform

#: SageMaker's message; the failed step has the reason.
EXECUTION_FAILED = "Step failure: One or multiple steps failed."


def run_condition(context: StepContext) -> None:
    """Evaluate the step's conditions; the outcome decides which branch's steps may start."""
    outcome = all_hold(context.run.step.arguments["Conditions"], lambda value: resolve(value, context.scope))
    context.run.metadata = {"Condition": {"Outcome": "True" if outcome else "False"}}
    context.run.properties = {"Outcome": "True" if outcome else "False"}


def run_fail(context: StepContext) -> None:
    """End the execution with the Fail step's message."""
    message = as_text(resolve(context.run.step.arguments.get("ErrorMessage", ""), context.scope))
    context.run.metadata = {"Fail": {"ErrorMessage": message}}
    raise StepFailedError(message)


EXECUTORS: Mapping[str, Callable[[StepContext], None]] = {
    PROCESSING: run_processing,
    TRAINING: run_training,
    TRANSFORM: run_transform,
    CONDITION: run_condition,
    MODEL: run_create_model,
    REGISTER: run_register_model,
    FAIL: run_fail,
}


class Runner:
    """Starts executions and ends them all on :meth:`close`."""

    def __init__(self, services: Services, transitions: Transitions) -> None:
        self._services = services
        self._transitions = transitions
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._closed = False

    def launch(self, execution: Execution, previous: str | None = None) -> None:
        """Run the execution in the background; ``previous`` is its status before a retry."""
        self._transitions.started(execution, previous)
        self._spawn(f"execution-{execution.id}", lambda: self._drive(execution))

    def close(self) -> None:
        """Wait until all threads have ended. The caller stops the executions first."""
        while True:
            with self._lock:
                alive = [thread for thread in self._threads if thread.is_alive()]
                self._closed = not alive
            if not alive:
                return
            for thread in alive:
                thread.join()

    def _spawn(self, name: str, target: Callable[[], None]) -> None:
        with self._lock:
            if self._closed:
                raise RuntimeError("the runner is closed")
            thread = threading.Thread(target=target, name=name, daemon=True)
            self._threads = [item for item in self._threads if item.is_alive()]
            thread.start()
            self._threads.append(thread)

    def _drive(self, execution: Execution) -> None:
        with execution.changed:
            while True:
                running = [run for run in execution.steps.values() if not is_terminal(run.status)]
                ready = [] if execution.stop.is_set() or execution.has_failed_step() else _ready(execution)
                for step in ready[: max(0, execution.max_parallel - len(running))]:
                    run = StepRun(step, attempts=execution.attempts.get(step.name, 0))
                    self._transitions.step_started(execution, run)
                    running.append(run)
                    self._spawn(f"step-{step.name}", functools.partial(self._run_step, execution, run))
                if not running:
                    break
                execution.changed.wait()
        self._finish(execution)

    def _finish(self, execution: Execution) -> None:
        if execution.stop.is_set():
            self._transitions.execution(execution, STOPPED)
        elif execution.has_failed_step():
            self._transitions.execution(execution, FAILED, EXECUTION_FAILED)
        else:
            self._transitions.execution(execution, SUCCEEDED)

    def _run_step(self, execution: Execution, run: StepRun) -> None:
        retries = RetryState([RetryPolicy.parse(item) for item in run.step.retry_policies])
        begun = time.monotonic()
        while True:
            try:
                self._attempt(execution, run)
                return self._transitions.step(execution, run, SUCCEEDED)
            except StepStoppedError:
                return self._transitions.step(execution, run, STOPPED)
            except StepFailedError as error:
                scale = self._services.options.time_scale or 1
                delay = retries.delay(error.kind, (time.monotonic() - begun) / scale)
                if delay is None:
                    return self._transitions.step(execution, run, FAILED, error.reason)
                if execution.stop.wait(self._services.options.scaled(delay)):
                    return self._transitions.step(execution, run, STOPPED)

    def _attempt(self, execution: Execution, run: StepRun) -> None:
        """Run one attempt. Every error, including those of the emulator, fails the step but never the thread."""
        with execution.changed:
            run.attempts += 1
            execution.attempts[run.step.name] = run.attempts
            if not execution.stop.is_set():
                self._transitions.step(execution, run, EXECUTING)
        context = StepContext(self._services, execution, run)
        try:
            context.raise_if_stopped()
            EXECUTORS[run.step.kind](context)
        except StepStoppedError:
            raise
        except Exception as error:
            raise as_step_failure(error) from error

    def stop(self, execution: Execution) -> None:
        """Stop the execution: start no further step, and end running steps."""
        with execution.changed:
            if execution.finished or execution.stop.is_set():
                return
            execution.stop.set()
            self._transitions.execution(execution, STOPPING)
            for run in execution.steps.values():
                if not is_terminal(run.status):
                    self._transitions.step(execution, run, STOPPING)
            execution.changed.notify_all()


def _ready(execution: Execution) -> list[Step]:
    """Return the steps that can start: all predecessors succeeded, and their branch was taken."""
    return [
        step
        for step in execution.definition.steps.values()
        if step.name not in execution.steps
        and all(_succeeded(execution, name) for name in step.waits_for)
        and (step.guard is None or _outcome(execution, step.guard.condition) == str(step.guard.branch))
    ]


def _succeeded(execution: Execution, name: str) -> bool:
    run = execution.steps.get(name)
    return run is not None and run.status == SUCCEEDED


def _outcome(execution: Execution, condition: str) -> str:
    return str(execution.steps[condition].properties.get("Outcome"))
