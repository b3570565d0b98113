"""Rule ``secret``: nothing in a definition looks like a secret, because everyone who may describe the pipeline can read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pipeline_def.check.definition import FREE_FORM, Definition, Json, Step, is_function, join_path, walk
from pipeline_def.check.finding import Finding, mask
from pipeline_def.check.resolve import SampleText, is_known, resolve
from pipeline_def.check.secret_patterns import is_secret, is_secret_name, is_secret_value

_ALLOWED = "allowed: no secret in a definition; let the job read it from Secrets Manager with its role"
_TEXTS = ("DisplayName", "Description")


def check_secrets(definition: Definition) -> Iterator[Finding]:
    """Check defaults of parameters, environments, hyperparameters, arguments, tags, and all other text by its form.

    Functions are evaluated as far as possible. A parameter's default that was already reported is not reported again where
    it is used.
    """
    reported: set[str] = set()
    for parameter in definition.parameters:
        for value in (parameter.default, *parameter.choices):
            if is_secret(parameter.name, value):
                reported.add(value)
                yield Finding("secret", None, parameter.path, mask(value), f"parameter {parameter.name}: {_ALLOWED}")
    yield from _judged(definition, None, definition.raw.get("Metadata", {}), "$.Metadata", reported)
    for step in definition.steps:
        yield from _judged(definition, step.name, step.arguments, step.arguments_path, reported)
        for member in _TEXTS:
            yield from _judged(definition, step.name, step.raw.get(member, ""), f"{step.path}.{member}", reported)
        yield from _container_arguments(definition, step)


def _judged(definition: Definition, step: str | None, value: Json, path: str, reported: set[str]) -> Iterator[Finding]:
    for where, name, text in _named_texts(definition, value, path, ""):
        # Text that is only partly known can be a secret by its form, but not by its name.
        if text not in reported and is_secret("" if isinstance(text, SampleText) else name, text):
            yield Finding("secret", step, where, mask(text), _ALLOWED)


def _named_texts(definition: Definition, value: Json, path: str, name: str) -> Iterator[tuple[str, str, str]]:
    """Every text inside a value, with its path and name. Only names in free-form maps and tags count."""
    if is_function(value):
        value = resolve(definition, value)
    if isinstance(value, str):
        yield path, name, value
    elif isinstance(value, Mapping):
        free_form = path.endswith(FREE_FORM)
        tag = str(value["Key"]) if set(value) == {"Key", "Value"} else ""
        for key, item in value.items():
            inner = key if free_form else tag if key == "Value" else ""
            yield from _named_texts(definition, item, join_path(path, key), inner)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _named_texts(definition, item, f"{path}[{index}]", "")


def _container_arguments(definition: Definition, step: Step) -> Iterator[Finding]:
    """``--password VALUE`` and ``--password=VALUE`` among the container's arguments."""
    for path, values in walk(step.arguments, step.arguments_path):
        if not isinstance(values, list) or not path.endswith(("Arguments", "Entrypoint")):
            continue
        texts = [resolve(definition, value) for value in values]
        for index, text in enumerate(texts):
            if isinstance(text, str) and is_known(text) and not is_secret_value(text):
                flag, _, value = text.partition("=")
                after_flag = index > 0 and _is_secret_flag(texts[index - 1]) and not text.startswith("-")
                if after_flag or (value and _is_secret_flag(flag)):
                    yield Finding("secret", step.name, f"{path}[{index}]", mask(text), _ALLOWED)


def _is_secret_flag(value: Json) -> bool:
    return isinstance(value, str) and value.startswith("-") and is_secret_name(value.lstrip("-"))
