"""The ``InputPath`` of a target: the part of an event that the target receives."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_PART = re.compile(r"\.(?P<name>[A-Za-z0-9_-]+)|\[(?P<index>\d+)\]|\[(?P<quote>['\"])(?P<key>[^'\"]+)(?P=quote)\]")


def value_at(event: Mapping[str, Any], path: str) -> Any:
    """Return the value at a JSON path (``$.detail.stepName``, ``$.resources[0]``, ``$['detail-type']``), or None.

    Raises ValueError if the path does not begin with ``$`` or has a part of another form: EventBridge accepts no wildcards.
    Source: EventBridge user guide, "Transforming input".
    """
    if not path.startswith("$"):
        raise ValueError(f"InputPath is {path!r}; it must begin with $")
    value: Any = event
    position = 1
    while position < len(path):
        part = _PART.match(path, position)
        if part is None:
            raise ValueError(f"InputPath is {path!r}; cannot read {path[position:]!r}: use .name, [index] or ['name']")
        value = _element(value, int(part["index"])) if part["index"] else _member(value, part["name"] or part["key"])
        position = part.end()
    return value


def _element(value: Any, index: int) -> Any:
    return value[index] if isinstance(value, list) and index < len(value) else None


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else None
