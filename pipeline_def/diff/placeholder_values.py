"""Values for a template whose stack is not at hand: each key stands for itself."""

from __future__ import annotations

import re
from typing import Any

from pipeline_def.template.render import Tags, template_tags

_OPEN, _CLOSE = "«", "»"
PLACEHOLDER = re.compile(f"{_OPEN}([a-z0-9_]+){_CLOSE}")


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


def whole_key(value: Any) -> str | None:
    """The key whose placeholder a value is, and nothing besides."""
    match = PLACEHOLDER.fullmatch(value) if isinstance(value, str) else None
    return match[1] if match else None
