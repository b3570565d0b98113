"""The SageMaker operations that the emulator answers itself, by name. moto answers all others."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from contracts.status import FAILED, STOPPED
from local_run.emulator.access import PIPELINE_ACTOR
from local_run.emulator.pipelines.api.paging import page
from local_run.emulator.pipelines.engine.runner import Runner
from local_run.emulator.pipelines.errors import conflict, not_found, validation
from local_run.emulator.pipelines.language.definition import Definition, parse_definition
from local_run.emulator.pipelines.language.parameters import apply_parameters
from local_run.emulator.pipelines.records.jobs import IN_PROGRESS, JOB_STOPPING, PROCESSING_JOB, TRAINING_JOB, TRANSFORM_JOB
from local_run.emulator.pipelines.records.shapes import request_problems
from local_run.emulator.pipelines.records.state import Execution, ExecutionStore, api_time, random_id
from local_run.emulator.pipelines.steps.context import Services

Request = Mapping[str, Any]
Response = dict[str, Any]

#: Default number of steps of an execution that run at the same time.
DEFAULT_PARALLEL = 50


class PipelineApi:
    """Operations on executions. Thread safe; every method takes a request and returns a response or raises ApiError."""

    def __init__(self, services: Services, store: ExecutionStore, runner: Runner) -> None:
        self._services = services
        self._store = store
        self._runner = runner

    def operations(self) -> dict[str, Callable[[Request], Response]]:
        return {
            "StartPipelineExecution": self.start,
            "DescribePipelineExecution": lambda request: self._execution(request).described(),
            "ListPipelineExecutions": self.list_executions,
            "ListPipelineExecutionSteps": self.list_steps,
            "StopPipelineExecution": self.stop,
            "RetryPipelineExecution": self.retry,
            "UpdatePipelineExecution": self.update,
            "DescribePipelineDefinitionForExecution": self.describe_definition,
            "ListPipelineParametersForExecution": self.list_parameters,
        }

    def start(self, request: Request) -> Response:
        """Start an execution, or return the one that this token has already started."""
        check("StartPipelineExecution", request)
        for name in ("SelectiveExecutionConfig", "PipelineVersionId", "PipelineVersionAlias"):
            if name in request:
                raise validation(f"{name} is not supported by the embedded default")
        pipeline = self._pipeline(request["PipelineName"])
        definition = parse_definition(pipeline["PipelineDefinition"])
        given = [dict(item) for item in request.get("PipelineParameters") or ()]
        values = apply_parameters(definition, given)
        with self._store.lock:
            present = self._store.by_token(pipeline["PipelineName"], request["ClientRequestToken"])
            if present is not None:
                return _same_start(present, given)
            execution = _execution(request, pipeline, definition, given, values)
            self._store.add(execution)
        self._runner.launch(execution)
        return {"PipelineExecutionArn": execution.arn}

    def list_executions(self, request: Request) -> Response:
        check("ListPipelineExecutions", request)
        pipeline = self._pipeline(request["PipelineName"])
        items = [item.summary() for item in self._store.of_pipeline(pipeline["PipelineName"])]
        after, before = request.get("CreatedAfter", 0), request.get("CreatedBefore", math.inf)
        items = [item for item in items if after < item["StartTime"] < before]
        key = "PipelineExecutionArn" if request.get("SortBy") == "PipelineExecutionArn" else "StartTime"
        items.sort(key=lambda item: item[key], reverse=request.get("SortOrder", "Descending") == "Descending")
        return page(items, request, "PipelineExecutionSummaries")

    def list_steps(self, request: Request) -> Response:
        execution = self._execution(request)
        with execution.changed:
            runs = sorted(execution.steps.values(), key=lambda run: run.started)
            items = [run.described() for run in runs]
        if request.get("SortOrder", "Descending") == "Descending":
            items.reverse()
        return page(items, request, "PipelineExecutionSteps")

    def stop(self, request: Request) -> Response:
        execution = self._execution(request)
        if execution.finished:
            raise conflict(f"Pipeline execution with ARN {execution.arn} status {execution.status} cannot be stopped.")
        self._runner.stop(execution)
        return {"PipelineExecutionArn": execution.arn}

    def retry(self, request: Request) -> Response:
        """Run a failed or stopped execution again from its unfinished steps, under the same ARN and parameters."""
        execution = self._execution(request)
        check("RetryPipelineExecution", request)
        with execution.changed:
            if execution.status not in (FAILED, STOPPED):
                message = f"Pipeline execution with ARN {execution.arn} status {execution.status} cannot be retried."
                raise conflict(f"{message} Only Failed and Stopped executions can.")
            previous = execution.status
            execution.stop.clear()
            execution.forget_unfinished_steps()
            self._set_parallelism(execution, request)
            self._runner.launch(execution, previous)
        return {"PipelineExecutionArn": execution.arn}

    def forget(self, name: str) -> None:
        """Stop and remove the executions of a deleted pipeline."""
        for execution in self._store.forget(name):
            self._runner.stop(execution)

    def last_run(self, name: str) -> float | None:
        """Return the time of the pipeline's last start; None if it was never started."""
        return max((api_time(item.created) for item in self._store.of_pipeline(name)), default=None)

    def update(self, request: Request) -> Response:
        execution = self._execution(request)
        check("UpdatePipelineExecution", request)
        with execution.changed:
            execution.description = request.get("PipelineExecutionDescription", execution.description)
            execution.display_name = request.get("PipelineExecutionDisplayName", execution.display_name)
            self._set_parallelism(execution, request)
            execution.changed.notify_all()
        return {"PipelineExecutionArn": execution.arn}

    def describe_definition(self, request: Request) -> Response:
        execution = self._execution(request)
        return {"PipelineDefinition": execution.definition_text, "CreationTime": api_time(execution.created)}

    def list_parameters(self, request: Request) -> Response:
        return page(list(self._execution(request).given), request, "PipelineParameters")

    def _execution(self, request: Request) -> Execution:
        arn = request.get("PipelineExecutionArn")
        if not isinstance(arn, str):
            raise validation("PipelineExecutionArn is required")
        return self._store.get(arn)

    def _pipeline(self, name_or_arn: str) -> Mapping[str, Any]:
        """Return the response of DescribePipeline."""
        name = pipeline_name(name_or_arn)
        client = self._services.aws.client("sagemaker", PIPELINE_ACTOR)
        try:
            described: Mapping[str, Any] = client.describe_pipeline(PipelineName=name)
        except ClientError as error:
            raise not_found(f"Pipeline '{name}' does not exist.") from error
        return described

    @staticmethod
    def _set_parallelism(execution: Execution, request: Request) -> None:
        if request.get("ParallelismConfiguration"):
            execution.parallelism = request["ParallelismConfiguration"]
            execution.max_parallel = request["ParallelismConfiguration"]["MaxParallelExecutionSteps"]


class JobApi:
    """Describe, List and Stop of the jobs of this emulator; None for other jobs."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def describe(self, kind: str, request: Request) -> Response | None:
        job = self._services.jobs.find(kind, str(request.get(f"{kind}JobName")))
        return None if job is None else job.described()

    def stop(self, kind: str, request: Request) -> Response | None:
        job = self._services.jobs.find(kind, str(request.get(f"{kind}JobName")))
        if job is None:
            return None
        if job.status not in (IN_PROGRESS, JOB_STOPPING):
            raise validation(f"The request was rejected because the {kind.lower()} job is in status {job.status}.")
        job.stop.set()
        return {}

    def list(self, kind: str, request: Request, others: list[dict[str, Any]]) -> Response:
        """Return the emulator's jobs and moto's ``others``, filtered and sorted according to the request."""
        check(f"List{kind}Jobs", request)
        items = [job.summary() for job in self._services.jobs.of_kind(kind)]
        known = {item[f"{kind}JobName"] for item in items}
        items += [item for item in others if item[f"{kind}JobName"] not in known]
        wanted, status = request.get("NameContains", ""), request.get("StatusEquals")
        items = [item for item in items if wanted in item[f"{kind}JobName"]]
        items = [item for item in items if status is None or item[f"{kind}JobStatus"] == status]
        for member in ("CreationTime", "LastModifiedTime"):
            after, before = request.get(f"{member}After", 0), request.get(f"{member}Before", math.inf)
            items = [item for item in items if after < item[member] < before]
        key = {"Name": f"{kind}JobName", "Status": f"{kind}JobStatus"}.get(request.get("SortBy", ""), "CreationTime")
        items.sort(key=lambda item: item[key], reverse=request.get("SortOrder", "Descending") == "Descending")
        return page(items, request, f"{kind}JobSummaries")


JOB_KINDS = (PROCESSING_JOB, TRAINING_JOB, TRANSFORM_JOB)


def check(operation: str, request: Request) -> None:
    """Raise one ValidationException with all violations of the operation's shape."""
    problems = request_problems(operation, request)
    if problems:
        raise validation(f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected: {'; '.join(problems)}")


def pipeline_name(name_or_arn: str) -> str:
    """Return the pipeline's name, given its name or ARN."""
    return name_or_arn.rpartition(":pipeline/")[2] if name_or_arn.startswith("arn:") else name_or_arn


def _execution(
    request: Request,
    pipeline: Mapping[str, Any],
    definition: Definition,
    given: list[dict[str, str]],
    values: Mapping[str, Any],
) -> Execution:
    """Return a new execution of the current definition, which later changes do not affect."""
    identity = random_id()
    parallelism = request.get("ParallelismConfiguration") or pipeline.get("ParallelismConfiguration")
    return Execution(
        arn=f"{pipeline['PipelineArn']}/execution/{identity}",
        pipeline_name=pipeline["PipelineName"],
        pipeline_arn=pipeline["PipelineArn"],
        definition_text=pipeline["PipelineDefinition"],
        definition=definition,
        given=given,
        values=values,
        token=request["ClientRequestToken"],
        max_parallel=(parallelism or {}).get("MaxParallelExecutionSteps", DEFAULT_PARALLEL),
        display_name=request.get("PipelineExecutionDisplayName") or f"execution-{identity}",
        description=request.get("PipelineExecutionDescription"),
        role_arn=request.get("RoleArn") or pipeline.get("RoleArn"),
        parallelism=parallelism,
    )


def _same_start(present: Execution, given: list[dict[str, str]]) -> Response:
    """Return the execution that a token has already started. Other parameters are a conflict."""
    if _fingerprint(present.given) != _fingerprint(given):
        raise conflict(f"ClientRequestToken was used for {present.arn} with other parameters.")
    return {"PipelineExecutionArn": present.arn}


def _fingerprint(given: list[dict[str, str]]) -> str:
    ordered = sorted(given, key=lambda item: item["Name"])
    return hashlib.sha256(json.dumps(ordered, sort_keys=True).encode()).hexdigest()
