"""Evaluation of bucket policies. It replaces that of moto 5, which ignores most conditions.

moto supports only the condition operator ``StringEquals`` and treats all others as satisfied. The usual TLS-only statement
(``Deny`` if ``aws:SecureTransport`` is ``false``) therefore denies every GetObject, HeadObject and DeleteObjects, even over
TLS. moto also denies access if the condition of a ``Deny`` does *not* hold. Here, such a statement does not apply, as on AWS.
Loopback traffic never leaves the machine and counts as TLS, so ``aws:SecureTransport`` is ``true``.

Source: IAM user guide, "Policy evaluation logic" and "IAM JSON policy elements: Condition operators".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moto.iam.access_control import IAMPolicyStatement, PermissionResult

REQUEST_CONTEXT = {"aws:SecureTransport": "true"}


def permission(policy: Mapping[str, Any], action: str, resource: str, context: Mapping[str, str]) -> Any:
    """Return the ``PermissionResult`` of an action on an object's ARN. A denial takes precedence over a permission."""
    statements = policy["Statement"]
    result = PermissionResult.NEUTRAL
    for statement in statements if isinstance(statements, list) else [statements]:
        if not _holds(statement.get("Condition", {}), context):
            continue
        unconditional = {key: value for key, value in statement.items() if key != "Condition"}
        outcome = IAMPolicyStatement(unconditional).is_action_permitted(action, resource)
        if outcome == PermissionResult.DENIED:
            return outcome
        if outcome == PermissionResult.PERMITTED:
            result = outcome
    return result


def _holds(condition: Mapping[str, Mapping[str, Any]], context: Mapping[str, str]) -> bool:
    """Return whether all operators of the condition hold. Keys without a value in the emulator count as absent."""
    return all(
        _operator_holds(operator, context.get(key), expected)
        for operator, tests in condition.items()
        for key, expected in tests.items()
    )


def _operator_holds(operator: str, actual: str | None, expected: Any) -> bool:
    base = operator.removesuffix("IfExists")
    if actual is None:
        # An absent key satisfies only negated operators and ...IfExists.
        return base != operator or base.startswith(("StringNot", "NumericNot", "DateNot", "ArnNot", "NotIpAddress"))
    allowed = [str(value).lower() for value in (expected if isinstance(expected, list) else [expected])]
    matches = actual.lower() in allowed
    return not matches if base.startswith("StringNot") else matches


def bucket_permission(bucket: Any, action: str, resource: str) -> Any:
    """Replace ``get_permission`` of moto's bucket."""
    if bucket.policy is None:
        return PermissionResult.NEUTRAL
    return permission(json.loads(bucket.policy.decode()), action, resource, REQUEST_CONTEXT)
