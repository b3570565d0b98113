"""Write the authored definition as a mustache template: keys for placeholders, sections for optional members.

Optional members follow the members that are always present, with their comma inside the section, so the text is JSON
with any sections on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pipeline_def.template.keys import JSON, SECTION_OF_MEMBER, TEXT

_STEP = "  "


def write_template(definition: Mapping[str, Any]) -> str:
    """Return the template's text, indented, ending in a newline.

    Raises:
        ValueError: a string of the definition looks like mustache, or all members of an object are optional.
    """
    return _value(_without_empty(definition), "", None) + "\n"


def _without_empty(value: Any) -> Any:
    """Drop nulls and empty objects, which the SDK writes for unset values. An empty list is a value (no steps)."""
    if isinstance(value, Mapping):
        members = {key: _without_empty(item) for key, item in value.items()}
        return {key: item for key, item in members.items() if item is not None and (item != {} or key == "Metadata")}
    if isinstance(value, list):
        return [_without_empty(item) for item in value]
    return value


def _value(value: Any, indent: str, section: str | None) -> str:
    for key, placeholder in JSON.items():
        if value == placeholder and type(value) is type(placeholder):
            return "{{{" + key + "}}}"
    if isinstance(value, Mapping):
        return _object(value, indent, section)
    if isinstance(value, list):
        return _list(value, indent, section)
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(value: str) -> str:
    if "{{" in value or "}}" in value:
        raise ValueError(f"the authored definition must not contain mustache tags: {value!r}")
    text = json.dumps(value)
    for key, placeholder in TEXT.items():
        text = text.replace(placeholder, "{{" + key + "}}")
    return text


def _list(items: list[Any], indent: str, section: str | None) -> str:
    if not items:
        return "[]"
    inner = indent + _STEP
    return "[\n" + ",\n".join(inner + _value(item, inner, section) for item in items) + f"\n{indent}]"


def _object(members: Mapping[str, Any], indent: str, section: str | None) -> str:
    always = [name for name in members if SECTION_OF_MEMBER.get(name) in (None, section)]
    optional = [name for name in members if name not in always]
    if optional and not always:
        raise ValueError(f"all members of an object are optional, so it could be empty: {', '.join(optional)}")
    if not members:
        return "{}"
    inner = indent + _STEP
    text = "{\n" + ",\n".join(_member(name, members[name], inner, section) for name in always)
    for name in optional:
        tag = SECTION_OF_MEMBER[name]
        text += "{{#" + tag + "}},\n" + _member(name, members[name], inner, tag) + "{{/" + tag + "}}"
    return text + f"\n{indent}" + "}"


def _member(name: str, value: Any, indent: str, section: str | None) -> str:
    return f"{indent}{json.dumps(name)}: {_value(value, indent, section)}"
