"""The expressions of a pipeline definition: ``Get``, ``Std:Join`` and ``Std:JsonGet``, found and resolved.

An expression is a JSON object with exactly one key, and that key one of the three; every other object is data. Source: the
SageMaker SDK's own output (``workflow.functions``, ``workflow.properties``) and the developer guide's pages on pipelines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from local_run.emulator.pipelines.errors import StepFailedError

GET, JOIN, JSON_GET = "Get", "Std:Join", "Std:JsonGet"
_FUNCTION = re.compile(r"Std:.*")
_PART = re.compile(r"\.?([A-Za-z0-9_:\-]+)|\[(\d+)\]|\[(['\"])(.*?)\3\]")


class Scope(Protocol):
    """Values of references while a step runs."""

    def parameter(self, name: str) -> Any: ...

    def execution_variable(self, name: str) -> Any: ...

    def step_properties(self, step: str) -> Mapping[str, Any]: ...

    def property_file(self, step: str, name: str) -> Any:
        """Return the parsed content of a step's property file."""

    def json_object(self, s3_uri: str) -> Any:
        """Return the parsed content of a JSON object in S3."""


def expression_kind(value: Any) -> str | None:
    """Return the kind of expression; None for data. Unknown ``Std:`` functions are expressions, so they are rejected."""
    if isinstance(value, Mapping) and len(value) == 1:
        key = next(iter(value))
        if key == GET and isinstance(value[key], str):
            return GET
        if isinstance(key, str) and _FUNCTION.fullmatch(key):
            return key
    return None


def references(value: Any) -> Iterator[str]:
    """Yield the paths of all ``Get`` expressions in the value."""
    if expression_kind(value) == GET:
        yield value[GET]
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def unknown_functions(value: Any) -> Iterator[str]:
    """Yield all unknown ``Std:`` functions in the value."""
    kind = expression_kind(value)
    if kind is not None and kind not in (GET, JOIN, JSON_GET):
        yield kind
    for item in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from unknown_functions(item)


def resolve(value: Any, scope: Scope) -> Any:
    """Return the value with all expressions evaluated.

    Raises:
        StepFailedError: an expression has no value.
    """
    kind = expression_kind(value)
    if kind == GET:
        return _get(value[GET], scope)
    if kind == JOIN:
        return _join(value[JOIN], scope)
    if kind == JSON_GET:
        return _json_get(value[JSON_GET], scope)
    if kind is not None:
        raise StepFailedError(f"ClientError: unknown function {kind}; known: {JOIN}, {JSON_GET}")
    if isinstance(value, Mapping):
        return {key: resolve(item, scope) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve(item, scope) for item in value]
    return value


def follow(root: Any, path: str, where: str) -> Any:
    """Return the value at a path such as ``A.B[0].C``, ``Outputs['train'].S3Output.S3Uri`` or ``$.a.b``.

    A list indexed by text is searched for the element that has that name: SageMaker's lists of outputs, channels and
    metrics are read so.
    """
    value, position = root, 0
    path = path.removeprefix("$")
    while position < len(path):
        match = _PART.match(path, position)
        if match is None:
            raise StepFailedError(f"ClientError: {where} is not a path at {path[position:]!r}")
        name, index, _, key = match.groups()
        value = _element(value, int(index)) if index is not None else _member(value, name if name is not None else key)
        if value is _MISSING:
            raise StepFailedError(f"ClientError: {where} does not exist: nothing at {path[: match.end()]!r}")
        position = match.end()
    return value


_MISSING = object()


def _element(value: Any, index: int) -> Any:
    return value[index] if isinstance(value, list) and index < len(value) else _MISSING


def _member(value: Any, name: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(name, _MISSING)
    if isinstance(value, list):
        return next((item for item in value if isinstance(item, Mapping) and _is_named(item, name)), _MISSING)
    return _MISSING


def _is_named(item: Mapping[str, Any], name: str) -> bool:
    return any(key.endswith("Name") and value == name for key, value in item.items())


def _get(path: str, scope: Scope) -> Any:
    root, _, rest = path.partition(".")
    if root == "Parameters":
        return scope.parameter(rest)
    if root == "Execution":
        return scope.execution_variable(rest)
    if root == "Steps":
        step, _, property_path = rest.partition(".")
        return follow(scope.step_properties(step), property_path, path)
    raise StepFailedError(f"ClientError: unknown reference {path!r}; it begins with Parameters, Execution or Steps")


def _join(arguments: Mapping[str, Any], scope: Scope) -> str:
    return str(arguments.get("On", "")).join(as_text(resolve(item, scope)) for item in arguments["Values"])


def as_text(value: Any) -> str:
    """Return a value as text for a joined string: booleans as ``true`` and ``false``, numbers as in JSON."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    raise StepFailedError(f"ClientError: {JOIN} joins text, numbers and booleans, not {type(value).__name__}")


def _json_get(arguments: Mapping[str, Any], scope: Scope) -> Any:
    path = arguments["Path"]
    if "S3Uri" in arguments:
        uri = str(resolve(arguments["S3Uri"], scope))
        return follow(scope.json_object(uri), path, f"{path} in {uri}")
    reference = arguments["PropertyFile"][GET]
    parts = reference.split(".")
    if len(parts) != 4 or parts[0] != "Steps" or parts[2] != "PropertyFiles":
        raise StepFailedError(f"ClientError: {reference!r} is not Steps.<step>.PropertyFiles.<name>")
    return follow(scope.property_file(parts[1], parts[3]), path, f"{path} in property file {parts[3]} of step {parts[1]}")
