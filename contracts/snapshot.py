"""The frozen snapshot on an execution item: canonical JSON text, so its digest is the same on every machine.

It is text and not a DynamoDB map, because DynamoDB's numbers are decimals: a template would not keep the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict


class AssetVersion(TypedDict):
    """The only version of a price history that an execution may read."""

    Key: str
    VersionId: str
    Sha256: str  # hexadecimal
    Size: int  # bytes


class ModelVersion(TypedDict):
    """The only model that a forecast may use, and the files that belong to it."""

    PackageArn: str
    ExecutionId: str  # of the training
    FittedS3Uri: str  # prefix of the files
    Files: dict[str, str]  # file name -> SHA-256 (hexadecimal)
    BestBaseline: str


class Snapshot(TypedDict):
    """The inputs of an execution, frozen at start. Later changes do not affect it."""

    Template: dict[str, Any]  # the training template
    Parameters: dict[str, str]  # pipeline parameter -> value, all that were passed at start
    ImageUri: str
    DefinitionDigest: str  # SHA-256 of the canonical JSON of the pipeline definition
    Assets: dict[str, AssetVersion]
    Model: NotRequired[ModelVersion]  # of a forecast, as is the horizon
    Horizon: NotRequired[int]  # steps, 1 … predictionLength
    AblationOf: NotRequired[str]  # of an ablation: the id of the execution that it is compared with


def canonical_json(value: object) -> str:
    """Return the canonical JSON text of a value: sorted keys, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: object) -> str:
    """Return the SHA-256 (hexadecimal) of the value's canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def to_attribute(snapshot: Snapshot) -> str:
    """Return the text of the item's ``Snapshot`` attribute."""
    return canonical_json(snapshot)


def from_attribute(text: str) -> Mapping[str, Any]:
    """Return the snapshot in an item's ``Snapshot`` attribute.

    Raises:
        ValueError: the text is not a JSON object.
    """
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("the snapshot is not a JSON object")
    return value
