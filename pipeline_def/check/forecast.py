"""Rule ``forecast``: the forecast pipeline uses an approved model package with its own fitted state, and registers nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from contracts.layout import INPUT_FITTED_DIR, INPUT_REQUESTS_DIR, INPUT_SAMPLES_DIR
from contracts.parameters import FITTED_S3_URI, MODEL_PACKAGE_ARN
from contracts.status import CREATE_MODEL_STEP, FORECAST_STEP, PREPARE_STEP, PUBLISH_STEP
from pipeline_def.check.backtest import check_prediction_table, check_sources, check_transform, output_of, output_path
from pipeline_def.check.definition import Definition
from pipeline_def.check.finding import Finding, shown

_RULE = "forecast"
_CONTAINER = {"ModelPackageName": {"Get": f"Parameters.{MODEL_PACKAGE_ARN}"}}
_FITTED: Mapping[str, dict[str, Any]] = {INPUT_FITTED_DIR: {"Get": f"Parameters.{FITTED_S3_URI}"}}
#: Processing step -> folder in its container -> what it contains.
_SOURCES = {
    PREPARE_STEP: _FITTED,
    PUBLISH_STEP: {
        **_FITTED,
        INPUT_REQUESTS_DIR: output_of(PREPARE_STEP, "requests"),
        INPUT_SAMPLES_DIR: output_path(FORECAST_STEP),
    },
}


def check_forecast(definition: Definition) -> Iterator[Finding]:
    """The model package decides the model, and the steps read its fitted state and each other's outputs."""
    if not definition.is_forecast:
        return
    yield from _models(definition)
    yield from check_transform(_RULE, definition, FORECAST_STEP, PREPARE_STEP)
    for name, sources in _SOURCES.items():
        yield from check_sources(_RULE, definition, name, sources)
    yield from check_prediction_table(_RULE, definition, PUBLISH_STEP, "the step stores the forecast there")


def _models(definition: Definition) -> Iterator[Finding]:
    for step in definition.steps:
        if not step.kind.makes_model:
            continue
        if step.kind.registers_model or step.name != CREATE_MODEL_STEP:
            allowed = f"allowed: no step but {CREATE_MODEL_STEP} makes a model, and none registers one"
            yield Finding(_RULE, step.name, step.path, f"a {step.type} step", allowed)
        elif step.get("PrimaryContainer") != _CONTAINER:
            found = shown(step.get("PrimaryContainer"))
            allowed = f"allowed: {_CONTAINER}, so that only an approved version of the registry forecasts"
            yield Finding(_RULE, step.name, step.path_of("PrimaryContainer"), found, allowed)
