"""The conditions of a Condition step. All of a step's conditions must hold (they are joined by and)."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from local_run.emulator.pipelines.errors import StepFailedError

Resolver = Callable[[Any], Any]

_ORDERED: Mapping[str, Callable[[Any, Any], bool]] = {
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}
CONDITION_TYPES = ("Equals", *_ORDERED, "In", "Not", "Or")


def all_hold(conditions: Sequence[Mapping[str, Any]], resolver: Resolver) -> bool:
    """Return whether all conditions hold. All are evaluated, so a false one never hides an invalid one."""
    return all([holds(condition, resolver) for condition in conditions])


def holds(condition: Mapping[str, Any], resolver: Resolver) -> bool:
    """Return whether a condition holds. ``resolver`` returns the value of an expression."""
    kind = str(condition.get("Type"))
    if kind == "Not":
        return not holds(condition["Condition"], resolver)
    if kind == "Or":
        return any([holds(item, resolver) for item in condition["Conditions"]])
    if kind == "In":
        wanted = resolver(condition["QueryValue"])
        return any([_equal(wanted, resolver(item)) for item in condition["Values"]])
    if kind == "Equals":
        return _equal(resolver(condition["LeftValue"]), resolver(condition["RightValue"]))
    if kind in _ORDERED:
        left, right = resolver(condition["LeftValue"]), resolver(condition["RightValue"])
        if not (_is_number(left) and _is_number(right)):
            raise StepFailedError(f"ClientError: {kind} compares numbers, not {left!r} with {right!r}")
        return _ORDERED[kind](left, right)
    raise StepFailedError(f"ClientError: unknown condition type {kind!r}; known: {', '.join(CONDITION_TYPES)}")


def _equal(left: Any, right: Any) -> bool:
    if (_is_number(left) and _is_number(right)) or type(left) is type(right):
        return bool(left == right)
    raise StepFailedError(f"ClientError: {left!r} and {right!r} have different types and cannot be compared")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
