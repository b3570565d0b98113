"""Rule ``unfilled``: no key of the template, and no value that Pulumi did not know yet, is left in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pipeline_def.check.definition import Definition, join_path, walk
from pipeline_def.check.finding import Finding, shown
from pipeline_def.template.keys import JSON, KEYS

#: What str() of a Pulumi Output, and a value that is unknown in a preview, look like inside a text.
_PULUMI = re.compile(r"Calling __str__ on an Output|<pulumi\.output\.Output|04da6b54-80e4-46f7-96ec-b56ff0331ba9")
#: A tag of mustache, whose key is a plain name: text in braces of JSON, even nested, has quotes between them.
_TAG = re.compile(r"\{\{\{?[#/^&>!]?\s*[A-Za-z_][\w.]*\s*\}?\}\}")
#: What stands for a key while the definition is authored (``@key@``) and where definitions are compared (``«key»``), and what
#: people write where a value is to come.
_KEYS = "|".join(key.name for key in KEYS)
_STAND_IN = re.compile(rf"@(?:{_KEYS})@|«(?:{_KEYS})»|(?i:<(?:replace|your|insert|change|fill)[_ \-][a-z_ \-]*>)")
_NUMBERS = {value for value in JSON.values() if isinstance(value, int)}


def check_unfilled(definition: Definition) -> Iterator[Finding]:
    for path, value in walk(definition.raw, "$"):
        if type(value) is int and value in _NUMBERS:
            yield Finding("unfilled", None, path, shown(value), "allowed: a value, not what stands for a key in authoring")
        if not isinstance(value, str):
            continue
        if _PULUMI.search(value):
            allowed = "allowed: a value; an Output must be resolved by apply before it is put into a text"
            yield Finding("unfilled", None, path, shown(value), allowed)
        elif _TAG.search(value):
            yield Finding("unfilled", None, path, shown(value), "allowed: text without template keys")
        elif _STAND_IN.search(value):
            yield Finding("unfilled", None, path, shown(value), "allowed: a value, not what stands for one")
    if definition.contract:
        yield from _without_value(definition)


def _without_value(definition: Definition) -> Iterator[Finding]:
    """Our container needs every variable it gets; ``None`` is what Python writes for a value that was not there."""
    for step in definition.steps:
        environment = step.arguments.get("Environment")
        for name, value in environment.items() if isinstance(environment, Mapping) else ():
            if value in ("", "None"):
                path = join_path(f"{step.arguments_path}.Environment", str(name))
                yield Finding("unfilled", step.name, path, shown(value), "allowed: a value")
