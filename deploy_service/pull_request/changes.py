"""The difference between two recordings: what an update would do with each resource, and which of its properties change."""

from __future__ import annotations

import json
import os.path
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy_service.pull_request.model import Operation, PropertyChange, ResourceChange
from deploy_service.pull_request.replacements import HOLD_DATA, replaces
from pipeline_def.check.finding import shown

#: The definition has a section of its own in the comment.
DEFINITION = "pipelineDefinition"
#: How :func:`pipeline_def.check.finding.mask` shows a secret.
MASKED = "characters, not shown"

Resource = Mapping[str, Any]


@dataclass(frozen=True)
class Comparison:
    """``resources``: those that change, by severity and name. ``unchanged`` counts the others."""

    resources: Sequence[ResourceChange]
    unchanged: int


def compare(base: Sequence[Resource], head: Sequence[Resource]) -> Comparison:
    """Compare the resources of two revisions by URN and alias. Components are no resources of the cloud."""
    before = {resource["urn"]: resource for resource in base if resource["custom"]}
    found: list[ResourceChange] = []
    unchanged = 0
    for new in (resource for resource in head if resource["custom"]):
        old = next((before.pop(urn) for urn in (new["urn"], *new["aliases"]) if urn in before), None)
        change = _change(old, new)
        found += [change] if change else []
        unchanged += change is None
    found += [_described(old, "delete", ()) for old in before.values()]
    order = {"delete": 0, "replace": 1, "update": 2, "create": 3}
    found.sort(key=lambda change: (not change.loses_data, order[change.operation], change.kind, change.name))
    return Comparison(found, unchanged)


def _change(old: Resource | None, new: Resource) -> ResourceChange | None:
    if old is None:
        return _described(new, "create", ())
    changes = tuple(_property_changes(old, new))
    ends = bool(old["protect"] and not new["protect"])
    if not changes and not ends:
        return None
    operation: Operation = "replace" if any(change.replaces for change in changes) else "update"
    change = _described(old, operation, changes)
    return change.model_copy(update={"protection_ends": ends})


def _described(resource: Resource, operation: Operation, properties: Sequence[PropertyChange]) -> ResourceChange:
    deletes = operation in ("replace", "delete")
    return ResourceChange(
        kind=resource["type"],
        name=resource["name"],
        operation=operation,
        properties=list(properties),
        protected=bool(resource["protect"]) and deletes,
        retained=bool(resource["retain_on_delete"]) and deletes,
        holds_data=resource["type"] in HOLD_DATA,
    )


def _property_changes(old: Resource, new: Resource) -> Iterator[PropertyChange]:
    ignored = tuple(new["ignore_changes"])
    forced = tuple(new["replace_on_changes"])
    for path, before, after in differences(old["inputs"], new["inputs"]):
        if not any(path == name or path.startswith((f"{name}.", f"{name}[")) for name in ignored):
            words = (None, None) if path == DEFINITION else _both_words(path, before, after)
            yield PropertyChange(path=path, old=words[0], new=words[1], replaces=replaces(new["type"], path, forced))


class _Absent:
    """The value of a property that one side does not have; None is a value."""


_ABSENT = _Absent()


def differences(old: Any, new: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield path, old and new value of every difference. Text that is a JSON object on both sides is compared as such."""
    if path == DEFINITION and old != new:
        yield path, old, new
    elif isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            where = f"{path}.{key}" if path else str(key)
            yield from differences(old.get(key, _ABSENT), new.get(key, _ABSENT), where)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _list_differences(old, new, path)
    elif type(old) is not type(new) or old != new:
        parsed = _json_object(old), _json_object(new)
        if None not in parsed and parsed[0] != parsed[1]:
            yield from differences(*parsed, path)
        else:
            yield path, old, new


def _list_differences(old: list[Any], new: list[Any], path: str) -> Iterator[tuple[str, Any, Any]]:
    """Items in the same place if both have as many; otherwise those that only one side has, or else the order."""
    if len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from differences(before, after, f"{path}[{index}]")
        return
    for index, item in enumerate(old):
        if item not in new:
            yield f"{path}[{index}]", item, _ABSENT
    for index, item in enumerate(new):
        if item not in old:
            yield f"{path}[{index}]", _ABSENT, item
    if all(item in new for item in old) and all(item in old for item in new):
        yield path, old, new


def _json_object(value: object) -> dict[str, Any] | None:
    if not isinstance(value, str) or not value.startswith("{"):
        return None
    try:
        parsed = json.loads(value)
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) else None


def _both_words(path: str, old: object, new: object) -> tuple[str | None, str | None]:
    """Both values for people: masked if they look like a secret, shortened, and from where they differ if they are long."""
    words = _words(path, old), _words(path, new)
    if words[0] != words[1] or not (isinstance(old, str) and isinstance(new, str)) or MASKED in str(words[0]):
        return words
    start = max(0, len(os.path.commonprefix([old, new])) - 20)
    return _words(path, f"…{old[start:]}"), _words(path, f"…{new[start:]}")


def _words(path: str, value: object) -> str | None:
    return None if isinstance(value, _Absent) else shown(value, path)
