"""Values for a template whose stack is not at hand: each key stands for itself, or is read off a deployed definition."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pipeline_def.render import Tags, template_tags

_OPEN, _CLOSE = "«", "»"
_PLACEHOLDER = re.compile(f"{_OPEN}([a-z0-9_]+){_CLOSE}")


def placeholder_values(template: str, *, sections: bool) -> dict[str, Any]:
    """``«key»`` for every key; optional sections on or off."""
    tags = template_tags(template)
    values = _placeholders(tags, None)
    if sections:
        values |= {section: _placeholders(tags, section) for section in tags.sections}
    return values


def _placeholders(tags: Tags, section: str | None) -> dict[str, Any]:
    text = {key: f"{_OPEN}{key}{_CLOSE}" for key in tags.text[section]}
    return text | {key: [f"{_OPEN}{key}{_CLOSE}"] for key in tags.json[section]}


def is_template(text: str) -> bool:
    return "{{" in text


def adopt(filled: Any, deployed: Any) -> Any:
    """``filled`` with its placeholders replaced by what a deployed definition has in their place.

    A key stands for one resource, so the first place that tells its value tells it for all; a place that then disagrees shows
    as a change.
    """
    known: dict[str, Any] = {}
    _bind(filled, deployed, known)
    return _replace(filled, known)


def _bind(filled: Any, deployed: Any, known: dict[str, Any]) -> None:
    if isinstance(filled, Mapping) and isinstance(deployed, Mapping):
        for key, value in filled.items():
            if key in deployed:
                _bind(value, deployed[key], known)
    elif isinstance(filled, list) and len(filled) == 1 and (key := whole_key(filled[0])):
        known.setdefault(key, deployed)
    elif isinstance(filled, list) and isinstance(deployed, list):
        _bind_lists(filled, deployed, known)
    elif isinstance(filled, str) and isinstance(deployed, str):
        _bind_text(filled, deployed, known)


def _bind_lists(filled: list[Any], deployed: list[Any], known: dict[str, Any]) -> None:
    """Items that have a name are matched by it, others by their position."""
    by_name = {_name(item): item for item in deployed if _name(item)}
    for index, item in enumerate(filled):
        other = by_name.get(_name(item)) if _name(item) else (deployed[index] if index < len(deployed) else None)
        if other is not None:
            _bind(item, other, known)


def _name(item: Any) -> str | None:
    names = ("Name", "OutputName", "InputName", "ChannelName", "PropertyFileName")
    found = [item[name] for name in names if isinstance(item, Mapping) and isinstance(item.get(name), str)]
    return found[0] if found else None


def whole_key(value: Any) -> str | None:
    match = _PLACEHOLDER.fullmatch(value) if isinstance(value, str) else None
    return match[1] if match else None


def _bind_text(filled: str, deployed: str, known: dict[str, Any]) -> None:
    keys = _PLACEHOLDER.findall(filled)
    if not keys or len(set(keys)) != len(keys):
        return
    pattern = "(.+?)".join(re.escape(part) for part in _PLACEHOLDER.split(filled)[::2])
    match = re.fullmatch(pattern, deployed, re.DOTALL)
    if match:
        for key, value in zip(keys, match.groups(), strict=True):
            known.setdefault(key, value)


def _replace(value: Any, known: Mapping[str, Any]) -> Any:
    if isinstance(value, Mapping):
        return {key: _replace(item, known) for key, item in value.items()}
    if isinstance(value, list):
        key = whole_key(value[0]) if len(value) == 1 else None
        return known[key] if key is not None and key in known else [_replace(item, known) for item in value]
    if isinstance(value, str):
        return _PLACEHOLDER.sub(lambda match: str(known.get(match[1], match[0])), value)
    return value
