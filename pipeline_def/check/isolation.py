"""Rule ``isolation``: everything an execution writes is under ``executions/<ExecutionId>/``, so that none overwrites another.

It holds for our own pipeline, and for any other that declares the parameter ExecutionId.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.layout import EXECUTIONS_PREFIX
from contracts.parameters import EXECUTION_ID
from contracts.status import PROCESSING_STEP
from pipeline_def.check.definition import FREE_FORM, Definition, walk
from pipeline_def.check.finding import Finding, shown
from pipeline_def.check.local_paths import folder_problems
from pipeline_def.check.references import target_problem

_RULE = "isolation"
_MARK = "\N{BULLET}"
_GOOD = re.compile(rf"s3://([^/]+)/{EXECUTIONS_PREFIX}/{_MARK}(?:/(?!\.\.?(?:/|$))[^/]+)*/?")
_ID = {"Get": f"Parameters.{EXECUTION_ID}"}
_FLAG = "--executionid"


@dataclass(frozen=True)
class Place:
    """Where a step writes, or a channel reads: the URI with a mark for the ExecutionId."""

    step: str
    path: str
    text: str

    @property
    def key(self) -> str:
        return self.text.rstrip("/")

    @property
    def shown(self) -> str | None:
        return shown(self.text.replace(_MARK, f"<{EXECUTION_ID}>"))

    def finding(self, allowed: str) -> Finding:
        return Finding(_RULE, self.step, self.path, self.shown, f"allowed: {allowed}")


def check_isolation(definition: Definition) -> Iterator[Finding]:
    """Outputs carry the ExecutionId, no two share a prefix, and the ExecutionId has no default that two starts could share."""
    parameter = definition.parameter(EXECUTION_ID)
    if parameter is None:
        if definition.contract:
            path = f"$.Parameters[{EXECUTION_ID!r}]"
            yield Finding(_RULE, None, path, None, "needed: a String without default, which every output's prefix holds")
        else:
            return
    elif "DefaultValue" in parameter.raw or parameter.type != "String":
        found = shown(parameter.raw.get("DefaultValue", parameter.type)) or "null"
        yield Finding(_RULE, None, parameter.path, found, "allowed: a String without default: every start names its own")
    places = list(_places(definition))
    yield from _prefixes(places)
    if definition.contract:
        yield from _read_by_a_channel(definition, [place for place in places if _GOOD.fullmatch(place.text)])
        yield from _one_bucket(places)
        yield from _feature_groups(definition)
        yield from folder_problems(definition)
        yield from _told(definition)


def _prefixes(places: list[Place]) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for place in places:
        if not _GOOD.fullmatch(place.text):
            yield place.finding(f"s3://<models bucket>/{EXECUTIONS_PREFIX}/<{EXECUTION_ID}>/…")
        elif place.key in seen:
            yield place.finding(f"its own prefix; {seen[place.key]} has this one")
        seen.setdefault(place.key, place.path)


def _read_by_a_channel(definition: Definition, places: list[Place]) -> Iterator[Finding]:
    """A channel's S3Prefix is a prefix of keys, not a folder: it reads all that starts with it."""
    written = {place.path: place for place in places}
    for step in definition.steps:
        for path, value in walk(step.arguments.get("InputDataConfig"), f"{step.arguments_path}.InputDataConfig"):
            source = value.get("S3DataSource") if isinstance(value, Mapping) else None
            uri = source.get("S3Uri") if isinstance(source, Mapping) else None
            if uri is None:
                continue
            own = _output_path(definition, uri)
            prefix = written[own].key if own in written else _spelled(uri).rstrip("/")
            for place in places if prefix.startswith("s3://") else ():
                if place.path != own and place.key != prefix and place.key.startswith(prefix):
                    yield place.finding(f"a prefix that the channel at {path} does not read")


def _output_path(definition: Definition, uri: Any) -> str | None:
    """The path of the output that a reference such as ``Steps.A.ProcessingOutputConfig.Outputs['b'].S3Output.S3Uri`` means."""
    target = str(uri.get("Get")) if isinstance(uri, Mapping) else ""
    match = re.fullmatch(r"Steps\.([\w\-]+)\.ProcessingOutputConfig\.Outputs\['([^']+)'\]\.S3Output\.S3Uri", target)
    step = definition.step(match.group(1)) if match else None
    if match is None or step is None:
        return None
    for path, value in walk(step.arguments.get("ProcessingOutputConfig"), f"{step.arguments_path}.ProcessingOutputConfig"):
        if isinstance(value, Mapping) and value.get("OutputName") == match.group(2):
            return f"{path}.S3Output.S3Uri"
    return None


def _one_bucket(places: list[Place]) -> Iterator[Finding]:
    buckets = {place.path: match.group(1) for place in places if (match := _GOOD.fullmatch(place.text))}
    most = Counter(buckets.values()).most_common(1)
    for place in places:
        if place.path in buckets and buckets[place.path] != most[0][0]:
            yield place.finding(f"the models bucket, {most[0][0]}, as all others")


def _feature_groups(definition: Definition) -> Iterator[Finding]:
    """A feature group is one for all executions, and none of them can be told apart in it."""
    for step in definition.steps:
        for path, value in walk(step.arguments.get("ProcessingOutputConfig"), f"{step.arguments_path}.ProcessingOutputConfig"):
            if isinstance(value, Mapping) and "FeatureStoreOutput" in value:
                found = shown(value["FeatureStoreOutput"]) or "null"
                allowed = "allowed: none; all executions would write to one feature group"
                yield Finding(_RULE, step.name, f"{path}.FeatureStoreOutput", found, allowed)


def _told(definition: Definition) -> Iterator[Finding]:
    """The container is told the ExecutionId that its outputs are under."""
    step = definition.step(PROCESSING_STEP)
    application = step.arguments.get("AppSpecification") if step else None
    if step is None or not isinstance(application, Mapping):
        return
    told = application.get("ContainerArguments")
    told = told if isinstance(told, list) else []
    value = told[told.index(_FLAG) + 1 : told.index(_FLAG) + 2] if _FLAG in told else []
    target = value[0].get("Get") if value and isinstance(value[0], Mapping) else None
    if value != [_ID] and not (isinstance(target, str) and target_problem(definition, target)):
        path = f"{step.arguments_path}.AppSpecification.ContainerArguments"
        yield Finding(_RULE, step.name, path, shown(told), f"allowed: {_FLAG} followed by {_ID}")


def _places(definition: Definition) -> Iterator[Place]:
    for step in definition.steps:
        for path, uri in _written(step.arguments, step.arguments_path):
            yield Place(step.name, path, _spelled(uri))


def _written(arguments: Any, root: str) -> Iterator[tuple[str, Any]]:
    for path, value in walk(arguments, root):
        if not isinstance(value, Mapping):
            continue
        for member in ("S3OutputPath", "OutputS3Uri"):
            if member in value and not path.endswith(FREE_FORM):
                yield f"{path}.{member}", value[member]
        for member in ("S3Output", "CheckpointConfig"):
            inner = value.get(member)
            if isinstance(inner, Mapping) and "S3Uri" in inner:
                yield f"{path}.{member}.S3Uri", inner["S3Uri"]


def _spelled(value: Any) -> str:
    """The URI as text, with a mark where the ExecutionId goes and braces around what else is known at run time alone."""
    if isinstance(value, str):
        return value.replace(_MARK, "?")
    if value == _ID:
        return _MARK
    join = value.get("Std:Join") if isinstance(value, Mapping) else None
    if isinstance(join, Mapping) and isinstance(join.get("Values"), list):
        return str(join.get("On", "")).join(_spelled(item) for item in join["Values"])
    return f"{{{value}}}"
