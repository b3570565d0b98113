"""What the conditions of a policy demand of a request.

An operator that is not listed here demands nothing: ``Null`` may ask for a key to be absent, negated ones and ``…IfExists``
let a request pass that has no such key, and set operators pass on an empty set.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from policies.resources import is_list

DEMANDING = frozenset({"StringEquals", "StringLike", "ArnEquals", "ArnLike", "Bool"})
SOURCE_ACCOUNT = "aws:SourceAccount"
SOURCE_ARN = "aws:SourceArn"
TLS = "aws:SecureTransport"
#: In a Deny both refuse what came without TLS; the second also what does not say how it came.
_TLS_OPERATORS = ("Bool", "BoolIfExists")
WILDCARD = re.compile(r"[*?]")
_ACCOUNT = re.compile(r"[0-9]{12}")

Conditions = Mapping[str, Mapping[str, Any]]


def texts(raw: Any) -> tuple[str, ...]:
    """A value or a list of values as IAM compares them."""
    if raw is None:
        return ()
    return tuple(str(item).lower() if isinstance(item, bool) else str(item) for item in (raw if is_list(raw) else [raw]))


def demanded(conditions: Conditions, key: str) -> tuple[str, ...]:
    """The values that a request must have for the key; none where anything passes."""
    found: list[str] = []
    for operator, keys in conditions.items():
        if operator in DEMANDING:
            found += [value for name, raw in keys.items() if name.lower() == key.lower() for value in texts(raw)]
    return tuple(found) if all(map(_says_something, found)) else ()


def _says_something(value: str) -> bool:
    """Whether a pattern leaves anything out; one of an ARN is taken to where it leaves the account open."""
    if not value.startswith("arn:"):
        return bool(WILDCARD.sub("", value))
    parts = value.split(":", 5)
    return len(parts) == 6 and not WILDCARD.search(parts[4])


def account_of(value: str) -> str | None:
    """The account of an ARN, or of an account's id; None where it names none, or several by a wildcard.

    >>> account_of("arn:aws:events:eu-west-1:123456789012:rule/*"), account_of("arn:aws:events:*:*:rule/*")
    ('123456789012', None)
    """
    parts = value.split(":", 5)
    account = parts[4] if len(parts) == 6 and parts[0] == "arn" else value
    return account if _ACCOUNT.fullmatch(account) else None


def has_source(conditions: Conditions, *further: str) -> bool:
    """Whether a service may come for one account's resources alone: by its id, or by the ARNs in a key that holds them."""
    by_key = (demanded(conditions, key) for key in (SOURCE_ACCOUNT, SOURCE_ARN, *further))
    return any(values and all(map(account_of, values)) for values in by_key)


def asks_for_plain_transport(conditions: Conditions) -> bool:
    """Whether the only condition is that the request did not come over TLS."""
    found = [(operator, key, texts(raw)) for operator, keys in conditions.items() for key, raw in keys.items()]
    if len(found) != 1:
        return False
    operator, key, values = found[0]
    return operator in _TLS_OPERATORS and key.lower() == TLS.lower() and {value.lower() for value in values} == {"false"}


def holds_over_tls(conditions: Conditions) -> bool:
    """Whether every request over TLS meets the conditions: there are none, or they say no more than that it came so."""
    found = [(operator, key.lower(), texts(raw)) for operator, keys in conditions.items() for key, raw in keys.items()]
    meant = {"Null": "false", **dict.fromkeys(_TLS_OPERATORS, "true")}
    return all(key == TLS.lower() and meant.get(operator) in values for operator, key, values in found)
