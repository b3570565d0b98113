"""Rule ``leftover``: no text remains that a value should have replaced.

Such text is a key of the template, a placeholder, a Pulumi Output, or an object of the SageMaker SDK printed as text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline_def.check.definition import Definition, join_path, walk
from pipeline_def.check.finding import Finding, shown
from pipeline_def.template.keys import JSON, KEYS

_RULE = "leftover"
_KEYS = "|".join(key.name for key in KEYS)
#: Pattern -> what is allowed instead.
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        # What str() returns for a Pulumi Output, and Pulumi's value for an unknown in a preview.
        re.compile(r"Calling __str__ on an Output|<pulumi\.output\.Output|04da6b54-80e4-46f7-96ec-b56ff0331ba9"),
        "allowed: a value; resolve an Output with apply before putting it into text",
    ),
    (
        # repr() of parameters, functions, properties and execution variables of the SageMaker SDK, and of objects in general.
        re.compile(
            r"\b(?:Parameter(?:Integer|String|Float|Boolean)?|Join|JsonGet|PropertyFile|Condition[A-Z]\w*)"
            r"\((?:name|on|values|step_name|property_file|condition_type|left)="
            r"|<(?:Parameter|Condition)TypeEnum\.|\{'_step': |'_shape_names': |<[A-Za-z_][\w.]* object at 0x[0-9a-f]+>"
        ),
        "allowed: a value; pass the SDK's object itself, or use Join to put it into text",
    ),
    # Nested braces of JSON have quotes between them; a key of the template is a plain name.
    (re.compile(r"\{\{\{?[#/^&>!]?\s*[A-Za-z_][\w.]*\s*\}?\}\}"), "allowed: text without keys of the template"),
    (
        # Placeholders of authoring and of comparisons, and what people write as a reminder.
        re.compile(rf"@(?:{_KEYS})@|«(?:{_KEYS})»|(?i:<(?:replace|your|insert|change|fill)[_ \-][a-z_ \-]*>)"),
        "allowed: a value instead of the placeholder",
    ),
)
_STEP = re.compile(r"(?:Steps)\[\d+\]$")
_NUMBERS = {value for value in JSON.values() if isinstance(value, int)}


def check_leftovers(raw: Mapping[str, Any]) -> Iterator[Finding]:
    """Look at every text and number of the definition, including names of members."""
    steps: dict[str, str] = {}
    for path, value in walk(raw, "$"):
        if _STEP.search(path) and isinstance(value, Mapping) and isinstance(value.get("Name"), str):
            steps[path] = value["Name"]
        for text in [value] if isinstance(value, (str, int)) else list(value) if isinstance(value, Mapping) else ():
            allowed = _problem(text)
            if allowed:
                step = next((name for start, name in reversed(steps.items()) if path.startswith(start)), None)
                yield Finding(_RULE, step, path, shown(text), allowed)


def _problem(value: str | int) -> str | None:
    if isinstance(value, str):
        return next((allowed for pattern, allowed in _PATTERNS if pattern.search(value)), None)
    return "allowed: a value instead of the placeholder for a number" if value in _NUMBERS else None


def check_environment(definition: Definition) -> Iterator[Finding]:
    """Our container needs each variable; ``None`` is how Python prints a value that was absent."""
    for step in definition.steps:
        for name, value in step.get("Environment", {}).items():
            if value in ("", "None"):
                yield Finding(_RULE, step.name, join_path(step.path_of("Environment"), name), shown(value), "allowed: a value")
