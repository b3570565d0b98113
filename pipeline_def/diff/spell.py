"""Values of a definition as words: what is evaluated at run time in angle brackets."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from pipeline_def.check.definition import is_function

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


def spell_policy(policy: Mapping[str, Any]) -> tuple[str, str]:
    """The kinds of error that a retry policy is for, and what it does about them."""
    kinds = policy.get("ExceptionType")
    named = ", ".join(sorted(str(kind) for kind in kinds)) if isinstance(kinds, list) else str(kinds)
    limit = f"{policy['MaxAttempts']} attempts" if "MaxAttempts" in policy else f"{policy.get('ExpireAfterMin')} minutes"
    interval, rate = policy.get("IntervalSeconds", 1), policy.get("BackoffRate", 2.0)
    return named, f"{limit}, from {interval} s, each {rate:g} times as long" if isinstance(rate, (int, float)) else limit
