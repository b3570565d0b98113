"""Rule ``isolation``: an execution writes only under ``executions/<ExecutionId>/``, so that none overwrites another's files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from contracts.layout import (
    EVALUATION_EXECUTOR_NAME,
    EVALUATION_OUTPUTS,
    EXECUTIONS_PREFIX,
    EXECUTOR_NAME,
    INPUT_ASSETS_DIR,
    INPUT_CODE_DIR,
    OUTPUT_ROOT,
    OUTPUTS,
    PREPARE_EXECUTOR_NAME,
    PREPARE_OUTPUTS,
    PROCESSING_ROOT,
    PUBLISH_EXECUTOR_NAME,
    PUBLISH_OUTPUTS,
)
from contracts.parameters import EXECUTION_ID
from contracts.status import EVALUATION_STEP, PREPARE_STEP, PROCESSING_STEP, PUBLISH_STEP
from pipeline_def.check.definition import Definition, Step, gets, is_function, objects
from pipeline_def.check.finding import Finding, shown
from pipeline_def.check.resolve import is_known, resolve
from pipeline_def.template.keys import SECTION_SWITCHES

_RULE = "isolation"
#: Represents the ExecutionId inside a URI.
_MARK = "\N{BULLET}"
_GOOD = re.compile(rf"s3://([^/]+)/{EXECUTIONS_PREFIX}/{_MARK}(?:/(?!\.\.?(?:/|$))[^/]+)*/?")
_ID = {"Get": f"Parameters.{EXECUTION_ID}"}
_FLAG = "--executionid"
#: Processing step -> its executor and its outputs.
_CONTAINERS = {
    PROCESSING_STEP: (EXECUTOR_NAME, OUTPUTS),
    EVALUATION_STEP: (EVALUATION_EXECUTOR_NAME, EVALUATION_OUTPUTS),
    PREPARE_STEP: (PREPARE_EXECUTOR_NAME, PREPARE_OUTPUTS),
    PUBLISH_STEP: (PUBLISH_EXECUTOR_NAME, PUBLISH_OUTPUTS),
}
#: Two steps that write to the same prefixes -> the outputs concerned; the names of their files differ by contract.
_SHARED = {
    (PROCESSING_STEP, EVALUATION_STEP): EVALUATION_OUTPUTS,
    (PREPARE_STEP, PUBLISH_STEP): ("manifest",),
}


@dataclass(frozen=True)
class _Place:
    """A prefix that a step writes to; ``text`` is its URI with a mark for the ExecutionId."""

    step: str
    path: str
    text: str

    @property
    def key(self) -> str:
        return self.text.rstrip("/")

    def finding(self, allowed: str) -> Finding:
        value = shown(self.text.replace(_MARK, f"<{EXECUTION_ID}>"))
        return Finding(_RULE, self.step, self.path, value, f"allowed: {allowed}")


def check_isolation(definition: Definition) -> Iterator[Finding]:
    """Outputs contain the ExecutionId, no two share a prefix, and the ExecutionId has no default that starts could share."""
    parameter = definition.parameter(EXECUTION_ID)
    if parameter is None:
        path = f"$.Parameters[{EXECUTION_ID!r}]"
        yield Finding(_RULE, None, path, None, "needed: a String without default, which is part of every output's prefix")
    elif "DefaultValue" in parameter.raw or parameter.type != "String":
        found = shown(parameter.raw.get("DefaultValue", parameter.type))
        yield Finding(_RULE, None, parameter.path, found, "allowed: a String without default: every start names its own")
    places = list(_places(definition))
    yield from _prefixes(places)
    yield from _read_by_a_channel(definition, places)
    yield from _registered_files(definition, places)
    for step in definition.steps:
        yield from _container(step)
        yield from _folders(definition, step)
        if step.raw.get("CacheConfig", {}).get("Enabled") and any(
            target == _ID["Get"] for _, target in gets(step.arguments, "")
        ):
            allowed = "allowed: false, because a hit would reuse another execution's files"
            yield Finding(_RULE, step.name, f"{step.path}.CacheConfig.Enabled", "True", allowed)


def _places(definition: Definition) -> Iterator[_Place]:
    for step in definition.steps:
        for path, value in objects(step.arguments, step.arguments_path):
            for member in ("S3OutputPath", "OutputS3Uri", "DestinationS3Uri"):
                if member in value:
                    yield _Place(step.name, f"{path}.{member}", _uri(value[member]))
            for member in ("S3Output", "CheckpointConfig"):
                if member in value:
                    yield _Place(step.name, f"{path}.{member}.S3Uri", _uri(value[member].get("S3Uri", "")))
            if "FeatureStoreOutput" in value:  # one feature group for all executions
                yield _Place(step.name, f"{path}.FeatureStoreOutput", str(value["FeatureStoreOutput"]))


def _uri(value: Any) -> str:
    """The URI as text, with a mark for the ExecutionId and braces around what is known only at run time."""
    if isinstance(value, str):
        return value.replace(_MARK, "?")
    if value == _ID:
        return _MARK
    if is_function(value) and "Std:Join" in value:
        return str(value["Std:Join"].get("On", "")).join(map(_uri, value["Std:Join"]["Values"]))
    return f"{{{value}}}"


def _prefixes(places: list[_Place]) -> Iterator[Finding]:
    seen: dict[str, _Place] = {}
    bucket = None
    for place in places:
        match = _GOOD.fullmatch(place.text)
        if match is None:
            yield place.finding(f"s3://<models bucket>/{EXECUTIONS_PREFIX}/<{EXECUTION_ID}>/…")
            continue
        if place.key in seen and not _is_shared(place, seen[place.key]):
            yield place.finding(f"a prefix of its own; {seen[place.key].path} has this one")
        seen.setdefault(place.key, place)
        bucket = bucket or match[1]
        if match[1] != bucket:
            yield place.finding(f"the models bucket {bucket}, like the first output")


def _is_shared(place: _Place, earlier: _Place) -> bool:
    """True if a later step adds files to the same output of an earlier one."""
    shared = _SHARED.get((earlier.step, place.step), ())
    return _output_folder(place) in shared and _output_folder(place) == _output_folder(earlier)


def _output_folder(place: _Place) -> str:
    """The output of the layout that is uploaded to this prefix."""
    return "manifest" if place.key.endswith(f"/{_MARK}") else place.key.rpartition("/")[2]


def _read_by_a_channel(definition: Definition, places: list[_Place]) -> Iterator[Finding]:
    """A channel's S3Prefix is a prefix of keys, not a folder: it reads every object whose key starts with it."""
    by_path = {place.path: place for place in places}
    for step in definition.steps:
        for index, channel in enumerate(step.get("InputDataConfig", [])):
            uri = channel.get("DataSource", {}).get("S3DataSource", {}).get("S3Uri", "")  # rule `required` reports its absence
            source = by_path.get(_output_path(definition, uri) or "")
            prefix = source.key if source else _uri(uri).rstrip("/")
            for place in places if prefix.startswith("s3://") else ():
                if place is not source and place.key != prefix and place.key.startswith(prefix):
                    path = step.path_of(f"InputDataConfig[{index}].DataSource.S3DataSource.S3Uri")
                    yield place.finding(f"a prefix that the channel at {path} does not read")


def _output_path(definition: Definition, uri: Any) -> str | None:
    """The path of the output that ``Steps.A.ProcessingOutputConfig.Outputs['b'].S3Output.S3Uri`` refers to."""
    target = uri.get("Get", "") if is_function(uri) else ""
    match = re.fullmatch(r"Steps\.([\w\-]+)\.ProcessingOutputConfig\.Outputs\['([^']+)'\]\.S3Output\.S3Uri", target)
    step = definition.step(match[1]) if match else None
    for index, output in enumerate(step.get("ProcessingOutputConfig.Outputs", []) if match and step else ()):
        if step and match and output["OutputName"] == match[2]:
            return step.path_of(f"ProcessingOutputConfig.Outputs[{index}].S3Output.S3Uri")
    return None


def _registered_files(definition: Definition, places: list[_Place]) -> Iterator[Finding]:
    """The registry refers to files that this execution writes."""
    outputs = [place.key for place in places if not place.key.endswith(_MARK)]
    for step in definition.steps:
        for path, value in objects(step.get("ModelMetrics", {}), step.path_of("ModelMetrics")):
            uri = _uri(value["S3Uri"]) if "S3Uri" in value else None
            if uri is not None and not any(uri.startswith(f"{prefix}/") for prefix in outputs):
                yield _Place(step.name, f"{path}.S3Uri", uri).finding("a file in an output of this execution")


def _container(step: Step) -> Iterator[Finding]:
    """Our container runs its executor with the ExecutionId, and has the inputs and outputs that the layout lists."""
    if step.name not in _CONTAINERS or step.type != "Processing":
        return
    executor, wanted_outputs = _CONTAINERS[step.name]
    given = step.get("AppSpecification.ContainerArguments", [])
    if _FLAG not in given or given[given.index(_FLAG) + 1 :][:1] != [_ID]:
        path = step.path_of("AppSpecification.ContainerArguments")
        yield Finding(_RULE, step.name, path, shown(given), f"allowed: {_FLAG} followed by {_ID}")
    entry = ["python3", f"{INPUT_CODE_DIR}/{executor}"]
    if step.get("AppSpecification.ContainerEntrypoint") != entry:
        path = step.path_of("AppSpecification.ContainerEntrypoint")
        yield Finding(_RULE, step.name, path, shown(step.get("AppSpecification.ContainerEntrypoint")), f"allowed: {entry}")
    folders = {str(item.get("S3Input", {}).get("LocalPath")).rstrip("/") for item in step.get("ProcessingInputs", [])}
    for folder in (INPUT_ASSETS_DIR, INPUT_CODE_DIR):
        if folder not in folders:
            yield Finding(
                _RULE, step.name, step.path_of("ProcessingInputs"), f"without {folder}", "needed: the container reads it"
            )
    outputs = [item["OutputName"] for item in step.get("ProcessingOutputConfig.Outputs", [])]
    for name in wanted_outputs:
        if name not in outputs:
            path = step.path_of(f"ProcessingOutputConfig.Outputs[{name!r}]")
            yield Finding(_RULE, step.name, path, None, "needed: later steps and reports read this output")


def _folders(definition: Definition, step: Step) -> Iterator[Finding]:
    """Each output is uploaded from its own folder, and no input is placed inside an output's folder.

    Source: SageMaker API, ProcessingS3Input: an input's folder is absolute and begins with /opt/ml/processing/.
    """
    seen: dict[str, str] = {}
    for path, folder, is_output in _local_paths(definition, step):
        inside_output = f"{folder.rstrip('/')}/".startswith(f"{OUTPUT_ROOT}/")
        if not folder.startswith(f"{PROCESSING_ROOT}/") or ".." in folder.split("/") or (is_output and not inside_output):
            root = OUTPUT_ROOT if is_output else f"{PROCESSING_ROOT}/"
            yield Finding(_RULE, step.name, path, shown(folder), f"allowed: an absolute path that begins with {root}")
        elif inside_output and not is_output:
            yield Finding(_RULE, step.name, path, shown(folder), f"allowed: a folder outside of {OUTPUT_ROOT}")
        elif folder.rstrip("/") in seen:
            allowed = f"allowed: a folder of its own; {seen[folder.rstrip('/')]} has this one"
            yield Finding(_RULE, step.name, path, shown(folder), allowed)
        seen.setdefault(folder.rstrip("/"), path)


def _local_paths(definition: Definition, step: Step) -> Iterator[tuple[str, str, bool]]:
    """Path, folder and whether it is an output, for each folder that is known before the start."""
    for member, inner, is_output in (
        ("ProcessingOutputConfig.Outputs", "S3Output", True),
        ("ProcessingInputs", "S3Input", False),
    ):
        for index, item in enumerate(step.get(member, [])):
            folder = resolve(definition, item.get(inner, {}).get("LocalPath"))
            if folder is not None and is_known(folder):
                yield step.path_of(f"{member}[{index}].{inner}.LocalPath"), folder, is_output


def check_sections(definition: Definition) -> Iterator[Finding]:
    """A section of the template (VPC, KMS) applies to all jobs and models, or to none."""
    for section in SECTION_SWITCHES:
        places = [(step, member) for step in definition.steps for member in step.kind.sections.get(section, ())]
        missing = [(step, member) for step, member in places if step.get(member) is None]
        for step, member in missing if len(missing) < len(places) else ():
            allowed = f"needed: other jobs and models of this pipeline have {member.rpartition('.')[2]} or a similar member"
            yield Finding("section", step.name, step.path_of(member), None, allowed)
