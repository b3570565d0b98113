"""The events that SageMaker sends to EventBridge when an execution or a step changes its status.

Source: SageMaker developer guide, "Automating SageMaker with Amazon EventBridge".
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any

from contracts.status import EXECUTION_EVENT, FAILED, STEP_EVENT
from local_run.emulator.access import AwsAccess
from local_run.emulator.pipelines.records.state import Execution, StepRun

Event = Mapping[str, Any]


def execution_event(aws: AwsAccess, execution: Execution, previous: str | None) -> Event:
    """Return the event of a change of an execution's status. At its start, there is no ``previous`` status."""
    detail = {
        "pipelineExecutionDisplayName": execution.display_name,
        "pipelineExecutionDescription": execution.description,
        "currentPipelineExecutionStatus": execution.status,
        "previousPipelineExecutionStatus": previous,
        "executionStartTime": _time(execution.created),
        "executionEndTime": _time(execution.ended),
        "pipelineArn": execution.pipeline_arn,
        "pipelineExecutionArn": execution.arn,
    }
    return _envelope(aws, EXECUTION_EVENT, [execution.pipeline_arn, execution.arn], detail)


def step_event(aws: AwsAccess, execution: Execution, run: StepRun, previous: str | None) -> Event:
    """The event of a step's change of status."""
    detail = {
        "metadata": {_lower(kind): {_lower(key): value for key, value in item.items()} for kind, item in run.metadata.items()},
        "stepStartTime": _time(run.started),
        "stepEndTime": _time(run.ended),
        "stepName": run.step.name,
        "stepType": run.step.kind,
        "previousStepStatus": previous,
        "currentStepStatus": run.status,
        "failureReason": run.failure_reason if run.status == FAILED else None,
        "pipelineArn": execution.pipeline_arn,
        "pipelineExecutionArn": execution.arn,
    }
    return _envelope(aws, STEP_EVENT, [execution.pipeline_arn, execution.arn], detail)


def _envelope(aws: AwsAccess, detail_type: str, resources: list[str], detail: Mapping[str, Any]) -> Event:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": "aws.sagemaker",
        "account": aws.account_id,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "region": aws.region,
        "resources": resources,
        "detail": {key: value for key, value in detail.items() if value is not None},
    }


def _time(moment: Any) -> str | None:
    return None if moment is None else str(moment.strftime("%Y-%m-%dT%H:%M:%SZ"))


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]
