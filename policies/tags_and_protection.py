"""Controls of tags, and of protection against deletion."""

from __future__ import annotations

from collections.abc import Iterator

from policies import kinds
from policies.controls import Finding, resource_control
from policies.resources import Resource

REQUIRED_TAGS = ("project", "stack", "owner")
TAGGABLE = (
    kinds.BUCKET, kinds.OBJECT, kinds.TABLE, kinds.REPOSITORY, kinds.ROLE, kinds.MODEL_GROUP, kinds.PIPELINE, kinds.FUNCTION,
    kinds.LOG_GROUP, kinds.EVENT_RULE, kinds.ALARM, kinds.QUEUE, kinds.TOPIC, kinds.SCHEDULE_GROUP, kinds.KEY,
)  # fmt: skip
#: Kinds with data that cannot be recreated, and the key that is needed to read them.
STATEFUL = (kinds.BUCKET, kinds.TABLE, kinds.REPOSITORY, kinds.MODEL_GROUP, kinds.KEY)


@resource_control("required-tags", "Taggable resources carry project, stack and owner tags", "required-tags", TAGGABLE)
def _tagged(resource: Resource) -> Iterator[Finding]:
    for tag in REQUIRED_TAGS:
        if not resource.has(f"tags.{tag}") and not resource.has(f"tagsAll.{tag}"):
            yield Finding(f"tags.{tag}", None, f"needed: the tags {', '.join(REQUIRED_TAGS)}")


@resource_control(
    "protected-data",
    "Production resources with data are protected from deletion",
    "protected-data DynamoDB.6",
    STATEFUL,
    stricter_in_production=True,
)
def _protected(resource: Resource) -> Iterator[Finding]:
    if resource.production and not resource.protect:
        yield Finding("option protect", resource.protect, "allowed in production: True (setting protectData)")
    for member in ("forceDestroy", "forceDelete"):
        if resource.production and resource.get(member) is True:
            yield Finding(member, True, "allowed in production: False, so that deletion fails while there are data")


CONTROLS = (_tagged, _protected)
