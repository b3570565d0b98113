"""Parse JSON strictly: no repeated members, no NaN or infinity, bounded nesting. All readers then see the same value."""

from __future__ import annotations

import json
import math
from typing import Any

#: Our files nest about ten levels; the code that walks them is recursive.
MAX_DEPTH = 100


def parse(text: str) -> Any:
    """Return the value of a JSON text.

    Raises:
        ValueError: not JSON, a repeated member, NaN or infinity, or more than MAX_DEPTH levels.
    """
    try:
        value = json.loads(text, object_pairs_hook=_members, parse_constant=_no_number, parse_float=_finite)
    except RecursionError as error:
        raise ValueError(f"nested more than {MAX_DEPTH} levels deep") from error
    if _is_deeper(value, MAX_DEPTH):
        raise ValueError(f"nested more than {MAX_DEPTH} levels deep")
    return value


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"duplicate member: {', '.join(twice)}")
    return members


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is too large a number")
    return number


def _is_deeper(value: Any, levels: int) -> bool:
    layer = [value]
    for _ in range(levels):
        layer = [inner for item in layer for inner in _items(item)]
    return bool(layer)


def _items(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
