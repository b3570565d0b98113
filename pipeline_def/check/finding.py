"""What a rule reports."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

from contracts.problems import nearest
from pipeline_def.check.secret_patterns import is_secret_name, is_secret_value

_LAST_NAME = re.compile(r"([A-Za-z0-9_\-]+)(?:\['([^']+)'\])?$")


@dataclass(frozen=True)
class Finding:
    """One thing wrong with a definition.

    ``path`` is a JSON path (``$.Steps[1].Arguments.RoleArn``); ``value`` is what stands there, masked where it may be a
    secret, or None where something is missing; ``allowed`` says what may stand there.
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
    """A value as a message may show it: shortened, and masked where its name or its looks say secret."""
    if value is None:
        return None
    name = _LAST_NAME.search(path)
    last = (name.group(2) or name.group(1)) if name else ""
    if isinstance(value, str) and (is_secret_value(value) or (is_secret_name(last) and value)):
        return mask(value)
    text = repr(value)
    if is_secret_value(text):
        return mask(text)
    return text if len(text) <= 160 else text[:159] + "…"


def mask(value: str) -> str:
    """Stars for a secret: its length is all that is told."""
    return f"'****' ({len(value)} characters, not shown)"


def instead(kind: str, name: str, known: Collection[str], prefix: str = "") -> str:
    """What is allowed where a name is not known: the one that was meant, or all there are."""
    hint = nearest(name, known)
    return f"allowed: {kind}; {hint}" if hint else f"allowed: {kind}: {', '.join(prefix + item for item in known)}"
