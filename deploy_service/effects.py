"""What an operation of Pulumi's engine does, as typed events, and the fingerprint of a preview.

Debug diagnostics, two thirds of all events, are dropped. Configuration and outputs never become events: they can hold secrets.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from pulumi.automation.events import DiagnosticEvent, EngineEvent, PolicyEvent, StepEventMetadata

#: How the engine's protocol writes a value that a preview does not know.
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
PROVIDERS = "pulumi:providers:"
#: Operations that change nothing.
_IDLE = frozenset({"same", "read", "refresh", "read-discard"})
#: Members of an input that differ between two checkouts of the same content: the file of an asset or archive.
_PLACES = frozenset({"path"})


@dataclass(frozen=True)
class Step:
    """A change of one resource. ``paths`` are its changed properties, ``replacing`` those that force a replacement.

    ``done``: it has been made. ``digest``: SHA-256 of the new values, without unknown ones and places of files.
    """

    operation: str
    kind: str
    name: str
    paths: tuple[str, ...] = ()
    replacing: tuple[str, ...] = ()
    protected: bool = False
    done: bool = False
    digest: str = ""


@dataclass(frozen=True)
class Message:
    """A diagnostic of the engine, the program or a provider. ``name``: the resource that it is about, if any."""

    severity: str
    text: str
    kind: str = ""
    name: str = ""


@dataclass(frozen=True)
class PolicyFinding:
    """What a policy says about a resource."""

    policy: str
    mandatory: bool
    text: str
    name: str = ""


@dataclass(frozen=True)
class Summary:
    """The engine's own count of changes by operation, and its duration in seconds."""

    counts: Mapping[str, int] = field(default_factory=dict)
    seconds: int = 0
    maybe_corrupt: bool = False


Event = Step | Message | PolicyFinding | Summary
_KINDS: Mapping[str, type[Event]] = {kind.__name__: kind for kind in (Step, Message, PolicyFinding, Summary)}


def event_of(event: EngineEvent) -> Event | None:
    """Return a typed event; None for what is dropped."""
    if event.resource_pre_event is not None:
        return _step(event.resource_pre_event.metadata, done=False)
    if event.res_outputs_event is not None:  # of a refresh, only this event says what has become of the resource
        return _step(event.res_outputs_event.metadata, done=not event.res_outputs_event.planning)
    if event.diagnostic_event is not None:
        return _message(event.diagnostic_event)
    if event.policy_event is not None:
        return _finding(event.policy_event)
    if event.summary_event is not None:
        summary = event.summary_event
        counts = {str(getattr(name, "value", name)): count for name, count in summary.resource_changes.items()}
        return Summary(counts, summary.duration_seconds, summary.maybe_corrupt)
    return None


def to_json(event: Event) -> dict[str, Any]:
    """Return an event as a JSON object, the inverse of :func:`from_json`."""
    return {"type": type(event).__name__, **asdict(event)}


def from_json(value: Mapping[str, Any]) -> Event:
    """Return the event of a JSON object."""
    members = {name: tuple(item) if isinstance(item, list) else item for name, item in value.items() if name != "type"}
    kind: Any = _KINDS[value["type"]]
    event: Event = kind(**members)
    return event


def planned(events: Iterable[Event]) -> list[Step]:
    """Return the steps of a preview that change something, by kind and name; providers are no resources of the stack."""
    steps = {event for event in events if isinstance(event, Step) and not event.done and event.operation not in _IDLE}
    steps = {step for step in steps if not step.kind.startswith(PROVIDERS)}
    return sorted(steps, key=lambda step: (step.kind, step.name, step.operation))


def fingerprint(events: Iterable[Event], settings: Mapping[str, str]) -> str:
    """Return the SHA-256 of a preview's effect: what happens to which property of which resource, new values, settings.

    Ids, times, unknown values, the places of files, the order of events and messages have no part in it, so a preview of the
    same effect has the same fingerprint on another day, machine or branch.
    """
    effect = [(step.operation, step.kind, step.name, step.paths, step.replacing, step.digest) for step in planned(events)]
    return _digest({"effect": sorted(effect), "settings": dict(settings)})


def _step(metadata: StepEventMetadata, *, done: bool) -> Step:
    new, old = metadata.new, metadata.old
    detailed = metadata.detailed_diff or {}
    forced = {path for path, diff in detailed.items() if str(diff.diff_kind.value).endswith("-replace")}
    replacing = forced | set(metadata.keys or ())
    paths = set(detailed) or set(metadata.diffs or ())
    values = normalised(new.inputs if new is not None else {})
    members = {re.split(r"[.\[]", path, maxsplit=1)[0] for path in paths}
    changed = {name: values.get(name) for name in members} if paths else values
    return Step(
        operation=str(getattr(metadata.op, "value", metadata.op)),
        kind=metadata.type,
        name=metadata.urn.rpartition("::")[2],
        paths=tuple(sorted(paths)),
        replacing=tuple(sorted(replacing)),
        protected=bool(old and old.protect),
        done=done,
        digest=_digest(changed),
    )


def normalised(value: Any) -> Any:
    """Return a JSON value without what differs between two previews of the same effect."""
    if isinstance(value, Mapping):
        return {name: normalised(item) for name, item in value.items() if name not in _PLACES and not name.startswith("__")}
    if isinstance(value, list | tuple):
        return [normalised(item) for item in value]
    return None if value == UNKNOWN else value


def _message(event: DiagnosticEvent) -> Message | None:
    if event.severity == "debug" or not event.message.strip():
        return None
    kind, name = _resource(event.urn)
    return Message(event.severity, event.message.strip(), kind, name)


def _finding(event: PolicyEvent) -> PolicyFinding:
    name = _resource(event.resource_urn)[1]
    return PolicyFinding(event.policy_name, event.enforcement_level == "mandatory", event.message.strip(), name)


def _resource(urn: str | None) -> tuple[str, str]:
    """Kind and name in a URN."""
    parts = (urn or "").split("::")
    return (parts[2].rpartition("$")[2], parts[3]) if len(parts) == 4 else ("", "")


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":"), default=str).encode()).hexdigest()
