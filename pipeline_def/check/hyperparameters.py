"""Rule ``hyperparameter``: the built-in DeepAR gets known names, all strings, within its documented ranges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from contracts.hyperparameters import HYPERPARAMETERS, REQUIRED
from contracts.problems import nearest
from pipeline_def.check.definition import Definition, Step, join_path
from pipeline_def.check.finding import Finding, shown
from pipeline_def.check.images import is_deepar
from pipeline_def.check.resolve import SampleText, resolve

_RULE = "hyperparameter"


def check_hyperparameters(definition: Definition) -> Iterator[Finding]:
    """Names, kinds and ranges; a default of the parameter behind a hyperparameter is its value here."""
    for step in definition.steps:
        if step.type != "Training" or not is_deepar(definition, step):
            continue
        path = f"{step.arguments_path}.HyperParameters"
        values = step.arguments.get("HyperParameters")
        values = values if isinstance(values, Mapping) else {}
        for name in REQUIRED:
            if name not in values:
                yield Finding(_RULE, step.name, f"{path}.{name}", None, "DeepAR does not start without it")
        for name, value in values.items():
            yield from _value_problems(definition, step, join_path(path, str(name)), str(name), value)


def _value_problems(definition: Definition, step: Step, path: str, name: str, value: Any) -> Iterator[Finding]:
    known = HYPERPARAMETERS.get(name)
    if known is None:
        hint = nearest(name, HYPERPARAMETERS) or f"known: {', '.join(HYPERPARAMETERS)}"
        yield Finding(_RULE, step.name, path, shown(name), f"DeepAR has no such hyperparameter; {hint}")
        return
    resolved = resolve(definition, value)
    if not isinstance(resolved, str):
        allowed = "allowed: text; a numeric parameter becomes text by Std:Join"
        yield Finding(_RULE, step.name, path, shown(resolved), allowed)
        return
    texts = [] if isinstance(resolved, SampleText) else [resolved]
    for text in dict.fromkeys([*texts, *_enumerated(definition, value)]):
        if not known.accepts(text):
            yield Finding(_RULE, step.name, path, shown(text), known.allowed)


def _enumerated(definition: Definition, value: Any) -> Iterator[str]:
    """What a start may choose for a hyperparameter that a parameter alone gives."""
    join = value.get("Std:Join") if isinstance(value, Mapping) else None
    values = join.get("Values") if isinstance(join, Mapping) else [value]
    target = values[0].get("Get") if isinstance(values, list) and len(values) == 1 and isinstance(values[0], Mapping) else None
    parameter = definition.parameter(str(target).removeprefix("Parameters."))
    enum = parameter.raw.get("EnumValues") if parameter else None
    yield from map(str, enum if isinstance(enum, list) else [])
