"""One problem that the check reports, and how it shows values."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from contracts.problems import nearest
from pipeline_def.check.secret_patterns import is_secret, is_secret_name, is_secret_value

_LAST_NAME = re.compile(r"([A-Za-z0-9_\-]+)(?:\['([^']+)'\])?$")
_LONGEST = 160


@dataclass(frozen=True)
class Finding:
    """One problem of a definition.

    ``path`` is a JSON path (``$.Steps[1].Arguments.RoleArn``). ``value`` is the value found there, masked if it can be a
    secret, or None if something is missing. ``allowed`` says what is allowed there.
    """

    rule: str
    step: str | None
    path: str
    value: str | None
    allowed: str

    def __str__(self) -> str:
        where = f"step {self.step}, {self.path}" if self.step else self.path
        found = "is missing" if self.value is None else f"is {self.value}"
        return f"[{self.rule}] {where} {found}; {self.allowed}"

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def shown(value: object, path: str = "") -> str | None:
    """Format a value for a message: shortened, and masked if the value or the last name of ``path`` looks like a secret."""
    if value is None:
        return None
    name = _LAST_NAME.search(path)
    last = (name.group(2) or name.group(1)) if name else ""
    if isinstance(value, str) and (is_secret_value(value) or (is_secret_name(last) and value)):
        return mask(value)
    text = repr(_masked(value))
    if is_secret_value(text):
        return mask(text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _masked(value: object) -> object:
    """A copy of an object or a list without the secrets inside it."""
    if isinstance(value, Mapping):
        return {key: mask(item) if is_secret(str(key), item) else _masked(item) for key, item in value.items()}
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return list(masked_arguments(value))
    return [_masked(item) for item in value] if isinstance(value, list) else value


def masked_arguments(texts: Iterable[str]) -> Iterator[str]:
    """Arguments of a command without secrets, among them the values of flags such as ``--password``."""
    flag = ""
    for text in texts:
        name, equals, value = text.partition("=")
        if is_secret(flag.lstrip("-"), text):
            yield mask(text)
        elif equals and name.startswith("-") and is_secret(name.lstrip("-"), value):
            yield f"{name}={mask(value)}"
        else:
            yield text
        flag = text if text.startswith("-") and not equals else ""


def mask(value: str) -> str:
    """Replace a secret by asterisks; only its length is shown."""
    return f"'****' ({len(value)} characters, not shown)"


def instead(kind: str, name: str, known: Collection[str], prefix: str = "") -> str:
    """Say what is allowed instead of an unknown name: the known name most like it, or all known names."""
    hint = nearest(name, known)
    return f"allowed: {kind}; {hint}" if hint else f"allowed: {kind}: {', '.join(prefix + item for item in known)}"
