"""Rule ``json-get``: what a condition reads from a file will lie there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from pipeline_def.check.definition import Definition, Step, is_function, walk
from pipeline_def.check.finding import Finding, instead, shown

_RULE = "json-get"
_FILE = re.compile(r"Steps\.([A-Za-z0-9_\-]+)\.PropertyFiles\.(.+)")
_FILE_MEMBERS = ("PropertyFileName", "OutputName", "FilePath")
#: Names, dots and whole brackets; what is in the file is known at run time alone.
_JSON_PATH = re.compile(r"(?=.)[^\[\]]*(?:\[[^\[\]]+\][^\[\]]*)*")


def check_json_gets(definition: Definition) -> Iterator[Finding]:
    """Every ``Std:JsonGet`` reads a declared property file of a processing step, which lies in an output that exists."""
    for step in definition.steps:
        for path, value in walk(step.arguments, step.arguments_path):
            if isinstance(value, Mapping) and "Std:JsonGet" in value:
                yield from _json_get_problems(definition, step, f"{path}['Std:JsonGet']", value["Std:JsonGet"])
        yield from _property_file_problems(step)


def property_file(definition: Definition, json_get: Mapping[str, Any]) -> tuple[Step, Mapping[str, Any]] | None:
    """The step and the declaration of the property file that a ``Std:JsonGet`` reads, or None where there is none."""
    match = _FILE.fullmatch(_file_reference(json_get))
    owner = definition.step(match.group(1)) if match else None
    if match is None or owner is None:
        return None
    files = [item for item in property_files(owner) if item.get("PropertyFileName") == match.group(2)]
    return (owner, files[0]) if files else None


def property_files(step: Step) -> list[Mapping[str, Any]]:
    files = step.raw.get("PropertyFiles")
    return [item for item in files if isinstance(item, Mapping)] if isinstance(files, list) else []


def _file_reference(json_get: Mapping[str, Any]) -> str:
    file = json_get.get("PropertyFile")
    return str(file.get("Get")) if isinstance(file, Mapping) else ""


def _json_get_problems(definition: Definition, step: Step, path: str, inner: Any) -> Iterator[Finding]:
    file_path = inner.get("Path") if isinstance(inner, Mapping) else None
    if not isinstance(inner, Mapping) or not isinstance(file_path, str) or not _JSON_PATH.fullmatch(file_path):
        yield Finding(_RULE, step.name, path, shown(inner), "allowed: PropertyFile (or S3Uri) and a Path, not empty")
        return
    if set(inner) not in ({"PropertyFile", "Path"}, {"S3Uri", "Path"}):
        found = shown(sorted(map(str, inner)))
        yield Finding(_RULE, step.name, path, found, "allowed: either PropertyFile or S3Uri, with Path")
        return
    if "S3Uri" in inner:
        uri = inner["S3Uri"]
        if not is_function(uri) and not (isinstance(uri, str) and uri.startswith("s3://")):
            yield Finding(_RULE, step.name, f"{path}.S3Uri", shown(uri) or "null", "allowed: an S3 URI")
        return
    target = _file_reference(inner)
    match = _FILE.fullmatch(target)
    if match is None:
        yield Finding(_RULE, step.name, path, shown(target), "allowed: a PropertyFile Steps.<step>.PropertyFiles.<file>")
        return
    owner = definition.step(match.group(1))
    # Where the step is missing too, the reference rule says so.
    if owner is not None and property_file(definition, inner) is None:
        names = [str(item.get("PropertyFileName")) for item in property_files(owner)]
        allowed = instead(f"a property file of {owner.name}", match.group(2), names)
        yield Finding(_RULE, step.name, f"{path}.PropertyFile", shown(target), allowed)


def _property_file_problems(step: Step) -> Iterator[Finding]:
    config = step.arguments.get("ProcessingOutputConfig")
    raw = config.get("Outputs") if isinstance(config, Mapping) else None
    outputs = [str(item.get("OutputName")) for item in (raw if isinstance(raw, list) else []) if isinstance(item, Mapping)]
    files = step.raw.get("PropertyFiles", [])
    if not isinstance(files, list):
        yield Finding(_RULE, step.name, f"{step.path}.PropertyFiles", shown(files) or "null", "allowed: a list")
    for index, item in enumerate(property_files(step)):
        path = f"{step.path}.PropertyFiles[{index}]"
        for member in item:
            if member not in _FILE_MEMBERS:
                hint = instead("a member of a property file", str(member), _FILE_MEMBERS)
                yield Finding(_RULE, step.name, f"{path}.{member}", shown(str(member)), hint)
        if not isinstance(item.get("PropertyFileName"), str) or not item["PropertyFileName"]:
            yield Finding(_RULE, step.name, f"{path}.PropertyFileName", shown(item.get("PropertyFileName")), "allowed: a name")
        if item.get("OutputName") not in outputs:
            allowed = instead(f"an output of {step.name}", str(item.get("OutputName")), outputs)
            yield Finding(_RULE, step.name, f"{path}.OutputName", shown(item.get("OutputName")), allowed)
        if not is_inside(item.get("FilePath")):
            yield Finding(_RULE, step.name, f"{path}.FilePath", shown(item.get("FilePath")), "allowed: a path in the output")


def is_inside(path: Any) -> bool:
    """Whether a file's path is relative and stays in its folder."""
    return isinstance(path, str) and path != "" and not path.startswith("/") and ".." not in PurePosixPath(path).parts
