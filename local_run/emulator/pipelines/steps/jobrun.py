"""Runs the jobs of processing, training and transform steps: waits for a slot, creates a folder, and watches the container."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from local_run.emulator.log_stream import LogStream
from local_run.emulator.pipelines.errors import JOB_INTERNAL_ERROR, StepFailedError, StepStoppedError
from local_run.emulator.pipelines.records.jobs import JOB_FAILED, JOB_STOPPED, JOB_STOPPING, Job
from local_run.emulator.pipelines.records.state import now
from local_run.emulator.pipelines.steps.context import StepContext
from local_run.emulator.processes import LineSink, OwnedProcess
from local_run.emulator.progress import LogLine

POLL_SECONDS = 0.2
MESSAGE_CHARS = 1024


@contextmanager
def running_job(context: StepContext, job: Job) -> Iterator[Path]:
    """Take a slot and create a folder for the job. Afterwards, finish the job's record and remove the folder."""
    root: Path | None = None
    slots = context.services.slots
    try:
        _wait_for_slot(context, job)
        try:
            _injected_fault(context)
            root = Path(tempfile.mkdtemp(prefix=f"{job.name}-", dir=context.services.options.work_directory))
            job.started = now()
            yield root
        finally:
            slots.release()
    except StepStoppedError:
        job.finish(JOB_STOPPED)
        raise
    except StepFailedError as error:
        if job.ended is None:
            job.finish(JOB_FAILED, error.reason.removeprefix("ClientError: "))
        raise
    except Exception as error:
        job.finish(JOB_FAILED, f"InternalServerError: {error}")
        raise
    finally:
        if root is not None:
            shutil.rmtree(root, ignore_errors=True)


@dataclass(frozen=True)
class JobLog:
    """Where the lines of a job's container go: the actor of the job's role writes them to this CloudWatch log group."""

    actor: str
    group: str


@contextmanager
def running_container(
    context: StepContext, job: Job, start: Callable[[LineSink], OwnedProcess], on_line: LineSink, log: JobLog
) -> Iterator[OwnedProcess]:
    """Start a container, and end it after the block.

    Its lines go to CloudWatch, to the progress callback and to ``on_line``.
    """
    logs = context.client("logs", log.actor)
    stream = LogStream(logs, log.group, f"{job.name}/algo-1-{int(time.time())}", context.services.warn)

    def forward(line: str) -> None:
        stream.write(line)
        context.services.report(LogLine(context.execution.arn, context.run.step.name, line))
        on_line(line)

    try:
        process = start(forward)
    except OSError as error:
        raise StepFailedError(f"ClientError: InternalServerError: {error}", JOB_INTERNAL_ERROR) from error
    try:
        yield process
    finally:
        process.end(context.services.options.stop_grace_seconds)
        stream.flush()


def run_container(
    context: StepContext, job: Job, start: Callable[[LineSink], OwnedProcess], on_line: LineSink, log: JobLog
) -> int:
    """Run a container to its end and return its exit code; see :func:`running_container`."""
    with running_container(context, job, start, on_line, log) as process:
        return _watch(context, job, process)


def _watch(context: StepContext, job: Job, process: OwnedProcess) -> int:
    limit = _runtime_limit(job)
    deadline = time.monotonic() + limit
    while (code := process.wait(POLL_SECONDS)) is None:
        if is_stopping(context, job):
            job.status = JOB_STOPPING
            process.end(context.services.options.stop_grace_seconds)
            raise_stopped(context, job)
        if time.monotonic() > deadline:
            job.status = JOB_STOPPING
            process.end(context.services.options.stop_grace_seconds)
            job.finish(JOB_STOPPED, f"MaxRuntimeExceeded: the job ran longer than {limit:g} seconds")
            raise StepFailedError(f"ClientError: MaxRuntimeExceeded: the job ran longer than {limit:g} seconds")
    return exit_code(code)


def is_stopping(context: StepContext, job: Job) -> bool:
    """True if somebody has stopped the execution or the job itself."""
    return context.execution.stop.is_set() or job.stop.is_set()


def raise_stopped(context: StepContext, job: Job) -> NoReturn:
    """End the step: as stopped with its execution, or as failed if only its job was stopped."""
    if context.execution.stop.is_set():
        raise StepStoppedError
    job.finish(JOB_STOPPED)
    raise StepFailedError("ClientError: the job was stopped")


def exit_code(code: int) -> int:
    """Return the exit code like a container: 128 plus the signal's number for a process that a signal ended."""
    return code if code >= 0 else 128 - code


def warn_of_instances(context: StepContext, count: int) -> None:
    if count != 1:
        name = context.run.step.name
        context.services.warn(f"step {name} requests {count} instances, but one container runs locally")


def failure_text(path: Path) -> str:
    """Return the failure reason that the container wrote, truncated like SageMaker's; empty if there is none."""
    if not path.is_file():
        return ""
    return path.read_bytes()[: MESSAGE_CHARS * 4].decode("utf-8", "replace").strip()[:MESSAGE_CHARS]


def _runtime_limit(job: Job) -> float:
    condition: dict[str, Any] = job.request.get("StoppingCondition") or {}
    return float(condition.get("MaxRuntimeInSeconds", 86_400))


def _wait_for_slot(context: StepContext, job: Job) -> None:
    while not context.services.slots.acquire(timeout=POLL_SECONDS):
        if context.execution.stop.is_set() or job.stop.is_set():
            raise StepStoppedError


def _injected_fault(context: StepContext) -> None:
    run = context.run
    kind = context.services.options.job_faults.before_start(run.step.name, run.attempts)
    if kind is not None:
        raise StepFailedError(f"ClientError: {kind}: a fault injected by the options", kind)
