"""The frozen snapshot on an execution item: canonical JSON text, so that its digest is the same wherever it is computed.

Text rather than a DynamoDB map: DynamoDB's numbers are decimals, and a template that went through them and back is no longer
the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, TypedDict


class AssetVersion(TypedDict):
    """The one version of a price history that an execution may read."""

    Key: str
    VersionId: str
    Sha256: str  # hexadecimal
    Size: int  # bytes


class Snapshot(TypedDict):
    """What an execution was started with, and reads, whatever changes later."""

    Template: dict[str, Any]  # the training template
    Parameters: dict[str, str]  # pipeline parameter -> value, all that were passed at start
    ImageUri: str
    DefinitionDigest: str  # SHA-256 of the canonical JSON of the pipeline definition
    Assets: dict[str, AssetVersion]


def canonical_json(value: object) -> str:
    """The one JSON text of a value: sorted keys, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: object) -> str:
    """SHA-256 (hexadecimal) of the value's canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def to_attribute(snapshot: Snapshot) -> str:
    """The text that stands in the item's ``Snapshot`` attribute."""
    return canonical_json(snapshot)


def from_attribute(text: str) -> Mapping[str, Any]:
    """The snapshot that an item's ``Snapshot`` attribute holds."""
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("an execution's snapshot is one JSON object")
    return value
