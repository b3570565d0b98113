"""Rule ``backtest``: the gate judges the model that is registered, on the feature step's request lines.

Source: Amazon SageMaker developer guide, "DeepAR Inference Formats": a batch transform of DeepAR sends single JSON lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from contracts.backtest import INFERENCE_CONFIG, INFERENCE_CONFIG_VARIABLE, JSON_LINES, LINES_FOLDER
from contracts.layout import (
    INPUT_BACKTEST_DIR,
    INPUT_FITTED_DIR,
    INPUT_MANIFEST_DIR,
    INPUT_REQUESTS_DIR,
)
from contracts.manifest import MANIFEST_NAME
from contracts.status import BACKTEST_STEP, CREATE_MODEL_STEP, EVALUATION_STEP, PROCESSING_STEP
from pipeline_def.check.definition import Definition, Step
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


def _output(name: str) -> dict[str, str]:
    return {"Get": f"Steps.{PROCESSING_STEP}.ProcessingOutputConfig.Outputs['{name}'].S3Output.S3Uri"}


def _below(name: str, path: str) -> dict[str, Any]:
    return {"Std:Join": {"On": "/", "Values": [_output(name), path]}}


_LINES = _below("requests", f"{LINES_FOLDER}/")
#: Folder in the evaluation's container -> what it contains.
_SOURCES: Mapping[str, dict[str, Any]] = {
    INPUT_REQUESTS_DIR: _output("requests"),
    INPUT_BACKTEST_DIR: {"Get": f"Steps.{BACKTEST_STEP}.TransformOutput.S3OutputPath"},
    INPUT_FITTED_DIR: _output("evaluation"),
    INPUT_MANIFEST_DIR: _below("manifest", MANIFEST_NAME),
}


def check_backtest(definition: Definition) -> Iterator[Finding]:
    """The backtest sends the feature step's lines to the created model, and the evaluation reads its answers."""
    step = definition.step(BACKTEST_STEP)
    if step is not None and step.type == "Transform":
        yield from _transform(definition, step)
    evaluation = definition.step(EVALUATION_STEP)
    if evaluation is not None and evaluation.type == "Processing":
        yield from _evaluation(evaluation)


def _transform(definition: Definition, step: Step) -> Iterator[Finding]:
    if step.get("ModelName") != _MODEL:
        allowed = f"allowed: {_MODEL['Get']}, the model that the gate decides about"
        yield Finding(_RULE, step.name, step.path_of("ModelName"), shown(step.get("ModelName")), allowed)
    path = "TransformInput.DataSource.S3DataSource.S3Uri"
    if step.get(path) != _LINES:
        allowed = f"allowed: {LINES_FOLDER}/ below the output requests of {PROCESSING_STEP}, without the index next to it"
        yield Finding(_RULE, step.name, step.path_of(path), shown(step.get(path)), allowed)
    for member, wanted in _VALUES.items():
        found = resolve(definition, step.get(member, wanted))
        if is_known(found) and found != wanted:
            yield Finding(_RULE, step.name, step.path_of(member), shown(found), f"allowed: {wanted}")
    if step.get("DataProcessing") is not None:
        allowed = "allowed: none, because the evaluation joins whole lines with the request index"
        yield Finding(_RULE, step.name, step.path_of("DataProcessing"), shown(step.get("DataProcessing")), allowed)


def _evaluation(step: Step) -> Iterator[Finding]:
    inputs = enumerate(step.get("ProcessingInputs", []))
    by_folder = {str(item.get("S3Input", {}).get("LocalPath")).rstrip("/"): (index, item) for index, item in inputs}
    for folder, wanted in _SOURCES.items():
        if folder not in by_folder:
            allowed = "needed: the evaluation reads it"
            yield Finding(_RULE, step.name, step.path_of("ProcessingInputs"), f"without {folder}", allowed)
            continue
        index, item = by_folder[folder]
        uri = item["S3Input"].get("S3Uri")
        if uri is not None and uri != wanted:
            path = step.path_of(f"ProcessingInputs[{index}].S3Input.S3Uri")
            yield Finding(_RULE, step.name, path, shown(uri), f"allowed: {_named(wanted)}")


def _named(source: Mapping[str, Any]) -> str:
    if "Get" in source:
        return str(source["Get"])
    first, path = source["Std:Join"]["Values"]
    return f"{path} below {first['Get']}"
