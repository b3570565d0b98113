"""Values for a template whose stack is not at hand, read off a deployed definition."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from pipeline_def.diff.exact import exact
from pipeline_def.diff.placeholder_values import PLACEHOLDER, whole_key

_ABSENT = object()
#: Told a key and the value that a deployed definition has in one of its places (or _ABSENT): the value to put there, or None.
_Choice = Callable[[str, Any], Any]


def adopt(filled: Any, deployed: Any) -> tuple[Any, dict[str, Any]]:
    """``filled`` with its placeholders replaced by what a deployed definition has in their places, and these values by key.

    A key stands for one resource, so its value is what most of its places have. Where a place has another the placeholder
    stays, and so does every one of a key whose places have no majority: these show as changes, each at the place it is.
    """
    places: dict[str, list[Any]] = {}

    def note(key: str, here: Any) -> None:
        if here is not _ABSENT:
            places.setdefault(key, []).append(here)

    _rebuilt(filled, deployed, note)
    known = {key: value for key, values in places.items() if (value := _of_most(values)) is not None}

    def choose(key: str, here: Any) -> Any:
        agrees = here is _ABSENT or (key in known and _text(here) == _text(known[key]))
        return known.get(key) if agrees else None

    return _rebuilt(filled, deployed, choose), known


def _of_most(values: list[Any]) -> Any:
    (first, count), *others = Counter(map(_text, values)).most_common(2)
    tied = bool(others) and others[0][1] == count
    return None if tied else next(value for value in values if _text(value) == first)


def _text(value: Any) -> str:
    """One text for one value; the lists that a stack fills in are tags, subnets and security groups, in any order."""
    return exact(value, "Tags")


def _rebuilt(filled: Any, deployed: Any, choose: _Choice) -> Any:
    if isinstance(filled, Mapping):
        there = deployed if isinstance(deployed, Mapping) else {}
        return {name: _rebuilt(value, there.get(name, _ABSENT), choose) for name, value in filled.items()}
    if isinstance(filled, list):
        key = whole_key(filled[0]) if len(filled) == 1 else None
        if key is None:
            return _rebuilt_list(filled, deployed if isinstance(deployed, list) else [], choose)
        chosen = choose(key, deployed if _may_fill(deployed) else _ABSENT)
        return filled if chosen is None else chosen
    return _rebuilt_text(filled, deployed, choose) if isinstance(filled, str) else filled


def _may_fill(value: Any) -> bool:
    return type(value) is int or (isinstance(value, list) and bool(value))


def _rebuilt_list(filled: list[Any], deployed: list[Any], choose: _Choice) -> list[Any]:
    """Items that have a name are matched by it, others by their position."""
    by_name = {_name(item): item for item in deployed if _name(item)}
    by_position = dict(enumerate(deployed))
    return [
        _rebuilt(item, by_name.get(name, _ABSENT) if (name := _name(item)) else by_position.get(index, _ABSENT), choose)
        for index, item in enumerate(filled)
    ]


def _name(item: Any) -> str | None:
    names = ("Name", "OutputName", "InputName", "ChannelName", "PropertyFileName")
    found = [item[name] for name in names if isinstance(item, Mapping) and isinstance(item.get(name), str)]
    return found[0] if found else None


def _rebuilt_text(filled: str, deployed: Any, choose: _Choice) -> str:
    match = _pattern(filled).fullmatch(deployed) if isinstance(deployed, str) else None
    here = match.groupdict() if match else {}
    chosen = {key: choose(key, here.get(f"key_{key}", _ABSENT)) for key in dict.fromkeys(PLACEHOLDER.findall(filled))}
    return PLACEHOLDER.sub(lambda found: found[0] if chosen[found[1]] is None else str(chosen[found[1]]), filled)


def _pattern(filled: str) -> re.Pattern[str]:
    """What a text with placeholders looks like when filled; a key that stands twice in it has one value."""
    parts = PLACEHOLDER.split(filled)
    texts, keys = parts[::2], parts[1::2]
    groups = [f"(?P=key_{key})" if key in keys[:index] else f"(?P<key_{key}>.+?)" for index, key in enumerate(keys)]
    return re.compile("".join(re.escape(text) + group for text, group in zip(texts, [*groups, ""], strict=True)), re.DOTALL)
