"""Folders of a processing container: where its inputs are laid (rule ``arguments``), and that none is in another's way.

The second is asked of our own pipeline, in the rule ``isolation``: what lies in an output's folder is uploaded as that output.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from contracts.layout import OUTPUT_ROOT, PROCESSING_ROOT
from pipeline_def.check.definition import Definition, Step, walk
from pipeline_def.check.finding import Finding, shown
from pipeline_def.check.resolve import SampleText, resolve

_RULE = "isolation"


def input_path_problems(definition: Definition, step: Step) -> Iterator[tuple[str, Any, str]]:
    """Member, value and what is allowed. Source: SageMaker API, ProcessingS3Input and DatasetDefinition."""
    for member, path, folder in _inputs(definition, step):
        parts = folder.split("/")
        if member == "S3Input" and (not folder.startswith(f"{PROCESSING_ROOT}/") or ".." in parts):
            yield path, folder, f"allowed: an absolute path that begins with {PROCESSING_ROOT}/"
        elif not folder.startswith("/") or ".." in parts:
            yield path, folder, "allowed: an absolute path"


def folder_problems(definition: Definition) -> Iterator[Finding]:
    """Each output is uploaded from a folder of its own among the container's outputs; each input is laid outside of these."""
    for step in definition.steps:
        seen: dict[str, str] = {}
        for path, folder in _outputs(step):
            if not folder.startswith(f"{OUTPUT_ROOT}/") or ".." in folder.split("/"):
                yield Finding(_RULE, step.name, path, shown(folder), f"allowed: a folder in {OUTPUT_ROOT}")
            else:
                yield from _taken(step, path, folder, seen)
            seen.setdefault(folder.rstrip("/"), path)
        for _, member, folder in _inputs(definition, step):
            path = f"{step.arguments_path}.{member}"
            if f"{folder.rstrip('/')}/".startswith(f"{OUTPUT_ROOT}/"):
                yield Finding(_RULE, step.name, path, shown(folder), f"allowed: a folder outside of {OUTPUT_ROOT}")
            else:
                yield from _taken(step, path, folder, seen)
            seen.setdefault(folder.rstrip("/"), path)


def _taken(step: Step, path: str, folder: str, seen: Mapping[str, str]) -> Iterator[Finding]:
    if (key := folder.rstrip("/")) in seen:
        yield Finding(_RULE, step.name, path, shown(folder), f"allowed: its own folder; {seen[key]} has this one")


def _inputs(definition: Definition, step: Step) -> Iterator[tuple[str, str, str]]:
    """Kind, path below the arguments, and folder of each input whose folder is known."""
    items = step.arguments.get("ProcessingInputs")
    for index, item in enumerate(items if isinstance(items, list) else []):
        for kind in ("S3Input", "DatasetDefinition"):
            inner = item.get(kind) if isinstance(item, Mapping) else None
            folder = resolve(definition, inner.get("LocalPath")) if isinstance(inner, Mapping) else None
            if isinstance(folder, str) and not isinstance(folder, SampleText):
                yield kind, f"ProcessingInputs[{index}].{kind}.LocalPath", folder


def _outputs(step: Step) -> Iterator[tuple[str, str]]:
    """Path and folder of each output."""
    for path, value in walk(step.arguments.get("ProcessingOutputConfig"), f"{step.arguments_path}.ProcessingOutputConfig"):
        inner = value.get("S3Output") if isinstance(value, Mapping) else None
        folder = inner.get("LocalPath") if isinstance(inner, Mapping) else None
        if isinstance(folder, str):
            yield f"{path}.S3Output.LocalPath", folder
