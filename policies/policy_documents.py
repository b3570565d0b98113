"""Parse the IAM policy documents of resources into statements."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policies import kinds
from policies.controls import Finding
from policies.policy_conditions import as_strings, has_source, required_values
from policies.resources import Resource, is_list, plain

#: Kinds with documents about the permissions of a role, and the property that contains the documents.
IDENTITY_DOCUMENTS: Mapping[str, str] = {kinds.ROLE_POLICY: "policy", kinds.ROLE: "inlinePolicies"}
#: Kinds with documents about access to a resource.
RESOURCE_DOCUMENTS: Mapping[str, str] = dict.fromkeys(
    (
        kinds.BUCKET_POLICY,
        kinds.BUCKET,
        kinds.QUEUE_POLICY,
        kinds.QUEUE,
        kinds.TOPIC_POLICY,
        kinds.TOPIC,
        kinds.KEY,
    ),
    "policy",
)
TRUST_DOCUMENTS: Mapping[str, str] = {kinds.ROLE: "assumeRolePolicy"}
_NEGATED = ("NotAction", "NotResource", "NotPrincipal")


@dataclass(frozen=True)
class Statement:
    """One statement. ``field`` is its place in the resource; ``principals`` maps a type to names, and ``*`` to everyone."""

    field: str
    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principals: Mapping[str, tuple[str, ...]]
    conditions: Mapping[str, Mapping[str, Any]]
    negated: tuple[str, ...]

    @property
    def allows(self) -> bool:
        return self.effect == "Allow"

    @property
    def everyone(self) -> bool:
        return any("*" in names for names in self.principals.values())

    def required_values(self, key: str) -> tuple[str, ...]:
        """Return the values that a request must have for a condition key, or none if any value is accepted."""
        return required_values(self.conditions, key)

    def has_source(self, *further_keys: str) -> bool:
        """Whether a service may act only for resources of named accounts."""
        return has_source(self.conditions, *further_keys)


def statements(resource: Resource, places: Mapping[str, str]) -> Iterator[Statement]:
    """Yield every statement of the documents; :func:`unreadable` reports text that is not a policy document."""
    for path, text in _documents_of(resource, places):
        try:
            raw = _document(text).get("Statement")
        except ValueError:
            continue
        for index, item in enumerate(raw if isinstance(raw, list) else [raw]):
            if isinstance(item, Mapping):
                yield _statement(item, f"{path}.Statement[{index}]")


def allowing(resource: Resource, places: Mapping[str, str]) -> Iterator[Statement]:
    return (statement for statement in statements(resource, places) if statement.allows)


def unreadable(resource: Resource, places: Mapping[str, str]) -> Iterator[Finding]:
    """Report text that is not a policy document, because no control can check it."""
    for path, text in _documents_of(resource, places):
        try:
            raw = _document(text).get("Statement")
        except ValueError as error:
            yield Finding(path, text, f"allowed: a policy document in JSON ({error})")
            continue
        if not raw:
            yield Finding(f"{path}.Statement", raw, "allowed: at least one statement")
        for index, item in enumerate(raw if isinstance(raw, list) else [raw]):
            if raw and not (isinstance(item, Mapping) and item.get("Effect") in ("Allow", "Deny")):
                yield Finding(f"{path}.Statement[{index}]", item, "allowed: an object whose Effect is Allow or Deny")


def _documents_of(resource: Resource, places: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    path = places.get(resource.kind, "")
    value = resource.get(path)
    if is_list(value):
        for index in range(len(value)):
            yield f"{path}.{index}.policy", plain(resource.get(f"{path}.{index}.policy"))
    elif value is not None:
        yield path, plain(value)


def _document(text: Any) -> Mapping[str, Any]:
    found = json.loads(text) if isinstance(text, str) else text
    if not isinstance(found, Mapping):
        raise ValueError("it is not a JSON object")
    return found


def _statement(raw: Mapping[str, Any], field: str) -> Statement:
    return Statement(
        field=field,
        effect=str(raw.get("Effect")),
        actions=as_strings(raw.get("Action")),
        resources=as_strings(raw.get("Resource")),
        principals=_principals(raw.get("Principal")),
        conditions=_conditions(raw.get("Condition")),
        negated=tuple(name for name in _NEGATED if name in raw),
    )


def _conditions(raw: Any) -> Mapping[str, Mapping[str, Any]]:
    if not isinstance(raw, Mapping):
        return {}
    return {str(operator): keys for operator, keys in raw.items() if isinstance(keys, Mapping)}


def _principals(raw: Any) -> Mapping[str, tuple[str, ...]]:
    if isinstance(raw, Mapping):
        return {str(key): as_strings(value) for key, value in raw.items()}
    return {"*": as_strings(raw)} if raw else {}
