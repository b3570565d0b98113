"""Rule ``backtest``: the gate judges the model that is registered, on the feature step's request lines.

Source: Amazon SageMaker developer guide, "DeepAR Inference Formats": a batch transform of DeepAR sends single JSON lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from contracts.backtest import INFERENCE_CONFIG, INFERENCE_CONFIG_VARIABLE, JSON_LINES, LINES_FOLDER
from contracts.environment import PREDICTION_TABLE
from contracts.layout import (
    INPUT_BACKTEST_DIR,
    INPUT_FITTED_DIR,
    INPUT_MANIFEST_DIR,
    INPUT_REQUESTS_DIR,
)
from contracts.manifest import MANIFEST_NAME
from contracts.status import BACKTEST_STEP, CREATE_MODEL_STEP, EVALUATION_STEP, PROCESSING_STEP
from pipeline_def.check.definition import Definition
from pipeline_def.check.finding import Finding, shown
from pipeline_def.check.resolve import is_known, resolve

_RULE = "backtest"
#: Member of the transform job -> the value that DeepAR and the evaluation need.
_VALUES: Mapping[str, str] = {
    "BatchStrategy": "SingleRecord",
    "TransformInput.ContentType": JSON_LINES,
    "TransformInput.SplitType": "Line",
    "TransformInput.CompressionType": "None",
    "TransformInput.DataSource.S3DataSource.S3DataType": "S3Prefix",
    "TransformOutput.Accept": JSON_LINES,
    "TransformOutput.AssembleWith": "Line",
    f"Environment.{INFERENCE_CONFIG_VARIABLE}": INFERENCE_CONFIG,
}
_MODEL = {"Get": f"Steps.{CREATE_MODEL_STEP}.ModelName"}


def output_of(step: str, name: str) -> dict[str, Any]:
    """The reference to the S3 URI of a processing step's output."""
    return {"Get": f"Steps.{step}.ProcessingOutputConfig.Outputs['{name}'].S3Output.S3Uri"}


def output_path(step: str) -> dict[str, Any]:
    """The reference to the S3 URI of a transform step's output."""
    return {"Get": f"Steps.{step}.TransformOutput.S3OutputPath"}


def _below(step: str, name: str, path: str) -> dict[str, Any]:
    return {"Std:Join": {"On": "/", "Values": [output_of(step, name), path]}}


#: Folder in the evaluation's container -> what it contains.
_SOURCES: Mapping[str, dict[str, Any]] = {
    INPUT_REQUESTS_DIR: output_of(PROCESSING_STEP, "requests"),
    INPUT_BACKTEST_DIR: output_path(BACKTEST_STEP),
    INPUT_FITTED_DIR: output_of(PROCESSING_STEP, "evaluation"),
    INPUT_MANIFEST_DIR: _below(PROCESSING_STEP, "manifest", MANIFEST_NAME),
}


def check_backtest(definition: Definition) -> Iterator[Finding]:
    """The backtest sends the feature step's lines to the created model, and the evaluation reads its answers."""
    if not definition.is_forecast:
        yield from check_transform(_RULE, definition, BACKTEST_STEP, PROCESSING_STEP)
        yield from check_sources(_RULE, definition, EVALUATION_STEP, _SOURCES)
        yield from check_prediction_table(_RULE, definition, EVALUATION_STEP, "the step reads the champion's forecasts there")


def check_transform(rule: str, definition: Definition, name: str, requests: str) -> Iterator[Finding]:
    """The transform step ``name`` sends the lines of the step ``requests`` to the created model, as DeepAR needs them."""
    step = definition.step(name)
    if step is None or step.type != "Transform":
        return
    if step.get("ModelName") != _MODEL:
        allowed = f"allowed: {_MODEL['Get']}, the model that this pipeline creates"
        yield Finding(rule, step.name, step.path_of("ModelName"), shown(step.get("ModelName")), allowed)
    path = "TransformInput.DataSource.S3DataSource.S3Uri"
    if step.get(path) != _below(requests, "requests", f"{LINES_FOLDER}/"):
        allowed = f"allowed: {LINES_FOLDER}/ below the output requests of {requests}, without the index next to it"
        yield Finding(rule, step.name, step.path_of(path), shown(step.get(path)), allowed)
    for member, wanted in _VALUES.items():
        found = resolve(definition, step.get(member, wanted))
        if is_known(found) and found != wanted:
            yield Finding(rule, step.name, step.path_of(member), shown(found), f"allowed: {wanted}")
    if step.get("DataProcessing") is not None:
        allowed = "allowed: none, because the next step joins whole lines with the request index"
        yield Finding(rule, step.name, step.path_of("DataProcessing"), shown(step.get("DataProcessing")), allowed)


def check_sources(rule: str, definition: Definition, name: str, sources: Mapping[str, dict[str, Any]]) -> Iterator[Finding]:
    """The processing step ``name`` reads each folder of ``sources`` from there."""
    step = definition.step(name)
    if step is None or step.type != "Processing":
        return
    inputs = enumerate(step.get("ProcessingInputs", []))
    by_folder = {str(item.get("S3Input", {}).get("LocalPath")).rstrip("/"): (index, item) for index, item in inputs}
    for folder, wanted in sources.items():
        if folder not in by_folder:
            allowed = f"needed: {name} reads it"
            yield Finding(rule, step.name, step.path_of("ProcessingInputs"), f"without {folder}", allowed)
            continue
        index, item = by_folder[folder]
        uri = item["S3Input"].get("S3Uri")
        if uri is not None and uri != wanted:
            path = step.path_of(f"ProcessingInputs[{index}].S3Input.S3Uri")
            yield Finding(rule, step.name, path, shown(uri), f"allowed: {_named(wanted)}")


def check_prediction_table(rule: str, definition: Definition, name: str, why: str) -> Iterator[Finding]:
    """The processing step ``name`` knows the prediction table."""
    step = definition.step(name)
    if step is not None and step.type == "Processing" and not step.get(f"Environment.{PREDICTION_TABLE}"):
        yield Finding(rule, step.name, step.path_of(f"Environment.{PREDICTION_TABLE}"), None, f"needed: {why}")


def _named(source: Mapping[str, Any]) -> str:
    if "Get" in source:
        return str(source["Get"])
    first, path = source["Std:Join"]["Values"]
    return f"{path} below {first['Get']}"
