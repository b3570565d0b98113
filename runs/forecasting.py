"""Start the forecast pipeline: freeze the model, the prices and the horizon, create the item, start the pipeline."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from contracts import parameters as names
from contracts.ids import execution_id_problem, new_execution_id, template_id_problem
from contracts.layout import ExecutionLayout
from contracts.problems import Problem, ProblemsError, one_problem
from contracts.published_forecast import FORECAST_JSON
from contracts.snapshot import Snapshot, digest, from_attribute
from contracts.status import FORECAST, PREPARE_STEP, PUBLISHED
from contracts.tables import ExecutionAttribute
from runs.begin import SCHEDULE
from runs.frozen_assets import freeze_versions
from runs.models import Model, approval_problems, approved_model, model_package
from runs.overrides import override_problems
from runs.pipeline_start import Start, Started, deployed_definition, image_uri, start_once, start_or_resume
from runs.stack import Stack
from runs.store import Item, execution_store


def start_forecast(
    stack: Stack,
    template_id: str,
    *,
    model_arn: str | None = None,
    horizon: int | None = None,
    execution_id: str | None = None,
    overrides: Mapping[str, str] | None = None,
    origin: str = "runs",
    problems: Sequence[Problem] = (),
) -> Started:
    """Start a forecast of a template's assets from their last prices. By default with the newest approved model.

    The same id with the same snapshot starts an execution that never started, and otherwise changes nothing.

    Raises:
        ProblemsError: no approved model, a bad horizon, id or override, a missing asset, a conflict, or a pipeline that
            SageMaker cannot start now.
    """
    if problem := template_id_problem(template_id):
        raise ProblemsError("forecast", [problem])
    model = model_package(stack, model_arn) if model_arn else approved_model(stack, template_id)
    found = [*problems, *_model_problems(model, template_id), *_horizon_problems(model, horizon)]
    if execution_id is not None and (problem := execution_id_problem(execution_id, "--id")):
        found.append(problem)
    snapshot, notes = _snapshot(stack, model, horizon, dict(overrides or {}), found)
    name = execution_id or new_execution_id(template_id, suffix=f"f{secrets.token_hex(2)}")
    return start_once(stack, execution_store(stack), Start(name, template_id, snapshot, origin, notes))


def start_forecast_slot(stack: Stack, template_id: str, scheduled: datetime) -> Started:
    """Start the forecast of the forecast schedule's slot, with the newest approved model and the full horizon.

    A slot that fires again is answered with its existing execution.

    Raises:
        ProblemsError: see :func:`start_forecast`.
    """
    execution_id = new_execution_id(template_id, scheduled, suffix="fs")

    def prepared() -> Start:
        snapshot, notes = _snapshot(stack, approved_model(stack, template_id), None, {}, ())
        return Start(execution_id, template_id, snapshot, SCHEDULE, notes)

    return start_or_resume(stack, execution_id, prepared)[0]


def forecasts_of(stack: Stack, template_id: str) -> Iterator[Item]:
    """Yield the executions of the forecast pipeline for a template, newest first."""
    for item in execution_store(stack).all():
        if item.get(ExecutionAttribute.KIND) == FORECAST and item.get(ExecutionAttribute.TEMPLATE_ID) == template_id:
            yield item


def published(stack: Stack, item: Item) -> dict[str, Any]:
    """Return the forecast of a finished execution, a :class:`contracts.published_forecast.PublishedForecast`.

    Raises:
        ProblemsError: the execution has published nothing.
    """
    forecast: dict[str, Any] = json.loads(published_text(stack, item, FORECAST_JSON))
    return forecast


def published_text(stack: Stack, item: Item, file: str) -> str:
    """Return a file that a finished execution published.

    Raises:
        ProblemsError: the execution has published nothing.
    """
    execution_id = str(item[ExecutionAttribute.ID])
    if item.get(ExecutionAttribute.OUTCOME) != PUBLISHED:
        reason = item.get(ExecutionAttribute.FAILURE_REASON) or f"its status is {item.get(ExecutionAttribute.STATUS)}"
        raise one_problem("forecast", "execution", execution_id, f"it has published no forecast: {reason}")
    key = f"{ExecutionLayout(execution_id).forecast}/{file}"
    body: bytes = stack.s3.get_object(Bucket=stack.outputs.models_bucket, Key=key)["Body"].read()
    return body.decode()


def forecast_model(stack: Stack, item: Item) -> str:
    """Return the model package that a forecast's snapshot names; ``item`` is one of :func:`forecasts_of`."""
    stored = execution_store(stack).get(str(item[ExecutionAttribute.ID])) or {}
    snapshot = from_attribute(stored.get(ExecutionAttribute.SNAPSHOT, "{}"))
    return str(snapshot.get("Model", {}).get("PackageArn", ""))


def _model_problems(model: Model, template_id: str) -> list[Problem]:
    problems = list(approval_problems(model))
    if model.template.get("id") != template_id:
        problems.append(Problem("model package", model.arn, f"it belongs to template {model.template.get('id')}"))
    return problems


def _horizon_problems(model: Model, horizon: int | None) -> list[Problem]:
    length = int(model.template["predictionLength"])
    if horizon is None or 1 <= horizon <= length:
        return []
    return [Problem("--horizon", horizon, f"allowed: from 1 to {length}, the template's predictionLength")]


def _snapshot(
    stack: Stack, model: Model, horizon: int | None, overrides: dict[str, str], problems: Sequence[Problem]
) -> tuple[Snapshot, tuple[str, ...]]:
    """Freeze what an execution reads. Reports all problems, the given ones first."""
    definition = deployed_definition(stack, stack.outputs.forecast_pipeline_name)
    frozen = freeze_versions(stack, list(model.template["baseAssets"]), definition, overrides)
    found = [*problems, *_override_problems(overrides, definition), *frozen.problems]
    if found:
        raise ProblemsError("forecast", found)
    version = model.frozen()
    snapshot: Snapshot = {
        "Template": dict(model.template),
        "Parameters": {
            names.MODEL_PACKAGE_ARN: version["PackageArn"],
            names.FITTED_S3_URI: version["FittedS3Uri"],
            **overrides,
        },
        "ImageUri": image_uri(definition, PREPARE_STEP),
        "DefinitionDigest": digest(definition),
        "Assets": frozen.versions,
        "Model": version,
        "Horizon": horizon or int(model.template["predictionLength"]),
    }
    return snapshot, tuple(frozen.notes)


def _override_problems(overrides: Mapping[str, str], definition: Mapping[str, Any]) -> list[Problem]:
    own = [name for name in overrides if name in names.SET_BY_START]
    problems = [Problem(f"--set {name}", overrides[name], "it is set by --model, --id and the registry") for name in own]
    return problems + override_problems({name: value for name, value in overrides.items() if name not in own}, definition)
