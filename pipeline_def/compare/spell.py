"""Values of a definition as words: what is evaluated at run time in angle brackets, secrets as stars."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline_def.checks.definition import is_function
from pipeline_def.checks.finding import mask
from pipeline_def.checks.secret_patterns import is_secret

#: List member -> the member of its items that names them. Their order means nothing.
_NAMED_LISTS = {
    "Outputs": "OutputName",
    "ProcessingInputs": "InputName",
    "InputDataConfig": "ChannelName",
    "Tags": "Key",
    "PropertyFiles": "PropertyFileName",
}
#: Lists whose order has a meaning.
_ORDERED = ("ContainerArguments", "ContainerEntrypoint")
_PROPERTY_FILE = re.compile(r"Steps\.([^.]+)\.PropertyFiles\.(.+)")
_STEP_PROPERTY = re.compile(r"Steps\.([^.]+)\.(.+)")

_COMPARISONS = {
    "Equals": "=",
    "GreaterThan": ">",
    "GreaterThanOrEqualTo": "≥",
    "LessThan": "<",
    "LessThanOrEqualTo": "≤",
}


def spell(value: Any) -> str:
    """One value as a person would write it: ``s3://bucket/executions/<ExecutionId>/train``."""
    if is_function(value):
        return _function(value)
    if isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True)


def _function(value: Mapping[str, Any]) -> str:
    (name, inner), *_ = value.items()
    if name == "Get":
        return f"<{_reference(str(inner))}>"
    if name == "Std:Join" and isinstance(inner, Mapping) and isinstance(inner.get("Values"), list):
        parts = [spell(item) for item in inner["Values"]]
        alone = len(parts) == 1 and is_function(inner["Values"][0])
        return f"{parts[0]} as text" if alone else str(inner.get("On", "")).join(parts)
    if name == "Std:JsonGet" and isinstance(inner, Mapping):
        return f"<{inner.get('Path')} in {_json_source(inner)}>"
    return json.dumps(value, sort_keys=True)


def _json_source(inner: Mapping[str, Any]) -> str:
    source = inner.get("PropertyFile")
    target = str(source.get("Get")) if isinstance(source, Mapping) else ""
    match = _PROPERTY_FILE.fullmatch(target)
    return f"{match[1]}'s {match[2]}" if match else spell(inner.get("S3Uri", source))


def _reference(target: str) -> str:
    root, _, rest = target.partition(".")
    match = _STEP_PROPERTY.fullmatch(target)
    if match:
        return f"{match[1]}'s {match[2]}"
    return rest if root == "Parameters" else target


def spell_condition(condition: Any) -> str:
    """A condition as a sentence: ``<threshold in …> ≥ <Training's …>``."""
    if not isinstance(condition, Mapping):
        return spell(condition)
    kind = str(condition.get("Type"))
    if kind in _COMPARISONS:
        return f"{spell(condition.get('LeftValue'))} {_COMPARISONS[kind]} {spell(condition.get('RightValue'))}"
    if kind == "In":
        return f"{spell(condition.get('QueryValue'))} in {spell(condition.get('Values'))}"
    if kind == "Not":
        return f"not ({spell_condition(condition.get('Condition'))})"
    inner = condition.get("Conditions")
    return " or ".join(f"({spell_condition(item)})" for item in (inner if isinstance(inner, list) else []))


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every leaf of a step's arguments: its path, with names in place of positions, and its value in words."""
    name = path.rpartition(".")[2]
    if isinstance(value, Mapping) and not is_function(value):
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        yield from _list_leaves(value, path, name)
    else:
        text = spell(value)
        yield path, mask(text) if is_secret(name, text) else text


def _list_leaves(items: list[Any], path: str, name: str) -> Iterator[tuple[str, str]]:
    key = _NAMED_LISTS.get(name)
    if key and all(isinstance(item, Mapping) and isinstance(item.get(key), str) for item in items):
        for item in items:
            yield from leaves({inner: value for inner, value in item.items() if inner != key}, f"{path}.{item[key]}")
    elif name in _ORDERED:
        yield path, " ".join(_masked(items))
    elif all(is_function(item) or not isinstance(item, (Mapping, list)) for item in items):
        # A set: each value is there or not, wherever it stands.
        yield from ((f"{path}[{text}]", text) for text in sorted({spell(item) for item in items}))
    else:
        for index, item in enumerate(items):
            yield from leaves(item, f"{path}[{index}]")


def _masked(items: list[Any]) -> Iterator[str]:
    """Arguments in order, the value after a secret's flag as stars."""
    flag = ""
    for item in items:
        text = spell(item)
        yield mask(text) if is_secret(flag.lstrip("-"), text) or is_secret("", text) else text
        flag = text if text.startswith("-") else ""


def spell_retries(policies: Any) -> dict[str, str]:
    """Retry policies by the kinds of error they are for."""
    spelled = {}
    for policy in policies if isinstance(policies, list) else []:
        if not isinstance(policy, Mapping):
            continue
        kinds = policy.get("ExceptionType")
        kinds = ", ".join(sorted(str(kind) for kind in kinds)) if isinstance(kinds, list) else str(kinds)
        limit = f"{policy['MaxAttempts']} attempts" if "MaxAttempts" in policy else f"{policy.get('ExpireAfterMin')} minutes"
        interval, rate = policy.get("IntervalSeconds", 1), policy.get("BackoffRate", 2.0)
        spelled[kinds] = f"{limit}, from {interval} s, each {rate:g} times as long" if isinstance(rate, (int, float)) else limit
    return spelled
