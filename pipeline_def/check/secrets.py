"""Rule ``secret``: nothing that looks like a secret stands in a definition: whoever may describe the pipeline reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pipeline_def.check.definition import FREE_FORM, Definition, Json, Step, is_function, join_path, walk
from pipeline_def.check.finding import Finding, mask
from pipeline_def.check.resolve import SampleText, resolve
from pipeline_def.check.secret_patterns import is_secret, is_secret_name, is_secret_value

_ALLOWED = "allowed: no secret in a definition; let the job read it from Secrets Manager with its own role"
_TEXTS = ("DisplayName", "Description")
_WHOLE = ("Metadata", "PipelineExperimentConfig")


def check_secrets(definition: Definition) -> Iterator[Finding]:
    """Defaults of parameters, environments, hyperparameters, arguments, tags, and any text with the shape of a secret.

    Functions are judged by what they give, as far as it is known; a parameter's default that was told of is not told again
    wherever it is used.
    """
    told: set[str] = set()
    for parameter in definition.parameters:
        enum = parameter.raw.get("EnumValues")
        for value in [parameter.default, *(enum if isinstance(enum, list) else [])]:
            if is_secret(parameter.name, value):
                told.add(value)
                yield Finding("secret", None, parameter.path, mask(value), f"parameter {parameter.name}: {_ALLOWED}")
    for member in _WHOLE:
        yield from _judged(definition, None, definition.raw.get(member), f"$.{member}", told)
    for step in definition.steps:
        yield from _judged(definition, step.name, step.arguments, step.arguments_path, told)
        for member in _TEXTS:
            yield from _judged(definition, step.name, step.raw.get(member), f"{step.path}.{member}", told)
        yield from _container_arguments(definition, step)


def _judged(definition: Definition, step: str | None, value: Json, path: str, told: set[str]) -> Iterator[Finding]:
    for where, name, text in _named_texts(definition, value, path, ""):
        # What is known in part alone is a secret by its shape, never by its name.
        if text not in told and is_secret("" if isinstance(text, SampleText) else name, text):
            yield Finding("secret", step, where, mask(text), _ALLOWED)


def _named_texts(definition: Definition, value: Json, path: str, name: str) -> Iterator[tuple[str, str, str]]:
    """Every text inside a value, with its path and the name it stands under (names count in free-form maps and tags alone)."""
    if is_function(value):
        value = resolve(definition, value)
    if isinstance(value, str):
        yield path, name, value
    elif isinstance(value, Mapping):
        free_form = path.endswith(FREE_FORM)
        tag = value.get("Key") if set(value) == {"Key", "Value"} else None
        for key, item in value.items():
            inner = str(key) if free_form else tag if isinstance(tag, str) and key == "Value" else ""
            yield from _named_texts(definition, item, join_path(path, str(key)), inner)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _named_texts(definition, item, f"{path}[{index}]", "")


def _container_arguments(definition: Definition, step: Step) -> Iterator[Finding]:
    """``--password VALUE`` and ``--password=VALUE`` among the container's arguments."""
    for path, values in walk(step.arguments, step.arguments_path):
        if not isinstance(values, list) or not path.endswith(("Arguments", "Entrypoint")):
            continue
        previous: Json = None
        for index, raw in enumerate(values):
            value = resolve(definition, raw)
            if isinstance(value, str) and not isinstance(value, SampleText) and not is_secret_value(value):
                flag, equals, rest = value.partition("=")
                after_flag = _is_secret_flag(previous) and not value.startswith("-")
                if after_flag or (equals and rest and _is_secret_flag(flag)):
                    yield Finding("secret", step.name, f"{path}[{index}]", mask(value), _ALLOWED)
            previous = value


def _is_secret_flag(value: Json) -> bool:
    return isinstance(value, str) and value.startswith("-") and is_secret_name(value.lstrip("-"))
