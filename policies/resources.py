"""Resources as the controls see them: the same whether a resource is looked at by itself or with its whole stack."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pulumi
from pulumi_policy import PolicyResource, ResourceValidationArgs, StackValidationArgs
from pulumi_policy.proxy import UnknownValueError

#: Stacks that the controls for production hold for, unless the pack's configuration names others.
PRODUCTION_STACKS = r"prod(uction)?(-.+)?"
PRODUCTION_OPTION = "productionStacks"
#: By what other resources refer to one.
_IDENTITIES = ("id", "bucket", "name", "arn", "url", "functionName")


@dataclass(frozen=True)
class Resource:
    """One resource. ``sources`` says, by property, the URNs that its value comes from; only a stack's view knows them."""

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
        """The type without the version that some names carry: ``aws:s3/bucketV2:BucketV2`` is a bucket like any other."""
        return re.sub(r"(?<=[a-z])[vV]2\b", "", self.type)

    @property
    def production(self) -> bool:
        pattern = str(self.config.get(PRODUCTION_OPTION) or PRODUCTION_STACKS)
        try:
            return re.fullmatch(pattern, self.urn.split("::")[0].rpartition(":")[2]) is not None
        except re.error as error:
            raise ValueError(f"option {PRODUCTION_OPTION} is {pattern!r}; allowed: a regular expression ({error})") from error

    def get(self, path: str) -> Any:
        """The value at ``a.b.0.c``, or None; :class:`UnknownValueError` where a preview can not know it."""
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
        """Whether there is a value, be it one that is known only later."""
        try:
            return self.get(path) not in (None, "")
        except UnknownValueError:
            return True

    def items(self, path: str) -> list[Any]:
        """The list at a path; empty where there is none."""
        value = self.get(path)
        return list(value) if is_list(value) else []

    def mapping(self, path: str) -> Mapping[str, Any]:
        """The mapping at a path; empty where there is none."""
        value = self.get(path)
        return value if isinstance(value, Mapping) else {}

    def number(self, path: str) -> float | None:
        """The number at a path, or None."""
        value = self.get(path)
        return None if isinstance(value, bool) or not isinstance(value, (int, float)) else value

    def known(self, path: str) -> Any:
        """The value, or None where it is not known yet either."""
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
        """Resources of a kind whose property ``by`` refers to the resource: it comes from it, or is one of its names."""
        names = {name for key in _IDENTITIES if isinstance(name := resource.known(key), str) and name}
        return [other for other in self.of(kind) if resource.urn in other.sources.get(by, ()) or other.known(by) in names]

    @cached_property
    def kinds(self) -> frozenset[str]:
        return frozenset(resource.kind for resource in self.resources)


def is_list(value: object) -> bool:
    """Whether a value is a list; the engine hands lists over as sequences of its own."""
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def one(args: ResourceValidationArgs) -> Resource:
    """The resource that a resource policy is called for."""
    provider = args.provider.props if args.provider else None
    return Resource(
        type=_clean(args.resource_type),
        name=args.name,
        urn=args.urn,
        props=args.props,
        protect=bool(args.opts.protect),
        region=_region(args.props, provider),
        config=args.get_config(),
    )


def whole(args: StackValidationArgs) -> Stack:
    """The stack that a stack policy is called for."""
    return Stack(tuple(_member(resource, args.get_config()) for resource in args.resources))


def _member(resource: PolicyResource, config: Mapping[str, Any]) -> Resource:
    return Resource(
        type=_clean(resource.resource_type),
        name=resource.name,
        urn=resource.urn,
        props=resource.props,
        protect=bool(resource.opts.protect),
        region=_region(resource.props, resource.provider.props if resource.provider else None),
        config=config,
        sources={key: tuple(source.urn for source in found) for key, found in resource.property_dependencies.items()},
    )


def _clean(type_: str) -> str:
    """A child's type without those of its parents."""
    return type_.rpartition("$")[2]


def _region(props: Mapping[str, Any], provider: Mapping[str, Any] | None) -> str | None:
    """The resource's own region, else its provider's, else the stack's setting."""
    for place in (props, provider or {}):
        try:
            if place.get("region"):
                return str(place.get("region"))
        except UnknownValueError:
            return None
    return pulumi.Config("aws").get("region")
