"""Resources that a control accepts or reports, checked through the SDK's policies as the engine does."""

from __future__ import annotations

import contextlib
import copy
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi_policy import (
    PolicyCustomTimeouts,
    PolicyProviderResource,
    PolicyResource,
    PolicyResourceOptions,
    ResourceValidationArgs,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.policy import _NotApplicableError
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

from policies.controls import Control, as_policy
from policies.pack import CONTROLS

UNKNOWN = UNKNOWN_STRING_VALUE
REMOVED = object()
BY_NAME: dict[str, Control] = {control.name: control for control in CONTROLS}


@dataclass
class Member:
    """A resource of a stack. ``sources`` maps a property to the URNs that its value comes from."""

    kind: str
    inputs: Mapping[str, Any]
    name: str = "thing"
    stack: str = "dev"
    protect: bool = False
    region: str = "eu-central-1"
    sources: Mapping[str, list[str]] = field(default_factory=dict)
    parent: str = "model-training:some:Parent"

    @property
    def urn(self) -> str:
        return f"urn:pulumi:{self.stack}::model-training::{self.parent}${self.kind}::{self.name}"

    def options(self) -> PolicyResourceOptions:
        return PolicyResourceOptions(self.protect, [], None, [], PolicyCustomTimeouts(0, 0, 0), [])

    def provider(self) -> PolicyProviderResource:
        return PolicyProviderResource("pulumi:providers:aws", {"region": self.region}, "urn", "default")

    def args(self, config: Mapping[str, Any] | None = None) -> ResourceValidationArgs:
        return ResourceValidationArgs(
            self.kind, unknown_checking_proxy(dict(self.inputs)), self.urn, self.name, self.options(), self.provider(), config
        )


def judge(control: Control, members: Iterable[Member], config: Mapping[str, Any] | None = None) -> list[str]:
    """Return the messages of one control for some resources."""
    found: list[str] = []
    policy = as_policy(control)
    if isinstance(policy, StackValidationPolicy):
        policy.validate(StackValidationArgs(stack_of(list(members)), config), lambda text, urn=None: found.append(text))
        return found
    for member in members:
        with contextlib.suppress(_NotApplicableError):  # the engine reports nothing then
            policy.validate(member.args(config), lambda text, urn=None: found.append(text))
    return found


def stack_of(members: list[Member]) -> list[PolicyResource]:
    """Return the resources as a stack policy receives them."""
    resources = [
        PolicyResource(
            member.kind,
            unknown_checking_proxy(dict(member.inputs)),
            member.urn,
            member.name,
            member.options(),
            member.provider(),
            None,
            [],
            {},
        )
        for member in members
    ]
    by_urn = {resource.urn: resource for resource in resources}
    for member, resource in zip(members, resources, strict=True):
        for key, urns in member.sources.items():
            resource.property_dependencies[key] = [by_urn[urn] for urn in urns if urn in by_urn]
    return resources


@dataclass
class Case:
    """Resources, and the texts that the messages of a control contain; no texts if it accepts the resources."""

    control: str
    members: list[Member]
    finds: tuple[str, ...] = ()
    config: Mapping[str, Any] | None = None

    def __str__(self) -> str:
        return f"{self.control}: {self.finds[0] if self.finds else 'passes'}"

    def check(self) -> None:
        found = judge(BY_NAME[self.control], self.members, self.config)
        if not self.finds:
            assert found == []
            return
        assert found, f"{self.control} reports nothing"
        for text in self.finds:
            assert any(text in message for message in found), f"{text!r} in none of {found}"
        known = set(BY_NAME[self.control].ids.split())
        for message in found:
            ids = re.search(r"\(([^()]+)\)$", message)
            assert ids is not None and set(ids[1].split(", ")) <= known, message
            assert any(message.startswith(f"{member.kind} {member.name}: ") for member in self.members)


def good(control: str, kind: str, inputs: Mapping[str, Any], **more: Any) -> Case:
    """One resource that the control accepts."""
    config = more.pop("config", None)
    return Case(control, [Member(kind, inputs, **more)], config=config)


def bad(control: str, kind: str, inputs: Mapping[str, Any], *finds: str, **more: Any) -> Case:
    """One resource that the control reports, and texts that its messages contain."""
    config = more.pop("config", None)
    return Case(control, [Member(kind, inputs, **more)], finds, config)


def change(inputs: Mapping[str, Any], path: str, value: object = REMOVED) -> dict[str, Any]:
    """Return a copy with another value at ``a.0.b``, or without that property."""
    changed = copy.deepcopy(dict(inputs))
    *parents, last = path.split(".")
    place: Any = changed
    for key in parents:
        place = place[int(key)] if isinstance(place, list) else place.setdefault(key, {})
    if value is REMOVED:
        del place[last]
    elif isinstance(place, list):
        place[int(last)] = value
    else:
        place[last] = value
    return changed
