"""A SageMaker as small as these tests need: one pipeline, executions that are started by token."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from contracts.status import EXECUTING, PROCESSING_STEP

DEFINITION = {
    "Parameters": [
        {"Name": "ExecutionId", "Type": "String"},
        {"Name": "epochs", "Type": "Integer", "DefaultValue": 20},
        {"Name": "prediction_length", "Type": "Integer", "DefaultValue": 20},
        {"Name": "TrainingInstanceType", "Type": "String", "DefaultValue": "ml.c5.xlarge"},
        {"Name": "ModelApprovalStatus", "Type": "String", "EnumValues": ["Approved", "Rejected"]},
    ],
    "Steps": [{"Name": PROCESSING_STEP, "Arguments": {"AppSpecification": {"ImageUri": "repository:tag"}}}],
}


class _Paginator:
    """Answers in pages of one entry, so that a caller that reads only the first page is noticed."""

    def __init__(self, operation: Callable[..., dict[str, Any]]) -> None:
        self._operation = operation

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        ((member, entries),) = self._operation(**request).items()
        yield {member: []}
        for entry in entries:
            yield {member: [entry]}


class FakeSageMaker:
    def __init__(self, pipeline_arn: str) -> None:
        self.pipeline_arn = pipeline_arn
        self.definition: dict[str, Any] = json.loads(json.dumps(DEFINITION))
        self.executions: dict[str, dict[str, Any]] = {}
        self.packages: dict[str, dict[str, Any]] = {}
        self.by_token: dict[str, str] = {}
        #: Codes of the errors with which the next starts are refused, in order; an empty one lets the start pass.
        self.refusals: list[str] = []
        self.starts = 0

    def get_paginator(self, operation: str) -> _Paginator:
        return _Paginator(getattr(self, operation))

    def describe_pipeline(self, **_: object) -> dict[str, Any]:
        return {"PipelineDefinition": json.dumps(self.definition)}

    def start_pipeline_execution(self, **request: Any) -> dict[str, Any]:
        if self.refusals and (code := self.refusals.pop(0)):
            raise ClientError({"Error": {"Code": code, "Message": "refused"}}, "StartPipelineExecution")
        token = request["ClientRequestToken"]
        if token not in self.by_token:
            self.starts += 1
            arn = f"{self.pipeline_arn}/execution/{self.starts:012d}"
            self.by_token[token] = arn
            self.add(arn, request["PipelineParameters"])
        return {"PipelineExecutionArn": self.by_token[token]}

    def add(self, arn: str, parameters: list[dict[str, str]]) -> None:
        self.executions[arn] = {
            "PipelineExecutionArn": arn,
            "PipelineExecutionStatus": EXECUTING,
            "parameters": parameters,
            "steps": [],
            "LastModifiedTime": datetime(2026, 1, 1, 0, 0, 30, tzinfo=UTC),
        }

    def list_pipeline_parameters_for_execution(self, PipelineExecutionArn: str) -> dict[str, Any]:  # noqa: N803
        return {"PipelineParameters": self.executions[PipelineExecutionArn]["parameters"]}

    def describe_pipeline_definition_for_execution(self, PipelineExecutionArn: str) -> dict[str, Any]:  # noqa: N803
        if PipelineExecutionArn not in self.executions:
            raise ClientError({"Error": {"Code": "ResourceNotFound", "Message": "gone"}}, "DescribePipelineDefinition")
        return {"PipelineDefinition": json.dumps(self.definition)}

    def list_pipeline_execution_steps(self, PipelineExecutionArn: str) -> dict[str, Any]:  # noqa: N803
        return {"PipelineExecutionSteps": self.executions[PipelineExecutionArn]["steps"]}

    def describe_pipeline_execution(self, PipelineExecutionArn: str) -> dict[str, Any]:  # noqa: N803
        return self.executions[PipelineExecutionArn]

    def list_pipeline_executions(self, PipelineName: str, **_: object) -> dict[str, Any]:  # noqa: N803
        own = f":pipeline/{PipelineName}/execution/"
        return {"PipelineExecutionSummaries": [found for arn, found in self.executions.items() if own in arn]}

    def list_model_packages(self, ModelApprovalStatus: str = "", **_: object) -> dict[str, Any]:  # noqa: N803
        found = [one for one in self.packages.values() if ModelApprovalStatus in ("", one["ModelApprovalStatus"])]
        return {"ModelPackageSummaryList": found}

    def describe_model_package(self, ModelPackageName: str) -> dict[str, Any]:  # noqa: N803
        return self.packages[ModelPackageName]
