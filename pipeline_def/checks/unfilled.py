"""Rule ``unfilled``: no key of the template, and no value that Pulumi did not know yet, is left in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline_def.checks.definition import Definition, walk
from pipeline_def.checks.finding import Finding, shown

#: What str() of a Pulumi Output, and a value that is unknown in a preview, look like inside a text.
_PULUMI = re.compile(r"Calling __str__ on an Output|<pulumi\.output\.Output|04da6b54-80e4-46f7-96ec-b56ff0331ba9")
#: A tag of mustache, whose key is a plain name: text in braces of JSON, even nested, has quotes between them.
_TAG = re.compile(r"\{\{\{?[#/^&>!]?\s*[A-Za-z_][\w.]*\s*\}?\}\}")


def check_unfilled(definition: Definition) -> Iterator[Finding]:
    for path, value in walk(definition.raw, "$"):
        if not isinstance(value, str):
            continue
        if _PULUMI.search(value):
            allowed = "allowed: a value; an Output must be resolved by apply before it is put into a text"
            yield Finding("unfilled", None, path, shown(value), allowed)
        elif _TAG.search(value):
            yield Finding("unfilled", None, path, shown(value), "allowed: text without template keys")
