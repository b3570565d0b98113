"""Rule ``secret``: nothing that looks like a secret stands in a definition: whoever may describe the pipeline reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pipeline_def.checks.definition import Definition, Json, Step, walk
from pipeline_def.checks.finding import Finding, mask
from pipeline_def.checks.secret_patterns import is_secret, is_secret_name, is_secret_value

_ALLOWED = "allowed: no secret in a definition; let the job read it from Secrets Manager with its own role"


def check_secrets(definition: Definition) -> Iterator[Finding]:
    """Defaults of parameters, environments, hyperparameters, arguments, and any text with the shape of a secret."""
    for parameter in definition.parameters:
        enum = parameter.raw.get("EnumValues")
        for value in [parameter.default, *(enum if isinstance(enum, list) else [])]:
            if is_secret(parameter.name, value):
                yield Finding("secret", None, parameter.path, mask(value), f"parameter {parameter.name}: {_ALLOWED}")
    for step in definition.steps:
        for path, name, value in _named_texts(step):
            if is_secret(name, value):
                yield Finding("secret", step.name, path, mask(value), _ALLOWED)
        yield from _arguments(step)


def _named_texts(step: Step) -> Iterator[tuple[str, str, str]]:
    """Every text of the step with the name it stands under (names count in free-form maps alone)."""
    for root, value in ((step.arguments_path, step.arguments), (f"{step.path}.Description", step.raw.get("Description"))):
        for path, inner in walk(value, root):
            if isinstance(inner, Mapping):
                continue
            if isinstance(inner, str):
                parent, _, name = path.rpartition(".")
                free_form = parent.endswith((".Environment", ".HyperParameters", ".CustomerMetadataProperties"))
                yield path, name if free_form else "", inner


def _arguments(step: Step) -> Iterator[Finding]:
    """``--password VALUE`` and ``--password=VALUE`` among the container's arguments."""
    for path, values in walk(step.arguments, step.arguments_path):
        if not isinstance(values, list) or not path.endswith(("Arguments", "Entrypoint")):
            continue
        previous: Json = None
        for index, value in enumerate(values):
            if isinstance(value, str) and not is_secret_value(value):
                flag, equals, rest = value.partition("=")
                after_flag = _is_secret_flag(previous) and not value.startswith("-")
                if after_flag or (equals and rest and _is_secret_flag(flag)):
                    yield Finding("secret", step.name, f"{path}[{index}]", mask(value), _ALLOWED)
            previous = value


def _is_secret_flag(value: Json) -> bool:
    return isinstance(value, str) and value.startswith("-") and is_secret_name(value.lstrip("-"))
