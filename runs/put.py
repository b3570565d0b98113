"""What a put into a table that keeps one item a name did to it: it says whether something else was there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Put:
    """``before``: when what was there had been stored (ISO 8601, UTC); empty where nothing was."""

    outcome: Literal["stored", "replaced", "unchanged"]
    before: str = ""


def put_item(table: Any, item: Mapping[str, Any], content: str, stored_at: str) -> Put:
    """Put an item over the one that is there. ``content`` and ``stored_at`` name its attributes: digest and time.

    In one call, so that of two who put at once one is told what the other had stored.
    """
    before = table.put_item(Item=dict(item), ReturnValues="ALL_OLD").get("Attributes")
    if before is None:
        return Put("stored")
    return Put("unchanged" if before.get(content) == item[content] else "replaced", str(before.get(stored_at, "")))
