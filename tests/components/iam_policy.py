"""What IAM decides by a policy of ours: the part of its language that our policies use; anything else raises.

Source: IAM user guide, "Policy evaluation logic" and "IAM JSON policy elements".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from tests.components.iam_calls import Call

Statement = Mapping[str, Any]


def allowed(statements: Iterable[Statement], call: Call) -> bool:
    """A request is allowed if a statement allows it and no statement denies it."""
    effects = {statement["Effect"] for statement in statements if covers(statement, call)}
    return effects == {"Allow"}


def covers(statement: Statement, call: Call) -> bool:
    """Whether a statement is about the call. IAM compares actions without case, resources with it."""
    unknown = statement.keys() - {"Sid", "Effect", "Action", "Resource", "Condition"}
    if unknown:
        raise ValueError(f"the evaluator does not know {sorted(unknown)}")
    return (
        any(matches(pattern.lower(), call.action.lower()) for pattern in listed(statement["Action"]))
        and any(matches(pattern, call.resource) for pattern in listed(statement["Resource"]))
        and all(_holds(operator, keys, dict(call.context)) for operator, keys in statement.get("Condition", {}).items())
    )


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def matches(pattern: str, text: str) -> bool:
    """``*`` matches any characters, ``?`` exactly one, and all other characters themselves."""
    wildcards = {"*": ".*", "?": "."}
    return re.fullmatch("".join(wildcards.get(char, re.escape(char)) for char in pattern), text, re.DOTALL) is not None


def _holds(operator: str, keys: Mapping[str, str | list[str]], context: Mapping[str, str]) -> bool:
    """A key that the request does not carry fulfils no condition, but those on all values of a key."""
    if operator == "ForAllValues:StringNotLike":
        return not any(
            matches(value, context[key]) for key, values in keys.items() if key in context for value in listed(values)
        )
    if operator not in ("StringEquals", "StringLike", "Bool"):
        raise ValueError(f"the evaluator does not know the condition operator {operator}")
    for key, values in keys.items():
        same = matches if operator == "StringLike" else str.__eq__
        if key not in context or not any(same(value, context[key]) for value in listed(values)):
            return False
    return True
