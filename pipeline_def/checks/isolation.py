"""Rule ``isolation``: everything an execution writes is under ``executions/<ExecutionId>/``, so that none overwrites another.

It holds for definitions that declare the parameter ExecutionId, as ours does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from contracts.layout import EXECUTIONS_PREFIX
from contracts.parameters import EXECUTION_ID
from pipeline_def.checks.definition import Definition, walk
from pipeline_def.checks.finding import Finding, shown

_MARK = "\N{BULLET}"
_GOOD = re.compile(rf"s3://[^/]+/{EXECUTIONS_PREFIX}/{_MARK}(?:/[^/]+)*/?")


def check_isolation(definition: Definition) -> Iterator[Finding]:
    """Outputs carry the ExecutionId, no two share a prefix, and the ExecutionId has no default that two starts could share."""
    parameter = definition.parameter(EXECUTION_ID)
    if parameter is None:
        return
    if "DefaultValue" in parameter.raw or parameter.type != "String":
        found = shown(parameter.raw.get("DefaultValue", parameter.type))
        yield Finding("isolation", None, parameter.path, found, "allowed: a String without default: every start names its own")
    seen: dict[str, str] = {}
    for step in definition.steps:
        for path, uri in _written(step.arguments, step.arguments_path):
            text = _spelled(uri)
            if not _GOOD.fullmatch(text):
                allowed = f"allowed: s3://<models bucket>/{EXECUTIONS_PREFIX}/<ExecutionId>/…"
                yield Finding("isolation", step.name, path, shown(text.replace(_MARK, "<ExecutionId>")), allowed)
            elif text.rstrip("/") in seen:
                found = shown(text.replace(_MARK, "<ExecutionId>"))
                yield Finding(
                    "isolation", step.name, path, found, f"allowed: its own prefix; {seen[text.rstrip('/')]} has this one"
                )
            seen.setdefault(text.rstrip("/"), path)


def _written(arguments: Any, root: str) -> Iterator[tuple[str, Any]]:
    for path, value in walk(arguments, root):
        if not isinstance(value, Mapping):
            continue
        if "S3OutputPath" in value:
            yield f"{path}.S3OutputPath", value["S3OutputPath"]
        for member in ("S3Output", "CheckpointConfig"):
            inner = value.get(member)
            if isinstance(inner, Mapping) and "S3Uri" in inner:
                yield f"{path}.{member}.S3Uri", inner["S3Uri"]


def _spelled(value: Any) -> str:
    """The URI as text, with a mark where the ExecutionId goes and braces around what else is known at run time alone."""
    if isinstance(value, str):
        return value.replace(_MARK, "?")
    if isinstance(value, Mapping) and value.get("Get") == f"Parameters.{EXECUTION_ID}":
        return _MARK
    join = value.get("Std:Join") if isinstance(value, Mapping) else None
    if isinstance(join, Mapping) and isinstance(join.get("Values"), list):
        return str(join.get("On", "")).join(_spelled(item) for item in join["Values"])
    return f"{{{value}}}"
