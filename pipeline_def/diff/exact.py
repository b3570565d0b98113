"""One text for one meaning: what order does not mean is sorted away, and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

#: Lists whose order means nothing. The order of any other list counts: arguments, a join's values, a model's containers.
_UNORDERED = re.compile(
    r"Parameters|Steps|IfSteps|ElseSteps|DependsOn|Conditions|PropertyFiles|ExceptionType|EnumValues"
    r"|Outputs|ProcessingInputs|InputDataConfig|Tags|Subnets|SecurityGroupIds|Supported\w+|AttributeNames|InstanceGroupNames"
)
_RETRIES = "RetryPolicies"

T = TypeVar("T")


def exact(value: Any, name: str = "") -> str:
    """The text of a value that stands under a name: equal for two values if, and only if, they mean the same."""
    return _text(_sorted_away(value, name))


def is_unordered(name: str) -> bool:
    return _UNORDERED.fullmatch(name) is not None


def numbered(pairs: Iterable[tuple[str, T]], key: Callable[[T], str]) -> dict[str, T]:
    """Things by name; of several with one name all but the first, by ``key``, have a number: ``Training (2)``."""
    groups: dict[str, list[T]] = {}
    for name, thing in pairs:
        groups.setdefault(name, []).append(thing)
    return {
        name if number == 1 else f"{name} ({number})": thing
        for name, group in groups.items()
        for number, thing in enumerate(sorted(group, key=key) if len(group) > 1 else group, start=1)
    }


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _sorted_away(value: Any, name: str) -> Any:
    if isinstance(value, Mapping):
        return {key: _sorted_away(item, key) for key, item in value.items()}
    if isinstance(value, list):
        items = [_sorted_away(item, "") for item in value]
        return sorted(items, key=_text) if is_unordered(name) or (name == _RETRIES and _apart(items)) else items
    return value


def _apart(policies: list[Any]) -> bool:
    """Whether no kind of error is in two policies: only then it is the same which stands first."""
    kinds = [kind for policy in policies if isinstance(policy, Mapping) for kind in _kinds(policy.get("ExceptionType"))]
    return len(set(kinds)) == len(kinds)


def _kinds(value: Any) -> list[str]:
    return [str(kind) for kind in value] if isinstance(value, list) else [str(value)]
