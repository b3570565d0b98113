"""Render the template: pure, strict, JSON-escaping, canonical.

By default, pystache escapes HTML and treats a missing key as empty text. Here, all problems of the values are reported at once,
and the same values give the same text independent of the template's layout.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import pystache
from pystache.common import MissingTags

from contracts.problems import Problem, ProblemsError, nearest, one_problem
from contracts.strict_json import parse

_TAG = re.compile(r"\{\{(?:\{([a-z0-9_]+)\}\}\}|([#/]?)([a-z0-9_]+)\}\})")
_TEMPLATE = "pipeline template"
_SUBJECT = f"values of the {_TEMPLATE}"


class Tags:
    """The tags of a template: text keys, JSON keys (``{{{key}}}``), and sections with their own keys."""

    def __init__(self, template: str) -> None:
        self.text: dict[str | None, set[str]] = {None: set()}
        self.json: dict[str | None, set[str]] = {None: set()}
        section: str | None = None
        for match in _TAG.finditer(template):
            json_key, mark, name = match.groups()
            if mark == "#":
                section = self._open(name, section)
            elif mark == "/":
                section = self._close(name, section)
            elif json_key:
                self.json[section].add(json_key)
            else:
                self.text[section].add(name)
        self._refuse_other_tags(template, section)

    def _open(self, name: str, section: str | None) -> str:
        if section is not None:
            raise one_problem(_TEMPLATE, f"section {name}", section, "allowed: a section outside other sections")
        self.text.setdefault(name, set())
        self.json.setdefault(name, set())
        return name

    @staticmethod
    def _close(name: str, section: str | None) -> None:
        if name != section:
            raise one_problem(_TEMPLATE, f"end of section {name}", section, "allowed: the open section's name")

    @staticmethod
    def _refuse_other_tags(template: str, section: str | None) -> None:
        rest = _TAG.sub("", template)
        if "{{" in rest or section is not None:
            at = rest[rest.find("{{") :][:40] if "{{" in rest else section
            allowed = "allowed: {{key}}, {{{json_key}}} and {{#section}}…{{/section}}, keys in lower case"
            raise one_problem(_TEMPLATE, "tag", at, allowed)

    @property
    def sections(self) -> set[str]:
        return {name for name in self.text if name is not None}

    def keys(self, section: str | None = None) -> set[str]:
        return self.text[section] | self.json[section]


@lru_cache(maxsize=8)
def template_tags(template: str) -> Tags:
    """The tags of a template; raises :class:`ProblemsError` for tags that :func:`render` does not support."""
    return Tags(template)


def render(template: str, values: Mapping[str, object]) -> str:
    """The definition as canonical JSON: keys sorted, no white space, ASCII.

    ``values`` contains every key of the template and no other. A section is a mapping of its keys; it is absent or None if off.

    Raises:
        ProblemsError: all missing, unused and wrongly typed values; or the rendered template is not JSON.
    """
    tags = template_tags(template)
    problems = [*_plain_problems(tags, values), *_section_problems(tags, values)]
    if problems:
        raise ProblemsError(_SUBJECT, problems)
    context = _context(tags, None, values)
    for section in tags.sections:
        inner = values.get(section)
        context[section] = _context(tags, section, inner) if isinstance(inner, Mapping) else None
    renderer = pystache.Renderer(escape=_inside_string, missing_tags=MissingTags.strict)
    return canonical(_parse(renderer.render(template, context)))


def canonical(definition: object) -> str:
    """The same text for the same meaning, so that unchanged input never shows a difference."""
    return json.dumps(definition, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def _inside_string(text: str) -> str:
    return json.dumps(text)[1:-1]


def _context(tags: Tags, section: str | None, values: Mapping[str, Any]) -> dict[str, Any]:
    context: dict[str, Any] = {key: values[key] for key in tags.text[section]}
    return context | {key: json.dumps(values[key]) for key in tags.json[section]}


def _plain_problems(tags: Tags, values: Mapping[str, object]) -> list[Problem]:
    known = tags.keys() | tags.sections
    problems = _missing(tags.keys(), values, "")
    problems += [_unused(key, values[key], known, "") for key in values if key not in known]
    return problems + _ill_typed(tags, None, values, "")


def _section_problems(tags: Tags, values: Mapping[str, object]) -> list[Problem]:
    problems: list[Problem] = []
    for section in sorted(tags.sections):
        inner = values.get(section)
        if inner is None:
            continue
        if not isinstance(inner, Mapping):
            allowed = f"allowed: a mapping with {', '.join(sorted(tags.keys(section)))}, or no such member"
            problems.append(Problem(section, inner, allowed))
            continue
        where = f"{section}."
        problems += _missing(tags.keys(section), inner, where)
        problems += [_unused(key, inner[key], tags.keys(section), where) for key in inner if key not in tags.keys(section)]
        problems += _ill_typed(tags, section, inner, where)
    return problems


def _missing(keys: set[str], values: Mapping[str, object], where: str) -> list[Problem]:
    return [Problem(where + key, None, "needed: the template has this key") for key in sorted(keys) if values.get(key) is None]


def _unused(key: str, value: object, known: set[str], where: str) -> Problem:
    hint = nearest(str(key), known) or f"known: {', '.join(sorted(known))}"
    return Problem(f"{where}{key}", value, f"the template has no such key; {hint}")


def _ill_typed(tags: Tags, section: str | None, values: Mapping[str, object], where: str) -> list[Problem]:
    problems = [
        Problem(where + key, values[key], "allowed: text")
        for key in sorted(tags.text[section])
        if values.get(key) is not None and not isinstance(values[key], str)
    ]
    return problems + [
        Problem(where + key, values[key], "allowed: an integer, or a list of texts or tags that is not empty")
        for key in sorted(tags.json[section])
        if values.get(key) is not None and not _is_json_value(values[key])
    ]


def _is_json_value(value: object) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(item, str) or _is_text_map(item) for item in value)
    return type(value) is int


def _is_text_map(value: object) -> bool:
    return isinstance(value, dict) and bool(value) and all(isinstance(text, str) for pair in value.items() for text in pair)


def _parse(text: str) -> object:
    try:
        return parse(text)
    except ValueError as error:
        raise one_problem(_TEMPLATE, "filled template", text[:80], f"allowed: JSON ({error})") from error
