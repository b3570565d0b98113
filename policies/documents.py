"""IAM policy documents: where resources have them, and what their statements say."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policies.conditions import asks_for_plain_transport, demanded, has_source, texts
from policies.controls import Finding
from policies.resources import Resource, is_list

#: What a role may do.
IDENTITY_DOCUMENTS: Mapping[str, tuple[str, ...]] = {
    "aws:iam/rolePolicy:RolePolicy": ("policy",),
    "aws:iam/policy:Policy": ("policy",),
    "aws:iam/role:Role": ("inlinePolicies",),
}
#: Who may do something with a resource.
RESOURCE_DOCUMENTS: Mapping[str, tuple[str, ...]] = {
    "aws:s3/bucketPolicy:BucketPolicy": ("policy",),
    "aws:s3/bucket:Bucket": ("policy",),
    "aws:sqs/queuePolicy:QueuePolicy": ("policy",),
    "aws:sqs/queue:Queue": ("policy",),
    "aws:sns/topicPolicy:TopicPolicy": ("policy",),
    "aws:sns/topic:Topic": ("policy",),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": ("policy",),
    "aws:kms/key:Key": ("policy",),
    "aws:cloudwatch/eventBusPolicy:EventBusPolicy": ("policy",),
    "aws:dynamodb/resourcePolicy:ResourcePolicy": ("policy",),
    "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy": ("resourcePolicy",),
}
TRUST_DOCUMENTS: Mapping[str, tuple[str, ...]] = {"aws:iam/role:Role": ("assumeRolePolicy",)}
_NEGATED = ("NotAction", "NotResource", "NotPrincipal")


@dataclass(frozen=True)
class Statement:
    """One statement. ``field`` is where it stands; principals go by their type, ``*`` for everyone."""

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

    def bounds(self, key: str) -> tuple[str, ...]:
        """The values that a request must have for a condition key; none where anything passes."""
        return demanded(self.conditions, key)

    def has_source(self, *further: str) -> bool:
        """Whether a service may come for one account's resources alone."""
        return has_source(self.conditions, *further)


def statements(resource: Resource, places: Mapping[str, tuple[str, ...]]) -> Iterator[Statement]:
    """Every statement of the resource's documents; what is no document yields none (:func:`unreadable` says so)."""
    for path, text in _texts_at(resource, places):
        try:
            raw = _document(text).get("Statement")
        except ValueError:
            continue
        for index, item in enumerate(raw if isinstance(raw, list) else [raw]):
            if isinstance(item, Mapping):
                yield _statement(item, f"{path}.Statement[{index}]")


def allowing(resource: Resource, places: Mapping[str, tuple[str, ...]]) -> Iterator[Statement]:
    return (statement for statement in statements(resource, places) if statement.allows)


def unreadable(resource: Resource, places: Mapping[str, tuple[str, ...]]) -> Iterator[Finding]:
    """A document that is none can not be judged, so it is refused."""
    for path, text in _texts_at(resource, places):
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


def _texts_at(resource: Resource, places: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, Any]]:
    for path in places.get(resource.kind, ()):
        value = resource.get(path)
        if is_list(value):
            for index in range(len(value)):
                yield f"{path}.{index}.policy", resource.get(f"{path}.{index}.policy")
        elif value is not None:
            yield path, value


def _document(text: Any) -> Mapping[str, Any]:
    found = json.loads(text) if isinstance(text, str) else text
    if not isinstance(found, Mapping):
        raise ValueError("no object")
    return found


def _statement(raw: Mapping[str, Any], field: str) -> Statement:
    return Statement(
        field=field,
        effect=str(raw.get("Effect")),
        actions=texts(raw.get("Action")),
        resources=texts(raw.get("Resource")),
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
        return {str(key): texts(value) for key, value in raw.items()}
    return {"*": texts(raw)} if raw else {}


def denies_plain_transport(found: list[Statement], actions: tuple[str, ...], resources: tuple[str, ...]) -> bool:
    """Whether everyone is denied the actions on all of the resources unless the request comes over TLS."""
    for statement in found:
        if (
            statement.effect == "Deny"
            and statement.everyone
            and asks_for_plain_transport(statement.conditions)
            and set(actions) & set(statement.actions)
            and ("*" in statement.resources or set(resources) <= set(statement.resources))
        ):
            return True
    return False
