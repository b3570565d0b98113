"""Rule ``reference``: whatever is evaluated at run time resolves to something there will be, of the kind that is wanted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.model import Shape

from pipeline_def.check.definition import Definition, Step, gets, is_function, walk
from pipeline_def.check.finding import Finding, instead, shown
from pipeline_def.check.properties import find_property
from pipeline_def.check.shapes import OPERATIONS, request_shape, shaped_gets

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
_FUNCTIONS = ("Get", "Std:Join", "Std:JsonGet")
_NUMBER = "a number"
_KINDS = {
    "string": "text",
    "timestamp": "text",
    "integer": _NUMBER,
    "long": _NUMBER,
    "float": _NUMBER,
    "double": _NUMBER,
    "boolean": "true or false",
}


def check_references(definition: Definition) -> Iterator[Finding]:
    """Every ``Get`` names a declared parameter, a property of a step, or a known execution variable; functions are known."""
    for step in definition.steps:
        shape = request_shape(step.type) if step.type in OPERATIONS else None
        for path, target, wanted, single in shaped_gets(step.arguments, step.arguments_path, shape, step.type == "Condition"):
            is_file = ".PropertyFile.Get" in path
            allowed = target_problem(definition, target, is_file)
            if allowed is None and not is_file:
                allowed = _kind_problem(definition, target, wanted, single)
            if allowed:
                yield Finding("reference", step.name, path, shown(target), allowed)
        yield from _malformed_functions(step)
    for path, target in gets(definition.raw.get("PipelineExperimentConfig"), "$.PipelineExperimentConfig"):
        allowed = target_problem(definition, target)
        if allowed:
            yield Finding("reference", None, path, shown(target), allowed)


def target_problem(definition: Definition, target: str, is_property_file: bool = False) -> str | None:
    """What is allowed instead of a reference that resolves to nothing, or None."""
    root, _, rest = target.partition(".")
    if root == "Parameters":
        names = [parameter.name for parameter in definition.parameters]
        return None if rest in names else instead("a declared parameter", rest, names, "Parameters.")
    if root == "Execution":
        known = EXECUTION_VARIABLES
        return None if rest in known else instead("an execution variable", rest, known, "Execution.")
    if root == "PipelineExperimentConfig":
        return None if rest in _EXPERIMENT else instead("a member of it", rest, _EXPERIMENT, "PipelineExperimentConfig.")
    if root != "Steps":
        return "allowed: Parameters.<name>, Steps.<name>.<property>, Execution.<variable> or PipelineExperimentConfig.<member>"
    name, _, property_path = rest.partition(".")
    step = definition.step(name)
    if step is None:
        return instead("a step of this pipeline", name, [item.name for item in definition.steps], "Steps.")
    if is_property_file or property_path.startswith("PropertyFiles."):
        return None if is_property_file else "allowed: a property file stands inside Std:JsonGet alone"
    return find_property(definition, step, property_path)[1]


def leads_nowhere(definition: Definition, value: Any) -> bool:
    """Whether this rule has something to say of a value, so that another need not."""
    if isinstance(value, Mapping) and any(str(key).startswith("Std:") and key != "Std:Join" for key in value):
        return True
    return any(target_problem(definition, target) for _, target in gets(value, ""))


def is_no_text(definition: Definition, value: Any) -> bool:
    """Whether a value gets a step's property that is no text."""
    shapes = [_property_shape(definition, target) for _, target in gets(value, "")]
    return any(shape is not None and _KINDS.get(shape.type_name) != "text" for shape in shapes)


def _property_shape(definition: Definition, target: str) -> Shape | None:
    root, _, rest = target.partition(".")
    name, _, path = rest.partition(".")
    step = definition.step(name) if root == "Steps" else None
    return find_property(definition, step, path)[0] if step else None


def _kind_problem(definition: Definition, target: str, wanted: Shape | None, single: bool) -> str | None:
    """What is allowed instead of a step's property of another kind than the place takes, or None."""
    shape = _property_shape(definition, target)
    if shape is None:
        return None
    kind = _KINDS.get(shape.type_name)
    takes = _KINDS.get(wanted.type_name) if wanted is not None and not single else None
    if kind is None and (single or takes):
        members = f": {', '.join(shape.members)}" if shape.type_name == "structure" else ""
        return f"allowed: a single value; this is a {shape.type_name}{members}"
    if takes is None or kind == takes:
        return None
    return f"allowed: {takes}; this is {kind or shape.type_name}" + (", which Std:Join makes text" if kind == _NUMBER else "")


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
        return None if _is_join(inner) else "allowed: On (text) and Values (a list of single values)"
    return None


def _is_join(inner: Any) -> bool:
    if not isinstance(inner, Mapping) or not set(inner) <= {"On", "Values"} or not isinstance(inner.get("On", ""), str):
        return False
    values = inner.get("Values")
    return isinstance(values, list) and all(isinstance(item, (str, int, float)) or is_function(item) for item in values)
