"""Rules ``reference`` and ``json-get``: whatever is evaluated at run time resolves to something there will be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.model import Shape

from contracts.problems import nearest
from pipeline_def.checks.definition import Definition, Step, gets, walk
from pipeline_def.checks.finding import Finding, shown
from pipeline_def.checks.images import is_deepar
from pipeline_def.checks.shapes import DESCRIPTIONS, item_shape, member_shape, property_shapes

EXECUTION_VARIABLES = (
    "StartDateTime",
    "CurrentDateTime",
    "PipelineName",
    "PipelineArn",
    "PipelineExecutionId",
    "PipelineExecutionArn",
    "TrainingJobName",
    "ProcessingJobName",
)
_EXPERIMENT = ("ExperimentName", "TrialName")
#: Final metrics of the built-in DeepAR. Source: SageMaker developer guide, "Tune a DeepAR model"; its job log.
DEEPAR_METRICS = (
    "test:mean_wQuantileLoss",
    "test:RMSE",
    "train:final_loss",
    "train:loss",
    "train:loss:batch",
    "train:progress",
    "train:throughput",
)
_FUNCTIONS = ("Get", "Std:Join", "Std:JsonGet")
_TOKEN = re.compile(r"\.?([A-Za-z0-9_]+)|\[(\d+)\]|\['([^']*)'\]")


def check_references(definition: Definition) -> Iterator[Finding]:
    """Every ``Get`` names a declared parameter, a property of a step, or a known execution variable; functions are known."""
    for step in definition.steps:
        for path, target in gets(step.arguments, step.arguments_path):
            allowed = _target_problem(definition, target, ".PropertyFile.Get" in path)
            if allowed:
                yield Finding("reference", step.name, path, shown(target), allowed)
        yield from _malformed_functions(step)
    for path, target in gets(definition.raw.get("PipelineExperimentConfig"), "$.PipelineExperimentConfig"):
        allowed = _target_problem(definition, target, False)
        if allowed:
            yield Finding("reference", None, path, shown(target), allowed)


def _target_problem(definition: Definition, target: str, is_property_file: bool) -> str | None:
    """What is allowed instead of a reference that resolves to nothing, or None."""
    root, _, rest = target.partition(".")
    if root == "Parameters":
        names = [parameter.name for parameter in definition.parameters]
        return None if rest in names else _instead("a declared parameter", rest, names, "Parameters.")
    if root == "Execution":
        known = EXECUTION_VARIABLES
        return None if rest in known else _instead("an execution variable", rest, known, "Execution.")
    if root == "PipelineExperimentConfig":
        return None if rest in _EXPERIMENT else _instead("a member of it", rest, _EXPERIMENT, "PipelineExperimentConfig.")
    if root != "Steps":
        return "allowed: Parameters.<name>, Steps.<name>.<property>, Execution.<variable> or PipelineExperimentConfig.<member>"
    name, _, property_path = rest.partition(".")
    step = definition.step(name)
    if step is None:
        return _instead("a step of this pipeline", name, [item.name for item in definition.steps], "Steps.")
    if is_property_file or property_path.startswith("PropertyFiles."):
        return None if is_property_file else "allowed: a property file stands inside Std:JsonGet alone"
    return _property_problem(step, property_path)


def _property_problem(step: Step, path: str) -> str | None:
    if step.type == "Condition":
        return None if path == "Outcome" else "allowed: Outcome is the one property of a condition step"
    if step.type not in DESCRIPTIONS:
        return None
    problems = [_shape_problem(step, shape, path) for shape in property_shapes(step.type)]
    return None if None in problems else problems[0]


def _shape_problem(step: Step, root: Shape, path: str) -> str | None:
    """Follow a path such as ``A.B['key'].C[0]`` through a shape and the step's own arguments side by side."""
    shape: Shape | None = root
    position = 0
    trail = ""
    while position < len(path):
        token = _TOKEN.match(path, position)
        if token is None:
            return f"allowed: a property path such as ModelArtifacts.S3ModelArtifacts; {path[position:]!r} is none"
        member, index, key = token.groups()
        if member is not None:
            known = list(shape.members) if shape is not None and shape.type_name == "structure" else []
            shape = member_shape(shape, member)
            if shape is None:
                return _instead(f"a property of a {step.type} step", member, known, "")
        else:
            if shape is None or shape.type_name not in ("list", "map"):
                return f"allowed: {trail or 'this'} is no list, so nothing in it has an index"
            missing = _missing_item(step, trail, index, key)
            if missing:
                return missing
            shape = item_shape(shape)
        trail += token.group()
        position = token.end()
    return None if path else "allowed: a property of the step, such as Steps.<name>.<property>"


#: Lists that the service indexes by the name of the item, and where the step's arguments name the items.
_NAMED = {
    "ProcessingOutputConfig.Outputs": (("ProcessingOutputConfig", "Outputs"), "OutputName"),
    "ProcessingInputs": (("ProcessingInputs",), "InputName"),
    "InputDataConfig": (("InputDataConfig",), "ChannelName"),
}


def _missing_item(step: Step, trail: str, index: str | None, key: str | None) -> str | None:
    if trail == "FinalMetricDataList" and key is not None:
        if is_deepar(step) and key not in DEEPAR_METRICS:
            return _instead("a metric that DeepAR logs", key, DEEPAR_METRICS, "")
        return None
    if trail not in _NAMED:
        return None
    where, name = _NAMED[trail]
    items: Any = step.arguments
    for part in where:
        items = items.get(part) if isinstance(items, Mapping) else None
    if not isinstance(items, list):
        return f"allowed: the step has no {trail}"
    names = [item.get(name) for item in items if isinstance(item, Mapping)]
    if key is not None:
        return None if key in names else _instead(f"an item of the step's {trail}", key, [str(item) for item in names], "")
    return None if int(index or 0) < len(names) else f"allowed: the step has {len(names)} items in {trail}"


def _malformed_functions(step: Step) -> Iterator[Finding]:
    for path, value in walk(step.arguments, step.arguments_path):
        if not isinstance(value, Mapping):
            continue
        for key, inner in value.items():
            if not (key == "Get" or str(key).startswith("Std:")):
                continue
            allowed = _function_problem(value, str(key), inner)
            if allowed:
                yield Finding("reference", step.name, f"{path}.{key}", shown(inner), allowed)


def _function_problem(value: Mapping[str, Any], key: str, inner: Any) -> str | None:
    if key not in _FUNCTIONS:
        return f"allowed functions: {', '.join(_FUNCTIONS)}"
    if len(value) != 1:
        return f"allowed: {key} stands alone in its object"
    if key == "Get":
        return None if isinstance(inner, str) else "allowed: the text of a reference"
    if key == "Std:Join":
        good = isinstance(inner, Mapping) and isinstance(inner.get("On", ""), str) and isinstance(inner.get("Values"), list)
        return None if good and set(inner) <= {"On", "Values"} else "allowed: On (text) and Values (list)"
    return None


def check_json_gets(definition: Definition) -> Iterator[Finding]:
    """Every ``Std:JsonGet`` reads a declared property file of a processing step, which lies in an output that exists."""
    for step in definition.steps:
        for path, value in walk(step.arguments, step.arguments_path):
            if isinstance(value, Mapping) and "Std:JsonGet" in value:
                yield from _json_get_problems(definition, step, f"{path}['Std:JsonGet']", value["Std:JsonGet"])
        yield from _property_file_problems(step)


def _json_get_problems(definition: Definition, step: Step, path: str, inner: Any) -> Iterator[Finding]:
    if not isinstance(inner, Mapping) or not isinstance(inner.get("Path"), str) or not inner["Path"]:
        yield Finding("json-get", step.name, path, shown(inner), "allowed: PropertyFile (or S3Uri) and a Path, not empty")
        return
    if ("PropertyFile" in inner) == ("S3Uri" in inner):
        yield Finding("json-get", step.name, path, shown(sorted(inner)), "allowed: either PropertyFile or S3Uri, with Path")
        return
    if "S3Uri" in inner:
        return
    target = inner["PropertyFile"].get("Get") if isinstance(inner["PropertyFile"], Mapping) else None
    match = re.fullmatch(r"Steps\.([A-Za-z0-9_\-]+)\.PropertyFiles\.(.+)", str(target))
    if match is None:
        yield Finding("json-get", step.name, path, shown(target), "allowed: a PropertyFile Steps.<step>.PropertyFiles.<file>")
        return
    owner = definition.step(match.group(1))
    if owner is None:
        return  # the reference rule says so
    names = [str(item.get("PropertyFileName")) for item in _property_files(owner)]
    if match.group(2) not in names:
        allowed = _instead(f"a property file of {owner.name}", match.group(2), names, "")
        yield Finding("json-get", step.name, f"{path}.PropertyFile", shown(target), allowed)


def _property_file_problems(step: Step) -> Iterator[Finding]:
    config = step.arguments.get("ProcessingOutputConfig")
    raw = config.get("Outputs") if isinstance(config, Mapping) else None
    outputs = [str(item.get("OutputName")) for item in (raw if isinstance(raw, list) else []) if isinstance(item, Mapping)]
    for index, item in enumerate(_property_files(step)):
        path = f"{step.path}.PropertyFiles[{index}]"
        if item.get("OutputName") not in outputs:
            allowed = _instead(f"an output of {step.name}", str(item.get("OutputName")), outputs, "")
            yield Finding("json-get", step.name, f"{path}.OutputName", shown(item.get("OutputName")), allowed)
        if not isinstance(item.get("FilePath"), str) or not item["FilePath"] or item["FilePath"].startswith("/"):
            yield Finding("json-get", step.name, f"{path}.FilePath", shown(item.get("FilePath")), "allowed: a relative path")


def _property_files(step: Step) -> list[Mapping[str, Any]]:
    files = step.raw.get("PropertyFiles")
    return [item for item in files if isinstance(item, Mapping)] if isinstance(files, list) else []


def _instead(kind: str, name: str, known: Any, prefix: str) -> str:
    hint = nearest(name, known)
    return f"allowed: {kind}; {hint}" if hint else f"allowed: {kind}: {', '.join(prefix + str(item) for item in known)}"
