"""Upserts into tables that keep one item per name, and what each one did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from boto3.dynamodb.conditions import Attr
from botocore.exceptions import ClientError


@dataclass(frozen=True)
class Upsert:
    """Result of an upsert. ``before``: when the earlier item had been stored (ISO 8601, UTC); empty for a new item."""

    outcome: Literal["stored", "replaced", "unchanged"]
    before: str = ""


def upsert(table: Any, item: Mapping[str, Any], content: str, stored_at: str) -> Upsert:
    """Store an item over an earlier one. ``content`` and ``stored_at`` name its attributes: digest and time.

    One call reads the old item and writes the new one, so of two writers at the same time one learns what the other stored.
    """
    before = table.put_item(Item=dict(item), ReturnValues="ALL_OLD").get("Attributes")
    if before is None:
        return Upsert("stored")
    return Upsert("unchanged" if before.get(content) == item[content] else "replaced", str(before.get(stored_at, "")))


def insert(table: Any, item: Mapping[str, Any], key: str, content: str, stored_at: str) -> Upsert | None:
    """Store an item unless another one with different content has its key; return None in that case, with nothing written."""
    same_or_new = Attr(key).not_exists() | Attr(content).eq(item[content])
    try:
        before = table.put_item(Item=dict(item), ConditionExpression=same_or_new, ReturnValues="ALL_OLD").get("Attributes")
    except ClientError as error:
        if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
            return None
        raise
    return Upsert("stored") if before is None else Upsert("unchanged", str(before.get(stored_at, "")))
