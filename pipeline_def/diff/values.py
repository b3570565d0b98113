"""Values of a definition, as exact text to compare and as words to show."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline_def.check.definition import is_function
from pipeline_def.check.finding import mask, masked_arguments
from pipeline_def.check.secret_patterns import is_secret

#: Lists whose order means nothing. The order of all other lists counts: arguments, the values of a join, containers.
_UNORDERED = re.compile(
    r"Parameters|Steps|IfSteps|ElseSteps|DependsOn|Conditions|PropertyFiles|ExceptionType|EnumValues"
    r"|Outputs|ProcessingInputs|InputDataConfig|Tags|Subnets|SecurityGroupIds|Supported\w+|AttributeNames|InstanceGroupNames"
)
_PROPERTY_FILE = re.compile(r"Steps\.([^.]+)\.PropertyFiles\.(.+)")
_STEP_PROPERTY = re.compile(r"Steps\.([^.]+)\.(.+)")
_COMPARISONS = {
    "Equals": "=",
    "GreaterThan": ">",
    "GreaterThanOrEqualTo": "≥",
    "LessThan": "<",
    "LessThanOrEqualTo": "≤",
}


@dataclass(frozen=True)
class Leaf:
    """One value. Two leaves differ if ``exact`` does; ``words`` are shown, masked if ``hidden``."""

    exact: str
    words: str
    hidden: bool = False


def leaf(name: str, value: Any, words: str | None = None) -> Leaf:
    """The leaf of a value with a name, in the words of :func:`spell` or the given ones."""
    text = spell(value) if words is None else words
    exactly = exact(value, name)
    hidden = is_secret(name, text) or (not isinstance(value, str) and is_secret("", exactly))
    return Leaf(exactly, mask(text) if hidden else text, hidden)


def both_sides(old: Leaf | None, new: Leaf | None) -> tuple[str | None, str | None]:
    """Words for both sides of a change; if they are equal, the JSON, which shows types and quotes."""
    if old is None or new is None or old.words != new.words:
        return old.words if old else None, new.words if new else None
    if old.hidden or new.hidden:
        return old.words, f"{new.words}, another value"
    return old.exact, new.exact


def exact(value: Any, name: str = "") -> str:
    """The canonical text of a value; equal for two values exactly if they mean the same."""
    return _text(_sorted(value, name))


def is_unordered(name: str) -> bool:
    return _UNORDERED.fullmatch(name) is not None


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _sorted(value: Any, name: str) -> Any:
    if isinstance(value, Mapping):
        return {key: _sorted(item, key) for key, item in value.items()}
    if isinstance(value, list):
        items = [_sorted(item, "") for item in value]
        return sorted(items, key=_text) if is_unordered(name) or (name == "RetryPolicies" and have_own_errors(items)) else items
    return value


def have_own_errors(policies: list[Any]) -> bool:
    """True if no error occurs in two retry policies; only then is their order irrelevant."""
    errors = [error for policy in policies for error in _errors(policy)]
    return len(set(errors)) == len(errors)


def _errors(policy: Any) -> list[str]:
    errors = policy.get("ExceptionType") if isinstance(policy, Mapping) else None
    return [str(error) for error in errors] if isinstance(errors, list) else [str(errors)]


def spell(value: Any) -> str:
    """A value in readable form: ``s3://bucket/executions/<ExecutionId>/train``."""
    if is_function(value):
        return _function(value)
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _function(value: Mapping[str, Any]) -> str:
    ((name, inner),) = value.items()
    if name == "Get":
        return f"<{_reference(str(inner))}>"
    if name == "Std:Join" and isinstance(inner, Mapping) and isinstance(inner.get("Values"), list):
        parts = [spell(item) for item in inner["Values"]]
        is_conversion = len(parts) == 1 and is_function(inner["Values"][0])
        return f"{parts[0]} as text" if is_conversion else str(inner.get("On", "")).join(parts)
    if name == "Std:JsonGet" and isinstance(inner, Mapping):
        file = inner.get("PropertyFile")
        match = _PROPERTY_FILE.fullmatch(str(file.get("Get")) if isinstance(file, Mapping) else "")
        source = f"{match[1]}'s {match[2]}" if match else spell(inner.get("S3Uri", file))
        return f"<{inner.get('Path')} in {source}>"
    return json.dumps(value, sort_keys=True)


def _reference(target: str) -> str:
    root, _, rest = target.partition(".")
    match = _STEP_PROPERTY.fullmatch(target)
    if match:
        return f"{match[1]}'s {match[2]}"
    return rest if root == "Parameters" else target


def spell_condition(condition: Any) -> str:
    """A condition as a sentence: ``<threshold in …> ≥ <Training's …>``."""
    sign = _COMPARISONS.get(str(condition.get("Type"))) if isinstance(condition, Mapping) else None
    return f"{spell(condition.get('LeftValue'))} {sign} {spell(condition.get('RightValue'))}" if sign else spell(condition)


def spell_policy(policy: Mapping[str, Any]) -> tuple[str, str]:
    """The errors that a retry policy is for, and what it does."""
    limit = f"{policy['MaxAttempts']} attempts" if "MaxAttempts" in policy else f"{policy.get('ExpireAfterMin')} minutes"
    interval, rate = policy.get("IntervalSeconds", 1), policy.get("BackoffRate", 2.0)
    pause = f", first after {interval} s, then {rate:g} times as long each time" if isinstance(rate, (int, float)) else ""
    return ", ".join(sorted(_errors(policy))), limit + pause


def spell_list(items: Iterable[Any]) -> tuple[str, bool]:
    """A list in order, and whether something in it is masked: a secret, or the value of a flag such as ``--password``."""
    plain = [spell(item) for item in items]
    shown = list(masked_arguments(plain))
    return " ".join(shown), shown != plain
