"""A resource and its stack as the controls see them, in resource policies and in stack policies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi_policy import PolicyResource, ResourceValidationArgs, StackValidationArgs
from pulumi_policy.proxy import UnknownValueError

#: Names of production stacks, unless the pack's configuration gives another pattern.
PRODUCTION_STACKS = r"prod(uction)?(-.+)?"
PRODUCTION_OPTION = "productionStacks"
#: Properties by which other resources refer to a resource.
_IDENTIFIERS = ("id", "bucket", "name", "arn", "url", "functionName")


@dataclass(frozen=True)
class Resource:
    """One resource. ``sources`` maps a property to the URNs that its value comes from; only stack policies know them."""

    type: str
    name: str
    urn: str
    props: Mapping[str, Any]
    protect: bool = False
    region: str | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The type without a version suffix: ``aws:s3/bucketV2:BucketV2`` is treated as ``aws:s3/bucket:Bucket``."""
        return re.sub(r"(?<=[a-z])[vV]2\b", "", self.type)

    @property
    def production(self) -> bool:
        pattern = str(self.config.get(PRODUCTION_OPTION) or PRODUCTION_STACKS)
        try:
            return re.fullmatch(pattern, self.urn.split("::")[0].rpartition(":")[2]) is not None
        except re.error as error:
            raise ValueError(f"option {PRODUCTION_OPTION} is {pattern!r}; allowed: a regular expression ({error})") from error

    def get(self, path: str) -> Any:
        """Return the value at ``a.b.0.c``, or None. Raise :class:`UnknownValueError` if a preview cannot know it yet."""
        value: Any = self.props
        for key in path.split("."):
            if isinstance(value, Mapping):
                value = value.get(key)
            elif is_list(value) and key.isdecimal():
                value = value[int(key)] if int(key) < len(value) else None
            else:
                return None
        return value

    def has(self, path: str) -> bool:
        """Whether the property has a value; a value that is not known yet counts."""
        try:
            return self.get(path) not in (None, "")
        except UnknownValueError:
            return True

    def items(self, path: str) -> list[Any]:
        """Return the list at a path, or an empty list."""
        value = self.get(path)
        return list(value) if is_list(value) else []

    def mapping(self, path: str) -> Mapping[str, Any]:
        """Return the mapping at a path, or an empty mapping."""
        value = self.get(path)
        return value if isinstance(value, Mapping) else {}

    def number(self, path: str) -> float | None:
        """Return the number at a path, or None."""
        value = self.get(path)
        return None if isinstance(value, bool) or not isinstance(value, (int, float)) else value

    def known(self, path: str) -> Any:
        """Return the value, or None if it is missing or not known yet."""
        try:
            return self.get(path)
        except UnknownValueError:
            return None


@dataclass(frozen=True)
class Stack:
    """All resources of a stack."""

    resources: tuple[Resource, ...]

    def of(self, *kinds: str) -> Iterator[Resource]:
        return (resource for resource in self.resources if resource.kind in kinds)

    def companions(self, resource: Resource, kind: str, by: str) -> list[Resource]:
        """Return the resources of a kind that refer to ``resource`` in property ``by``, by dependency or by name."""
        # A list, because a value of another type may not be hashable.
        names = [name for key in _IDENTIFIERS if isinstance(name := resource.known(key), str) and name]
        return [other for other in self.of(kind) if resource.urn in other.sources.get(by, ()) or other.known(by) in names]


def is_list(value: object) -> bool:
    """Whether a value is a list; the SDK wraps lists in its own sequence type."""
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def plain(value: Any) -> Any:
    """Return a copy of a value without the SDK's wrappers of lists and mappings, for messages."""
    if isinstance(value, Mapping):
        return {key: _plain_entry(value, key) for key in value}
    return [_plain_entry(value, index) for index in range(len(value))] if is_list(value) else value


def _plain_entry(container: Any, key: Any) -> Any:
    try:
        return plain(container[key])
    except UnknownValueError:
        return "(not known yet)"


def read_resource(args: ResourceValidationArgs) -> Resource:
    """Return the resource that a resource policy is called for."""
    return _resource(args, args.get_config(), {})


def read_stack(args: StackValidationArgs) -> Stack:
    """Return the stack that a stack policy is called for."""
    config = args.get_config()
    return Stack(tuple(_resource(resource, config, _sources(resource)) for resource in args.resources))


def _sources(resource: PolicyResource) -> dict[str, tuple[str, ...]]:
    return {key: tuple(source.urn for source in found) for key, found in resource.property_dependencies.items()}


def _resource(
    raw: ResourceValidationArgs | PolicyResource, config: Mapping[str, Any], sources: Mapping[str, tuple[str, ...]]
) -> Resource:
    return Resource(
        type=raw.resource_type.rpartition("$")[2],  # a child's type without the types of its parents
        name=raw.name,
        urn=raw.urn,
        props=raw.props,
        protect=bool(raw.opts.protect),
        region=_region(raw.props, raw.provider.props if raw.provider else None),
        config=config,
        sources=sources,
    )


def _region(props: Mapping[str, Any], provider: Mapping[str, Any] | None) -> str | None:
    """Return the region of the resource, of its provider, or of the stack's configuration, in this order."""
    for place in (props, provider or {}):
        try:
            if place.get("region"):
                return str(place.get("region"))
        except UnknownValueError:
            return None
    return pulumi.Config("aws").get("region")
