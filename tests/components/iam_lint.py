"""Lints our policy documents with the service authorization data that policy-sentry bundles, so no network is needed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from policy_sentry.querying.actions import get_action_data

from tests.components.iam_policy import listed

#: (what is wrong, the action, the resource or condition key)
Finding = tuple[str, str, str]


@cache
def _rows(action: str) -> list[dict[str, Any]]:
    """One row per resource type of the action, with its ARN format and condition keys; none if AWS has no such action."""
    service, name = action.split(":")
    found = get_action_data(service, name)
    return list(found[service]) if found else []


def findings(document: dict[str, Any]) -> set[Finding]:
    """Everything that IAM would reject, or accept without effect, in a policy document."""
    return {found for statement in document["Statement"] for found in _of_statement(statement)}


def missing_dependencies(document: dict[str, Any]) -> set[tuple[str, str]]:
    """(action, action that AWS says it depends on) if the document allows only the first."""
    allowed = {action for statement in document["Statement"] for action in listed(statement["Action"])}
    return {(action, other) for action in allowed for row in _rows(action) for other in row["dependent_actions"]} - {
        (action, other) for action in allowed for other in allowed
    }


def _of_statement(statement: dict[str, Any]) -> Iterator[Finding]:
    actions, resources = listed(statement["Action"]), listed(statement["Resource"])
    formats = {action: {row["resource_arn_format"] for row in _rows(action)} for action in actions}
    for action in actions:
        named = formats[action] - {"*"}
        if not formats[action]:
            yield "unknown action", action, ""
        elif named and resources == ["*"]:
            yield "could name a resource", action, "*"
        elif resources != ["*"] and not any(_matches(format_, arn) for format_ in named for arn in resources):
            yield "no resource of the action's types", action, " ".join(resources)
        yield from (("unknown condition key", action, key) for key in _unknown_keys(statement, action))
    for arn in set(resources) - {"*"}:
        if not any(_matches(format_, arn) for action in actions for format_ in formats[action]):
            yield "no action is about the resource", " ".join(actions), arn


def _matches(format_: str, arn: str) -> bool:
    """Placeholders match any text; a bucket's name has no slash."""
    parts = re.split(r"(\$\{\w+\})", format_)
    any_text = {"${BucketName}": "[^/]+", "${Region}": "[^:]*", "${Account}": "[^:]*", "${Partition}": "[^:]+"}
    pattern = "".join(any_text.get(part, ".+" if part.startswith("${") else re.escape(part)) for part in parts)
    # `log-group:<name>:*` is how IAM writes the streams of a log group.
    stream = f"{arn.removesuffix('*')}log-stream:x" if arn.endswith(":*") else arn
    return any(re.fullmatch(pattern, text) for text in (arn, stream))


def _unknown_keys(statement: dict[str, Any], action: str) -> set[str]:
    known = {key for row in _rows(action) for key in row["condition_keys"]}
    patterns = [re.escape(key).replace(r"\$\{TagKey\}", ".+") for key in known]
    used = {key for keys in statement.get("Condition", {}).values() for key in keys}
    return {key for key in used if not any(re.fullmatch(pattern, key) for pattern in patterns)}
