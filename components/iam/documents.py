"""IAM policy documents as canonical JSON text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

VERSION = "2012-10-17"
Document = Mapping[str, Any]


def canonical(statements: Sequence[Document]) -> str:
    """Return the policy document as text. Equal statements give equal text, so a refresh shows no diff."""
    return json.dumps({"Version": VERSION, "Statement": list(statements)}, sort_keys=True, separators=(",", ":"))


def one_or_many(values: Iterable[str]) -> str | list[str]:
    """A string for one value, a sorted list for several: IAM's own form, so a refresh shows no diff."""
    ordered = sorted(set(values))
    return ordered[0] if len(ordered) == 1 else ordered


def tls_only(action: str, *resources: str) -> Document:
    """A statement that denies ``action`` on the resources unless the request uses TLS."""
    return {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": one_or_many(resources),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
