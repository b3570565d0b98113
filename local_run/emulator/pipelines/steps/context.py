"""Context of a step: its resolved arguments, AWS clients for each actor, progress, and the request to stop."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_run.emulator.access import PIPELINE_ACTOR, AwsAccess
from local_run.emulator.options import Options
from local_run.emulator.pipelines.errors import JOB_INTERNAL_ERROR, SERVICE_FAULT, THROTTLING, StepFailedError, StepStoppedError
from local_run.emulator.pipelines.language.expressions import resolve
from local_run.emulator.pipelines.records.jobs import JobStore
from local_run.emulator.pipelines.records.shapes import request_problems
from local_run.emulator.pipelines.records.state import Execution, StepRun, random_id
from local_run.emulator.pipelines.steps.container import ContainerBackend
from local_run.emulator.pipelines.steps.transfer import read_json
from local_run.emulator.progress import OnProgress, Warned

JOB_NAME_CHARS = 63


class ExecutionScope:
    """Values of references while a step of an execution runs. Property files are read from S3 once per step."""

    def __init__(self, execution: Execution, aws: AwsAccess, job_names: Mapping[str, str]) -> None:
        self._execution = execution
        self._aws = aws
        self._job_names = job_names
        self._files: dict[str, Any] = {}

    def parameter(self, name: str) -> Any:
        if name not in self._execution.values:
            raise StepFailedError(f"ClientError: parameter {name!r} is not declared")
        return self._execution.values[name]

    def execution_variable(self, name: str) -> Any:
        value = self._job_names.get(name) or self._execution.variable(name)
        if value is None:
            raise StepFailedError(f"ClientError: unknown execution variable {name!r}")
        return value

    def step_properties(self, step: str) -> Mapping[str, Any]:
        run = self._execution.steps.get(step)
        if run is None or not run.properties:
            raise StepFailedError(f"ClientError: step {step!r} has no properties: it did not run")
        return run.properties

    def property_file(self, step: str, name: str) -> Any:
        run = self._execution.steps.get(step)
        entry = run.step.property_files.get(name) if run else None
        if entry is None:
            raise StepFailedError(f"ClientError: step {step!r} has no property file {name!r}")
        outputs = self.step_properties(step)["ProcessingOutputConfig"]["Outputs"]
        output = next((item for item in outputs if item["OutputName"] == entry["OutputName"]), None)
        if output is None:
            raise StepFailedError(f"ClientError: step {step!r} has no output {entry['OutputName']!r} for {name!r}")
        return self.json_object(f"{output['S3Output']['S3Uri'].rstrip('/')}/{entry['FilePath']}")

    def json_object(self, s3_uri: str) -> Any:
        if s3_uri not in self._files:
            self._files[s3_uri] = read_json(self._aws.client("s3", PIPELINE_ACTOR), s3_uri)
        return self._files[s3_uri]


@dataclass
class Services:
    """Services that all executions of one emulator share."""

    aws: AwsAccess
    options: Options
    report: OnProgress
    jobs: JobStore
    backend: ContainerBackend
    slots: threading.BoundedSemaphore
    #: moto counts a group's versions without a lock, so two concurrent registrations would get the same version.
    registry_lock: threading.Lock = field(default_factory=threading.Lock)
    #: Parts of requests that moto does not store, by (Describe operation, ARN or name).
    supplements: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def warn(self, text: str) -> None:
        self.report(Warned(text))


@dataclass
class StepContext:
    """One attempt of one step."""

    services: Services
    execution: Execution
    run: StepRun

    def __post_init__(self) -> None:
        self.resource_name = resource_name(self.execution.id, self.run.step.name)
        names = dict.fromkeys(("ProcessingJobName", "TrainingJobName", "TransformJobName"), self.resource_name)
        self.scope = ExecutionScope(self.execution, self.services.aws, names)

    def resolved(self) -> dict[str, Any]:
        """Return the step's arguments with all expressions evaluated."""
        arguments: dict[str, Any] = resolve(self.run.step.arguments, self.scope)
        return arguments

    def client(self, service: str, actor: str) -> Any:
        return self.services.aws.client(service, actor)

    def check_request(self, operation: str, request: Mapping[str, Any]) -> None:
        """Raise StepFailedError for a request that the service would reject, with its message."""
        problems = request_problems(operation, request)
        if problems:
            reason = f"ClientError: Failed to invoke sagemaker:{operation}. Error Details: {'; '.join(problems)}"
            raise StepFailedError(reason)

    def raise_if_stopped(self) -> None:
        if self.execution.stop.is_set():
            raise StepStoppedError


def resource_name(execution_id: str, step: str) -> str:
    """Return SageMaker's name for a step's resource: ``pipelines-<execution>-<step>-<random>``, at most 63 characters."""
    head, tail = f"pipelines-{execution_id}-", f"-{random_id(10)}"
    middle = "".join(character if character.isalnum() else "-" for character in step)
    return head + middle[: JOB_NAME_CHARS - len(head) - len(tail)].strip("-") + tail


def as_step_failure(error: Exception) -> StepFailedError:
    """Return any error as a step failure with the exception type that retry policies use."""
    if isinstance(error, StepFailedError):
        return error
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
        code = error.response.get("Error", {}).get("Code", "")
        kind = THROTTLING if "Throttl" in code else SERVICE_FAULT if status >= 500 else None
        return StepFailedError(f"ClientError: {error}", kind)
    if isinstance(error, BotoCoreError):
        return StepFailedError(f"ClientError: {error}", SERVICE_FAULT)
    return StepFailedError(f"ClientError: InternalServerError: {type(error).__name__}: {error}", JOB_INTERNAL_ERROR)
