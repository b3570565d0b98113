"""What a report is made of, and how it is read from a stack."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from contracts.forecasts import ForecastReport
from contracts.layout import ExecutionLayout
from contracts.problems import one_problem
from contracts.snapshot import from_attribute
from contracts.status import STEPS
from contracts.tables import ExecutionAttribute, StepKey
from runs.stack import Stack

_ABSENT = ("404", "NoSuchKey")


@dataclass(frozen=True)
class Step:
    """One step of the pipeline; times are None where it never began, or has not ended."""

    name: str
    status: str
    started: datetime | None = None
    ended: datetime | None = None
    attempt: int = 1
    reason: str = ""

    @property
    def seconds(self) -> float | None:
        return (self.ended - self.started).total_seconds() if self.started and self.ended else None


@dataclass(frozen=True)
class ReportBundle:
    """Everything a report shows. What an execution never wrote is None or empty, and the report says so.

    ``parameters`` are all that the execution ran with, ``passed`` the names of those that its start set.
    """

    execution_id: str
    item: Mapping[str, Any]
    template: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    passed: frozenset[str] = frozenset()
    assets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    forecasts: ForecastReport | None = None
    importance: Mapping[str, Any] | None = None
    gate: Mapping[str, Any] | None = None

    @classmethod
    def of_item(
        cls,
        item: Mapping[str, Any],
        forecasts: ForecastReport | None = None,
        importance: Mapping[str, Any] | None = None,
        gate: Mapping[str, Any] | None = None,
        defaults: Mapping[str, str] | None = None,
    ) -> ReportBundle:
        """From the execution item, the evaluation files and the pipeline's defaults.

        An item without a snapshot was started elsewhere: what was passed there is not known, so no parameter is claimed.
        """
        text = item.get(ExecutionAttribute.SNAPSHOT)
        snapshot = from_attribute(text) if isinstance(text, str) else {}
        passed = snapshot.get("Parameters", {})
        return cls(
            execution_id=str(item[ExecutionAttribute.ID]),
            item={name: value for name, value in item.items() if name != ExecutionAttribute.SNAPSHOT},
            template=snapshot.get("Template", {}),
            parameters={**(defaults or {}), **passed} if snapshot else {},
            passed=frozenset(passed),
            assets=snapshot.get("Assets", {}),
            steps=_steps(item.get(ExecutionAttribute.STEPS) or {}),
            forecasts=forecasts,
            importance=importance,
            gate=gate,
        )


def collect_bundle(stack: Stack, execution_id: str) -> ReportBundle:
    """Read an execution's item and evaluation files.

    Raises :class:`~contracts.problems.ProblemsError` where there is no such execution; files that it never wrote are left out.
    """
    layout = ExecutionLayout(execution_id)
    table = stack.dynamodb.Table(stack.outputs.execution_table)
    item = table.get_item(Key={ExecutionAttribute.ID: execution_id}, ConsistentRead=True).get("Item")
    if item is None:
        raise one_problem("execution", "execution id", execution_id, "not found; see `runs list`")
    return ReportBundle.of_item(
        item,
        forecasts=_json(stack, layout.forecasts),
        importance=_json(stack, f"{layout.evaluation}/importance.json"),
        gate=_json(stack, layout.gate_json),
        defaults=_defaults(stack, item.get(ExecutionAttribute.PIPELINE_EXECUTION_ARN)),
    )


def _defaults(stack: Stack, pipeline_execution_arn: str | None) -> dict[str, str]:
    """Default values of the definition that this execution ran, whatever the pipeline has today. Empty before a start."""
    if pipeline_execution_arn is None:
        return {}
    request = {"PipelineExecutionArn": pipeline_execution_arn}
    try:
        answer = stack.sagemaker.describe_pipeline_definition_for_execution(**request)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("ResourceNotFound", "ResourceNotFoundException"):
            return {}  # the pipeline was deleted, and its executions with it
        raise
    parameters = json.loads(answer["PipelineDefinition"]).get("Parameters", [])
    return {item["Name"]: str(item["DefaultValue"]) for item in parameters if "DefaultValue" in item}


def _json(stack: Stack, key: str) -> Any:
    """An object's JSON, or None where there is none."""
    try:
        body = stack.s3.get_object(Bucket=stack.outputs.models_bucket, Key=key)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] in _ABSENT:
            return None
        raise
    return json.loads(body)


def _steps(records: Mapping[str, Mapping[str, Any]]) -> tuple[Step, ...]:
    """In the pipeline's order; steps that this program does not know come last."""
    order = {name: position for position, name in enumerate(STEPS)}
    names = sorted(records, key=lambda name: (order.get(name, len(order)), name))
    return tuple(_step(name, records[name]) for name in names)


def _step(name: str, record: Mapping[str, Any]) -> Step:
    return Step(
        name=name,
        status=str(record.get(StepKey.STATUS, "")),
        started=_moment(record.get(StepKey.STARTED_AT)),
        ended=_moment(record.get(StepKey.ENDED_AT)),
        attempt=int(record.get(StepKey.ATTEMPT) or 1),
        reason=str(record.get(StepKey.FAILURE_REASON) or ""),
    )


def _moment(text: object) -> datetime | None:
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if isinstance(text, str) and text else None
