"""Rule ``gate``: the training pipeline registers only the model that passed the quality gate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from contracts.hyperparameters import HYPERPARAMETERS
from contracts.layout import GATE_EXCESS, GATE_FILE
from contracts.parameters import EXECUTION_ID, MODEL_APPROVAL_STATUS, SET_BY_START
from contracts.status import EVALUATION_STEP, FORECAST_STEPS, GATE_STEP, PROCESSING_STEP, STEPS, TRAINING_STEP
from pipeline_def.check.definition import Definition, Step, objects
from pipeline_def.check.finding import Finding, shown
from pipeline_def.check.jobs import CHANNELS
from pipeline_def.check.references import property_file

_RULE = "gate"
_COMPARISON = "GreaterThanOrEqualTo"
_ARTEFACT = f"Steps.{TRAINING_STEP}.ModelArtifacts.S3ModelArtifacts"
_OUTPUT = "evaluation"
_LEFT = f"allowed: {GATE_EXCESS} of the property file {_OUTPUT}/{GATE_FILE} of {EVALUATION_STEP}"
_RIGHT = "allowed: 0, because the evaluation has subtracted the skill that the template requires"
#: Members that add another model, or files next to it. Source: SageMaker API, CreateModel and CreateModelPackage.
_OTHER_MODELS = (
    "AdditionalModelDataSources",
    "AdditionalS3DataSource",
    "ModelDataSource",
    "ModelPackageName",
    "SourceAlgorithmSpecification",
    "SourceUri",
)


def check_steps(definition: Definition) -> Iterator[Finding]:
    """The pipeline has all steps that handlers and reports know, and parameters that a scheduled start can use."""
    for name in FORECAST_STEPS if definition.is_forecast else STEPS:
        if definition.step(name) is None:
            yield Finding("steps", None, f"$.Steps[{name!r}]", None, "needed: handlers and reports know this step by its name")
    for parameter in definition.parameters:
        set_by_start = SET_BY_START if definition.is_forecast else (EXECUTION_ID,)
        if parameter.name not in set_by_start and "DefaultValue" not in parameter.raw:
            listed = ", ".join(set_by_start)
            allowed = f"needed by parameter {parameter.name}: a scheduled start sets only {listed} and what changes"
            yield Finding("steps", None, f"{parameter.path}.DefaultValue", None, allowed)
        hyperparameter = HYPERPARAMETERS.get(parameter.name)
        is_choice = parameter.name == MODEL_APPROVAL_STATUS or (hyperparameter and hyperparameter.kind == "choice")
        if is_choice and not parameter.choices:
            allowed = f"needed by parameter {parameter.name}: a wrong choice would fail only after the training is paid for"
            yield Finding("steps", None, f"{parameter.path}.EnumValues", None, allowed)


def check_gate(definition: Definition) -> Iterator[Finding]:
    """The evaluation's figure decides whether the model is registered; creating it for the backtest needs no gate."""
    if definition.is_forecast:
        return  # rule ``forecast``
    gate = definition.step(GATE_STEP)
    if gate is None:
        yield Finding(_RULE, None, f"$.Steps[{GATE_STEP!r}]", None, "needed: every model passes the quality gate")
    elif gate.type != "Condition":
        yield Finding(_RULE, gate.name, f"{gate.path}.Type", shown(gate.type), "allowed: Condition")
    else:
        yield from _comparison(definition, gate)
    for step in definition.steps:
        if step.kind.makes_model:
            if step.kind.registers_model and gate is not None and (GATE_STEP, "IfSteps") not in step.branches:
                allowed = f"allowed: a step in IfSteps of {GATE_STEP}, so that a rejected model is never registered"
                yield Finding(_RULE, step.name, step.path, f"a {step.type} step past the gate", allowed)
            for path, value in objects(step.arguments, step.arguments_path):
                yield from _other_models(step, path, value)


def _comparison(definition: Definition, gate: Step) -> Iterator[Finding]:
    conditions = gate.arguments["Conditions"]
    path = gate.path_of("Conditions")
    if len(conditions) > 1:
        yield Finding(_RULE, gate.name, path, f"{len(conditions)} conditions", "allowed: one")
    condition = conditions[0]
    if condition["Type"] != _COMPARISON:
        yield Finding(_RULE, gate.name, f"{path}[0].Type", shown(condition["Type"]), f"allowed: {_COMPARISON}")
        return
    if not _is_excess(definition, condition["LeftValue"]):
        yield Finding(_RULE, gate.name, f"{path}[0].LeftValue", shown(condition["LeftValue"]), _LEFT)
    right = condition["RightValue"]
    if isinstance(right, bool) or right != 0:
        yield Finding(_RULE, gate.name, f"{path}[0].RightValue", shown(right), _RIGHT)


def _is_excess(definition: Definition, value: Any) -> bool:
    json_get = value.get("Std:JsonGet") if isinstance(value, Mapping) else None
    found = property_file(definition, json_get) if json_get else None
    if found is None or json_get is None:
        return False
    owner, file = found
    return (owner.name, file["OutputName"], file["FilePath"], json_get["Path"]) == (
        EVALUATION_STEP,
        _OUTPUT,
        GATE_FILE,
        GATE_EXCESS,
    )


def _other_models(step: Step, path: str, value: Mapping[str, Any]) -> Iterator[Finding]:
    """The gate saw the training's own artefact; nothing else may be part of the model."""
    allowed = f"allowed: {_ARTEFACT}, the model that the gate saw"
    for member in _OTHER_MODELS:
        if member in value:
            yield Finding(_RULE, step.name, f"{path}.{member}", shown(value[member]) or "null", f"{allowed}, and nothing else")
    if value.get("ModelDataUrl", {"Get": _ARTEFACT}) != {"Get": _ARTEFACT}:
        yield Finding(_RULE, step.name, f"{path}.ModelDataUrl", shown(value["ModelDataUrl"]), allowed)


def check_channels(definition: Definition) -> Iterator[Finding]:
    """The training reads the processing step's outputs, and the algorithm itself measures the model."""
    step = definition.step(TRAINING_STEP)
    if step is None or step.type != "Training":
        return
    channels = {item["ChannelName"]: (index, item) for index, item in enumerate(step.get("InputDataConfig", []))}
    for name in CHANNELS:
        wanted = {"Get": f"Steps.{PROCESSING_STEP}.ProcessingOutputConfig.Outputs['{name}'].S3Output.S3Uri"}
        if name not in channels:
            why = "DeepAR learns from it" if name == "train" else "without it the algorithm measures nothing"
            yield Finding("channel", step.name, step.path_of(f"InputDataConfig[{name!r}]"), None, f"needed: {why}")
            continue
        index, channel = channels[name]
        uri = channel.get("DataSource", {}).get("S3DataSource", {}).get("S3Uri")
        if uri is not None and uri != wanted:
            path = step.path_of(f"InputDataConfig[{index}].DataSource.S3DataSource.S3Uri")
            yield Finding("channel", step.name, path, shown(uri), f"allowed: {wanted['Get']}")
    metrics = "AlgorithmSpecification.MetricDefinitions"
    if step.get(metrics) is not None:
        allowed = "allowed: none; the registry shows what the algorithm itself measures"
        yield Finding(_RULE, step.name, step.path_of(metrics), shown(step.get(metrics)), allowed)
