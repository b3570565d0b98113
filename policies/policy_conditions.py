"""The requirements that the conditions of a policy statement put on a request.

Only the operators in ``REQUIRING`` count. ``Null`` can require that a key is absent, negated operators and ``…IfExists``
accept a request without the key, and set operators accept an empty set.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from policies.resources import is_list

REQUIRING = frozenset({"StringEquals", "StringLike", "ArnEquals", "ArnLike", "Bool"})
SOURCE_ACCOUNT = "aws:SourceAccount"
SOURCE_ARN = "aws:SourceArn"
TLS = "aws:SecureTransport"
#: In a Deny, both reject requests without TLS; ``BoolIfExists`` also rejects requests without this key.
_TLS_OPERATORS = ("Bool", "BoolIfExists")
WILDCARD = re.compile(r"[*?]")
_ACCOUNT = re.compile(r"[0-9]{12}")

Conditions = Mapping[str, Mapping[str, Any]]


def as_strings(raw: Any) -> tuple[str, ...]:
    """Return one value or a list of values as the strings that IAM compares."""
    if raw is None:
        return ()
    return tuple(str(item).lower() if isinstance(item, bool) else str(item) for item in (raw if is_list(raw) else [raw]))


def required_values(conditions: Conditions, key: str) -> tuple[str, ...]:
    """Return the values that a request must have for a condition key, or none if a pattern accepts any value."""
    found: list[str] = []
    for operator, keys in conditions.items():
        if operator in REQUIRING:
            found += [value for name, raw in keys.items() if name.lower() == key.lower() for value in as_strings(raw)]
    return tuple(found) if all(map(_restricts, found)) else ()


def _restricts(pattern: str) -> bool:
    """Whether a pattern excludes anything; the pattern of an ARN must name the account."""
    if not pattern.startswith("arn:"):
        return bool(WILDCARD.sub("", pattern))
    parts = pattern.split(":", 5)
    return len(parts) == 6 and not WILDCARD.search(parts[4])


def account_of(value: str) -> str | None:
    """Return the account of an ARN or account id, or None if there is no account or a wildcard in its place.

    >>> account_of("arn:aws:events:eu-west-1:123456789012:rule/*"), account_of("arn:aws:events:*:*:rule/*")
    ('123456789012', None)
    """
    parts = value.split(":", 5)
    account = parts[4] if len(parts) == 6 and parts[0] == "arn" else value
    return account if _ACCOUNT.fullmatch(account) else None


def has_source(conditions: Conditions, *further_keys: str) -> bool:
    """Whether a service may act only for resources of named accounts, by account id or by a key that contains an ARN."""
    by_key = (required_values(conditions, key) for key in (SOURCE_ACCOUNT, SOURCE_ARN, *further_keys))
    return any(values and all(map(account_of, values)) for values in by_key)


def matches_only_plain_requests(conditions: Conditions) -> bool:
    """Whether the only condition is that the request did not use TLS."""
    found = _flat(conditions)
    if len(found) != 1:
        return False
    operator, key, values = found[0]
    return operator in _TLS_OPERATORS and key == TLS.lower() and {value.lower() for value in values} == {"false"}


def matches_every_tls_request(conditions: Conditions) -> bool:
    """Whether every request over TLS meets the conditions: there are none, or they only require TLS."""
    meant = {"Null": "false", **dict.fromkeys(_TLS_OPERATORS, "true")}
    return all(key == TLS.lower() and meant.get(operator) in values for operator, key, values in _flat(conditions))


def _flat(conditions: Conditions) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(operator, key.lower(), as_strings(raw)) for operator, keys in conditions.items() for key, raw in keys.items()]
