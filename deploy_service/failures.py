"""Why an operation did not succeed: six kinds, each with what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable

from deploy_service.effects import Event, Message, PolicyFinding

_MAX_TEXT = 4_000
_ESCAPES = re.compile(r"\x1b\[[0-9;]*m|<\{%[^%]*%\}>")
#: `settings.py` reports through this title; the CLI checks types and required keys in its own words.
_SETTINGS = re.compile(
    r"configuration( of stack \S+)?: \d+ problem|Missing required configuration|must be of type|settings: \d+ problem"
)


class OperationError(Exception):
    """An operation that did not succeed. ``kind`` names it for machines."""

    kind = "engine"
    advice = "see the operation's messages"


class SettingsError(OperationError):
    """The settings are not allowed. Nothing was changed."""

    kind = "settings"
    advice = "correct the settings; nothing was changed"


class PolicyError(OperationError):
    """A mandatory policy rejects the change."""

    kind = "policy"
    advice = "change the program or the settings, or add an exemption with a reason"


class ConflictError(OperationError):
    """Another update of the stack is running, or has left its lock."""

    kind = "conflict"
    advice = "wait for the other update; if its process has died, `pulumi cancel` removes its lock"


class ProviderError(OperationError):
    """AWS, Docker or another provider refused a resource. Other resources may have been changed."""

    kind = "provider"
    advice = "remove the cause and run the operation again; it continues with what is missing"


class EngineError(OperationError):
    """The program or the engine itself failed."""


class InterruptedOperationError(OperationError):
    """The operation's process ended before the engine did. The state may have pending operations."""

    kind = "interrupted"
    advice = "nothing is repeated by itself: `pulumi cancel`, then `pulumi refresh`, then preview again"


KINDS: dict[str, type[OperationError]] = {
    one.kind: one for one in (SettingsError, PolicyError, ConflictError, ProviderError, EngineError, InterruptedOperationError)
}


def kind_of(events: Iterable[Event], *, conflict: bool = False) -> tuple[str, str]:
    """Return the kind of a failure and its text, from the events before it."""
    known = list(events)
    if conflict:
        return ConflictError.kind, "another update of this stack is running"
    findings = [event for event in known if isinstance(event, PolicyFinding) and event.mandatory]
    if findings:
        return PolicyError.kind, _text(f"{one.policy}: {one.text}" for one in findings)
    errors = [event for event in known if isinstance(event, Message) and event.severity == "error"]
    text = _text(one.text for one in errors)
    if _SETTINGS.search(text):
        return SettingsError.kind, text
    is_resource = any(one.name and not one.kind.startswith("pulumi:pulumi:") for one in errors)
    return (ProviderError.kind if is_resource else EngineError.kind), text or "the engine gave no reason"


def _text(parts: Iterable[str]) -> str:
    return _ESCAPES.sub("", "\n".join(parts))[:_MAX_TEXT]
