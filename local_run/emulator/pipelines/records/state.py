"""Executions and their steps, in the form of API responses. The execution's lock guards its mutable state."""

from __future__ import annotations

import secrets
import string
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from contracts.status import EXECUTING, FAILED, STARTING, SUCCEEDED, is_terminal
from local_run.emulator.pipelines.errors import not_found
from local_run.emulator.pipelines.language.definition import Definition, Step

_ID_ALPHABET = string.ascii_lowercase + string.digits


def now() -> datetime:
    return datetime.now(UTC)


def random_id(length: int = 12) -> str:
    """Return random lower-case letters and digits, like SageMaker's execution ids."""
    return "".join(secrets.choice(_ID_ALPHABET) for _ in range(length))


def api_time(moment: datetime) -> float:
    """Return a time in the JSON protocol's form: seconds since the epoch."""
    return moment.timestamp()


@dataclass
class StepRun:
    """A step that was started. ``properties`` is what ``Get Steps.<name>.…`` reads once it has succeeded."""

    step: Step
    status: str = STARTING
    started: datetime = field(default_factory=now)
    ended: datetime | None = None
    attempts: int = 0
    failure_reason: str | None = None
    metadata: dict[str, dict[str, str]] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)

    def described(self) -> dict[str, Any]:
        """Return the step's entry in ListPipelineExecutionSteps."""
        shown: dict[str, Any] = {
            "StepName": self.step.name,
            "StepDisplayName": self.step.display_name,
            "StepDescription": self.step.description,
            "StartTime": api_time(self.started),
            "EndTime": api_time(self.ended) if self.ended else None,
            "StepStatus": self.status,
            "FailureReason": self.failure_reason,
            "Metadata": self.metadata or None,
            "AttemptCount": self.attempts,
        }
        return {key: value for key, value in shown.items() if value is not None}


@dataclass
class Execution:
    """One pipeline execution: its start request, its definition and its progress."""

    arn: str
    pipeline_name: str
    pipeline_arn: str
    definition_text: str
    definition: Definition
    given: list[dict[str, str]]
    values: Mapping[str, Any]
    token: str
    max_parallel: int
    display_name: str
    description: str | None = None
    role_arn: str | None = None
    parallelism: Mapping[str, int] | None = None
    status: str = EXECUTING
    failure_reason: str | None = None
    created: datetime = field(default_factory=now)
    modified: datetime = field(default_factory=now)
    ended: datetime | None = None
    steps: dict[str, StepRun] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)
    changed: threading.Condition = field(default_factory=lambda: threading.Condition(threading.RLock()))

    @property
    def id(self) -> str:
        return self.arn.rsplit("/", 1)[1]

    @property
    def finished(self) -> bool:
        return is_terminal(self.status)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end. Returns False after ``timeout`` seconds."""
        with self.changed:
            return self.changed.wait_for(lambda: self.finished, timeout)

    def variable(self, name: str) -> str | None:
        """Return the value of an execution variable; None if it does not exist."""
        return {
            "PipelineName": self.pipeline_name,
            "PipelineArn": self.pipeline_arn,
            "PipelineExecutionId": self.id,
            "PipelineExecutionArn": self.arn,
            "StartDateTime": self.created.isoformat(timespec="milliseconds"),
            "CurrentDateTime": now().isoformat(timespec="milliseconds"),
        }.get(name)

    def forget_unfinished_steps(self) -> None:
        """Prepare a retry: keep successful steps, and run all others again with the next attempt number."""
        self.steps = {name: run for name, run in self.steps.items() if run.status == SUCCEEDED}

    def described(self) -> dict[str, Any]:
        """Return the response of DescribePipelineExecution."""
        shown = {
            "PipelineArn": self.pipeline_arn,
            "PipelineExecutionArn": self.arn,
            "PipelineExecutionDisplayName": self.display_name,
            "PipelineExecutionStatus": self.status,
            "PipelineExecutionDescription": self.description,
            "FailureReason": self.failure_reason,
            "CreationTime": api_time(self.created),
            "LastModifiedTime": api_time(self.modified),
            "ParallelismConfiguration": self.parallelism,
            "RoleArn": self.role_arn,
        }
        return {key: value for key, value in shown.items() if value is not None}

    def summary(self) -> dict[str, Any]:
        """Return the execution's entry in ListPipelineExecutions."""
        shown = {
            "PipelineExecutionArn": self.arn,
            "StartTime": api_time(self.created),
            "PipelineExecutionStatus": self.status,
            "PipelineExecutionDescription": self.description,
            "PipelineExecutionDisplayName": self.display_name,
            "PipelineExecutionFailureReason": self.failure_reason,
        }
        return {key: value for key, value in shown.items() if value is not None}

    def has_failed_step(self) -> bool:
        return any(run.status == FAILED for run in self.steps.values())


class ExecutionStore:
    """All executions of one emulator."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._executions: dict[str, Execution] = {}
        self._tokens: dict[tuple[str, str], Execution] = {}

    def add(self, execution: Execution) -> None:
        with self.lock:
            self._executions[execution.arn] = execution
            self._tokens[(execution.pipeline_name, execution.token)] = execution

    def by_token(self, pipeline_name: str, token: str) -> Execution | None:
        with self.lock:
            return self._tokens.get((pipeline_name, token))

    def get(self, arn: str) -> Execution:
        """Return the execution; raises ApiError (ResourceNotFound) if it does not exist."""
        with self.lock:
            execution = self._executions.get(arn)
        if execution is None:
            raise not_found(f"Pipeline execution with ARN '{arn}' not found.")
        return execution

    def forget(self, pipeline_name: str) -> list[Execution]:
        """Remove all executions of a deleted pipeline, and return them."""
        with self.lock:
            gone = self.of_pipeline(pipeline_name)
            self._executions = {arn: item for arn, item in self._executions.items() if item.pipeline_name != pipeline_name}
            self._tokens = {key: item for key, item in self._tokens.items() if item.pipeline_name != pipeline_name}
        return gone

    def of_pipeline(self, pipeline_name: str) -> list[Execution]:
        with self.lock:
            return [item for item in self._executions.values() if item.pipeline_name == pipeline_name]

    def __iter__(self) -> Iterator[Execution]:
        with self.lock:
            return iter(list(self._executions.values()))
