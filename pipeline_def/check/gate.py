"""Rules ``gate`` and ``channel``: the model is scored on the execution's own data, and none goes past the quality gate.

What a DeepAR needs is asked of any pipeline; all else is our own contract.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from contracts.layout import GATE_FILE, GATE_METRIC, GATE_THRESHOLD
from contracts.status import GATE_STEP, PROCESSING_STEP, TRAINING_STEP
from pipeline_def.check.artefacts import artefact_problems
from pipeline_def.check.conditions import OPERANDS
from pipeline_def.check.definition import MODEL_STEPS, Definition, Step
from pipeline_def.check.finding import Finding, shown
from pipeline_def.check.images import is_deepar
from pipeline_def.check.json_gets import is_inside, property_file
from pipeline_def.check.references import leads_nowhere
from pipeline_def.check.structure import STEP_TYPES

COMPARISON = "GreaterThanOrEqualTo"
_METRIC = f"Steps.{TRAINING_STEP}.FinalMetricDataList['{GATE_METRIC}'].Value"
_FILE = {"OutputName": "evaluation", "FilePath": GATE_FILE}
_LEFT = f"allowed: {GATE_THRESHOLD} of the property file {_FILE['OutputName']}/{GATE_FILE} of {PROCESSING_STEP}"
_BRANCH = "IfSteps"
_CHANNELS = ("train", "test")


def check_gate(definition: Definition) -> Iterator[Finding]:
    """The processing step's threshold is compared with the training's own metric; only then is there a model, that very one.

    What is malformed, or leads nowhere, is the business of the rules of conditions and references.
    """
    if not definition.contract:
        return
    gate = definition.step(GATE_STEP)
    if gate is None:
        yield Finding("gate", None, f"$.Steps[{GATE_STEP!r}]", None, "every model passes the quality gate")
    elif gate.type != "Condition" and gate.type in STEP_TYPES:
        yield Finding("gate", gate.name, f"{gate.path}.Type", shown(gate.type), "allowed: Condition")
    elif gate.type == "Condition":
        yield from _comparison(definition, gate)
    for step in definition.steps:
        if gate is not None and step.type in MODEL_STEPS and (GATE_STEP, _BRANCH) not in step.branches:
            allowed = f"allowed: a step in {_BRANCH} of {GATE_STEP}, so that a refused model is never registered"
            yield Finding("gate", step.name, step.path, f"a {step.type} step past the gate", allowed)
    yield from artefact_problems(definition)


def _comparison(definition: Definition, gate: Step) -> Iterator[Finding]:
    conditions = gate.arguments.get("Conditions")
    path = f"{gate.arguments_path}.Conditions"
    if not isinstance(conditions, list) or not conditions:
        return
    if len(conditions) > 1:
        yield Finding("gate", gate.name, path, f"{len(conditions)} conditions", "allowed: one")
    condition = conditions[0]
    kind = condition.get("Type") if isinstance(condition, Mapping) else None
    if not isinstance(kind, str) or kind not in OPERANDS:
        return
    if kind != COMPARISON:
        yield Finding("gate", gate.name, f"{path}[0].Type", shown(kind), f"allowed: {COMPARISON}")
        return
    for member, problem in (("LeftValue", _left_problem), ("RightValue", _right_problem)):
        allowed = problem(definition, condition.get(member)) if condition.get(member) is not None else None
        if allowed:
            yield Finding("gate", gate.name, f"{path}[0].{member}", shown(condition[member]), allowed)


def _left_problem(definition: Definition, value: Any) -> str | None:
    json_get = value.get("Std:JsonGet") if isinstance(value, Mapping) else None
    if not isinstance(json_get, Mapping):
        return _LEFT
    if "S3Uri" in json_get:
        return None if "PropertyFile" in json_get else _LEFT
    found = property_file(definition, json_get)
    if found is None or not json_get.get("Path"):
        return None
    owner, file = found
    # A file in no output, or outside of it, is told of where it is declared.
    right = owner.name == PROCESSING_STEP and (file.get("FilePath") == GATE_FILE or not is_inside(file.get("FilePath")))
    outputs = [name for name, _ in _outputs(owner)]
    right = right and (file.get("OutputName") == _FILE["OutputName"] or file.get("OutputName") not in outputs)
    return None if right and json_get["Path"] == GATE_THRESHOLD else _LEFT


def _right_problem(definition: Definition, value: Any) -> str | None:
    return None if value == {"Get": _METRIC} or leads_nowhere(definition, value) else f"allowed: {_METRIC}"


def check_channels(definition: Definition) -> Iterator[Finding]:
    """DeepAR has a channel to learn from; ours are the processing step's own outputs, with one to be scored on."""
    for step in definition.steps:
        if step.type != "Training" or not is_deepar(definition, step):
            continue
        channels = {name: (path, uri) for name, path, uri in _channels(step)}
        for name in _CHANNELS if definition.contract else _CHANNELS[:1]:
            if name not in channels:
                why = "DeepAR does not start without it" if name == "train" else "without it there is no metric for the gate"
                path = f"{step.arguments_path}.InputDataConfig[{name!r}]"
                yield Finding("channel", step.name, path, None, why)
            elif definition.contract:
                yield from _source_problem(definition, step, name, *channels[name])


def _source_problem(definition: Definition, step: Step, name: str, path: str, uri: Any) -> Iterator[Finding]:
    allowed = f"Steps.{PROCESSING_STEP}.ProcessingOutputConfig.Outputs['{name}'].S3Output.S3Uri"
    if uri is not None and uri != {"Get": allowed} and not leads_nowhere(definition, uri):
        yield Finding("channel", step.name, path, shown(uri), f"allowed: {allowed}")


def _channels(step: Step) -> Iterator[tuple[str, str, Any]]:
    """Name, path and S3 URI of each channel."""
    items = step.arguments.get("InputDataConfig")
    for index, item in enumerate(items if isinstance(items, list) else []):
        source = item.get("DataSource") if isinstance(item, Mapping) else None
        inner = source.get("S3DataSource") if isinstance(source, Mapping) else None
        if isinstance(item, Mapping) and isinstance(item.get("ChannelName"), str):
            path = f"{step.arguments_path}.InputDataConfig[{index}].DataSource.S3DataSource.S3Uri"
            yield item["ChannelName"], path, inner.get("S3Uri") if isinstance(inner, Mapping) else None


def _outputs(step: Step) -> Iterator[tuple[str, Mapping[str, Any]]]:
    config = step.arguments.get("ProcessingOutputConfig")
    items = config.get("Outputs") if isinstance(config, Mapping) else None
    for item in items if isinstance(items, list) else []:
        if isinstance(item, Mapping) and isinstance(item.get("OutputName"), str):
            yield item["OutputName"], item
