"""The data of a report, read from a stack."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from botocore.exceptions import ClientError

from contracts.forecasts import ForecastReport
from contracts.ids import ablation_id
from contracts.layout import CALIBRATION_FILE, CHAMPION_FILE, IMPORTANCE_FILE, ExecutionLayout
from contracts.problems import one_problem
from contracts.status import FORECAST, FORECAST_STEP, PREPARE_STEP, PUBLISH_STEP, PUBLISHED, STEPS
from contracts.tables import ExecutionAttribute, StepKey
from contracts.times import stored_time
from runs.ablation import wants_ablation
from runs.aws_errors import code_of, is_forbidden, is_missing_object
from runs.forecasting import forecast_model, forecasts_of
from runs.report.coming import ComingForecast, coming_forecast, is_coming_forecast
from runs.report.stored import (
    is_baselines,
    is_calibration,
    is_champion,
    is_forecast_report,
    is_gate,
    is_importance,
    is_scores,
    snapshot_of,
)
from runs.stack import Stack


@dataclass(frozen=True)
class Step:
    """One step of the pipeline; ``started`` and ``ended`` are None if it has not started or ended."""

    name: str
    status: str
    started: datetime | None = None
    ended: datetime | None = None
    attempt: int = 1
    reason: str = ""

    @property
    def seconds(self) -> float | None:
        """Duration in seconds; None if the step has not ended."""
        return (self.ended - self.started).total_seconds() if self.started and self.ended else None


@dataclass(frozen=True)
class Files:
    """The files of an execution that a report shows. One that was not written, or cannot be used, is None."""

    forecasts: ForecastReport | None = None
    scores: Mapping[str, Any] | None = None
    baselines: Mapping[str, Any] | None = None
    calibration: Mapping[str, Any] | None = None
    gate: Mapping[str, Any] | None = None
    champion: Mapping[str, Any] | None = None
    ablation: Mapping[str, Any] | None = None
    importance: Mapping[str, Any] | None = None
    coming: Mapping[str, Any] | None = None


_CHECKS: Mapping[str, Callable[[object], bool]] = {
    "forecasts": is_forecast_report,
    "scores": is_scores,
    "baselines": is_baselines,
    "calibration": is_calibration,
    "gate": is_gate,
    "champion": is_champion,
    "ablation": is_scores,
    "importance": is_importance,
    "coming": is_coming_forecast,
}


def file_keys(layout: ExecutionLayout) -> dict[str, str]:
    """Return the key of each file in :class:`Files`, in the models bucket."""
    return {
        "forecasts": layout.forecasts,
        "scores": layout.scores,
        "baselines": f"{layout.evaluation}/baselines.json",
        "calibration": f"{layout.evaluation}/{CALIBRATION_FILE}",
        "gate": layout.gate_json,
        "champion": f"{layout.evaluation}/{CHAMPION_FILE}",
        "importance": f"{layout.evaluation}/{IMPORTANCE_FILE}",
        "coming": layout.forecast_json,
    }


@dataclass(frozen=True)
class ReportBundle:
    """Everything that a report shows.

    ``parameters``: all parameters of the execution. ``passed``: names of those that its start set. ``problems``: stored data
    that cannot be used, and are left out.
    """

    execution_id: str
    item: Mapping[str, Any]
    template: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    passed: frozenset[str] = frozenset()
    assets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    image: str = ""
    definition: str = ""
    steps: tuple[Step, ...] = ()
    files: Files = field(default_factory=Files)
    problems: tuple[str, ...] = ()

    @classmethod
    def of_item(
        cls,
        item: Mapping[str, Any],
        files: Files | None = None,
        defaults: Mapping[str, str] | None = None,
        problems: Sequence[str] = (),
    ) -> ReportBundle:
        """Return the bundle of an execution item, its files and the pipeline's defaults.

        An item without a snapshot was started elsewhere, so its parameters are unknown and none is shown.
        """
        snapshot, fixed = snapshot_of(item.get(ExecutionAttribute.SNAPSHOT))
        noted = item.get(ExecutionAttribute.PROBLEMS)
        passed = snapshot.get("Parameters", {})
        return cls(
            execution_id=str(item[ExecutionAttribute.ID]),
            item={name: value for name, value in item.items() if name != ExecutionAttribute.SNAPSHOT},
            template=snapshot.get("Template", {}),
            parameters={**(defaults or {}), **passed} if snapshot else {},
            passed=frozenset(passed),
            assets=snapshot.get("Assets", {}),
            image=fixed.get("ImageUri", ""),
            definition=fixed.get("DefinitionDigest", ""),
            steps=_steps(item.get(ExecutionAttribute.STEPS)),
            files=files or Files(),
            problems=(*(map(str, noted) if isinstance(noted, list) else ()), *problems),
        )

    @property
    def coming(self) -> ComingForecast | None:
        """The coming forecast, if this execution made one."""
        return coming_forecast(self.files.coming) if self.files.coming else None

    @property
    def asset(self) -> str:
        """The asset that is forecast; empty if nothing tells it."""
        known = [found["asset"] for found in (self.files.forecasts, self.files.scores) if found]
        known += [self.coming.asset] if self.coming else []
        return str(next(iter(known), self.template.get("predictedAsset") or ""))

    @property
    def quantity(self) -> str:
        """What the series measure."""
        return str(self.template.get("quantity") or (self.coming.quantity if self.coming else "price"))

    @property
    def unit(self) -> str:
        """The series' unit; empty if the template names none."""
        return str(self.template.get("unit") or (self.coming.unit if self.coming else ""))


def collect_bundle(stack: Stack, execution_id: str) -> ReportBundle:
    """Read an execution's item and files. Files that do not exist or cannot be used are left out.

    Raises:
        ProblemsError: there is no such execution.
    """
    layout = ExecutionLayout(execution_id)
    table = stack.dynamodb.Table(stack.outputs.execution_table)
    item = table.get_item(Key={ExecutionAttribute.ID: execution_id}, ConsistentRead=True).get("Item")
    if item is None:
        raise one_problem("execution", "execution id", execution_id, "not found; see `runs list`")
    problems: list[str] = []
    keys = file_keys(layout) | {"coming": _coming_key(stack, item)}
    if wants_ablation(snapshot_of(item.get(ExecutionAttribute.SNAPSHOT))[0].get("Template", {})):
        keys["ablation"] = ExecutionLayout(ablation_id(execution_id)).scores
    found = {name: _json(stack, key, _CHECKS[name], problems) for name, key in keys.items()}
    defaults = _defaults(stack, item.get(ExecutionAttribute.PIPELINE_EXECUTION_ARN))
    return ReportBundle.of_item(item, Files(**found), defaults, problems)


def _coming_key(stack: Stack, item: Mapping[str, Any]) -> str:
    """The forecast of this execution, or the newest one that was made with the model that this execution registered."""
    own = str(item[ExecutionAttribute.ID])
    package = item.get(ExecutionAttribute.MODEL_PACKAGE_ARN)
    if package and item.get(ExecutionAttribute.KIND) != FORECAST:
        for forecast in forecasts_of(stack, str(item.get(ExecutionAttribute.TEMPLATE_ID))):
            if forecast.get(ExecutionAttribute.OUTCOME) == PUBLISHED and forecast_model(stack, forecast) == package:
                own = str(forecast[ExecutionAttribute.ID])
                break
    return ExecutionLayout(own).forecast_json


def _defaults(stack: Stack, pipeline_execution_arn: str | None) -> dict[str, str]:
    """Default values of the definition that this execution ran, which the pipeline may no longer have. Empty before a start."""
    if pipeline_execution_arn is None:
        return {}
    request = {"PipelineExecutionArn": pipeline_execution_arn}
    try:
        answer = stack.sagemaker.describe_pipeline_definition_for_execution(**request)
    except ClientError as error:
        if code_of(error) in ("ResourceNotFound", "ResourceNotFoundException"):
            return {}  # the pipeline was deleted together with its executions
        raise
    parameters = json.loads(answer["PipelineDefinition"]).get("Parameters", [])
    return {item["Name"]: str(item["DefaultValue"]) for item in parameters if "DefaultValue" in item}


def _json(stack: Stack, key: str, is_valid: Callable[[object], bool], problems: list[str]) -> Any:
    """An object's JSON; None if there is no object, or with a problem if it is not what was expected."""
    try:
        body = stack.s3.get_object(Bucket=stack.outputs.models_bucket, Key=key)["Body"].read()
        content = json.loads(body)
    except ClientError as error:
        if is_missing_object(error) or is_forbidden(error):  # without s3:ListBucket, a missing object is a forbidden one
            return None
        raise
    except (RecursionError, ValueError) as error:
        problems.append(f"{key} is left out, because it is not JSON: {error}")
        return None
    if is_valid(content):
        return content
    problems.append(f"{key} is left out, because its content is not as expected")
    return None


def _steps(stored: object) -> tuple[Step, ...]:
    """Steps in the pipeline's order; unknown steps come last."""
    records = stored if isinstance(stored, Mapping) else {}
    order = {name: position for position, name in enumerate((PREPARE_STEP, *STEPS, FORECAST_STEP, PUBLISH_STEP))}
    names = sorted(records, key=lambda name: (order.get(name, len(order)), name))
    return tuple(_step(name, records[name]) for name in names if isinstance(records[name], Mapping))


def _step(name: str, record: Mapping[str, Any]) -> Step:
    attempt = record.get(StepKey.ATTEMPT)
    return Step(
        name=name,
        status=str(record.get(StepKey.STATUS, "")),
        started=stored_time(record.get(StepKey.STARTED_AT)),
        ended=stored_time(record.get(StepKey.ENDED_AT)),
        attempt=int(attempt) if isinstance(attempt, int | Decimal) else 1,
        reason=str(record.get(StepKey.FAILURE_REASON) or ""),
    )
