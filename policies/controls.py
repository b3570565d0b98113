"""Controls, the findings that they report, and the CrossGuard policies made from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pulumi_policy as sdk
from pulumi_policy.proxy import UnknownValueError

from pipeline_def.check.finding import shown
from policies.exemptions import ends_in_production, exemption_for
from policies.resources import PRODUCTION_OPTION, PRODUCTION_STACKS, Resource, Stack, plain, read_resource, read_stack

MANDATORY = sdk.EnforcementLevel.MANDATORY
ADVISORY = sdk.EnforcementLevel.ADVISORY
ANY_KIND = ("*",)

PRODUCTION_SCHEMA = {
    PRODUCTION_OPTION: {
        "type": "string",
        "default": PRODUCTION_STACKS,
        "description": "Regular expression for the names of production stacks",
    }
}


@dataclass(frozen=True)
class Finding:
    """One problem of a resource: the field, its value (None if it is missing), and what is allowed.

    ``ids`` are the framework ids for this kind of resource, for a control that covers several kinds.
    """

    field: str
    value: object
    allowed: str
    ids: str = ""


class Verbatim:
    """Text that a message shows as it is, because it is already shortened and masked."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


Check = Callable[[Resource, Stack], Iterable[Finding]]


@dataclass(frozen=True)
class Control:
    """A requirement on some kinds of resources. ``ids`` are its names in security frameworks, separated by spaces."""

    name: str
    description: str
    ids: str
    kinds: tuple[str, ...]
    check: Check = field(kw_only=True)
    #: True if the control also reads other resources. It then runs when the whole stack is known, and not before each
    #: resource is created.
    needs_stack: bool = field(default=False, kw_only=True)
    level: sdk.EnforcementLevel = field(default=MANDATORY, kw_only=True)
    remediation: str = field(default="", kw_only=True)
    #: True if production stacks have stricter requirements.
    stricter_in_production: bool = field(default=False, kw_only=True)
    options: dict[str, dict[str, Any]] = field(default_factory=dict, kw_only=True)
    #: Name of a control that reads the same input. Only that one reports an input that a preview cannot know yet.
    unknown_reported_by: str = field(default="", kw_only=True)

    def applies_to(self, resource: Resource) -> bool:
        return resource.kind in self.kinds or self.kinds == ANY_KIND

    def schema(self) -> sdk.PolicyConfigSchema | None:
        by_stack = self.stricter_in_production or ends_in_production(self.name)
        properties = self.options | (PRODUCTION_SCHEMA if by_stack else {})
        return sdk.PolicyConfigSchema(properties) if properties else None

    def metadata(self) -> dict[str, Any]:
        """Return the arguments that every policy of the SDK takes."""
        return {
            "name": self.name,
            "description": self.description,
            "enforcement_level": self.level,
            "config_schema": self.schema(),
            "framework": sdk.PolicyComplianceFramework(name="Security controls", reference=format_ids(self.ids)),
            "tags": self.ids.split(),
            "remediation_steps": self.remediation or None,
        }


def resource_control(*metadata: Any, **options: Any) -> Callable[[Callable[[Resource], Iterable[Finding]]], Control]:
    """Make a control of a function that yields the findings of one resource; the arguments are those of :class:`Control`."""
    return lambda check: Control(*metadata, check=lambda resource, _: check(resource), **options)


def stack_control(*metadata: Any, **options: Any) -> Callable[[Check], Control]:
    """Make a control of a function that yields the findings of a resource in its stack."""
    return lambda check: Control(*metadata, check=check, needs_stack=True, **options)


def as_policy(control: Control) -> sdk.Policy:
    return _stack_policy(control) if control.needs_stack else _resource_policy(control)


def _resource_policy(control: Control) -> sdk.Policy:
    def validate(args: sdk.ResourceValidationArgs, report: sdk.ReportViolation) -> None:
        resource = read_resource(args)
        if not control.applies_to(resource) or exemption_for(control.name, resource) is not None:
            return
        try:
            for finding in control.check(resource, Stack(())):
                report(format_finding(resource, finding, control), None)
        except UnknownValueError:
            if not control.unknown_reported_by:
                raise
            args.not_applicable(f"not known yet; {control.unknown_reported_by} reports this")

    return sdk.ResourceValidationPolicy(validate=validate, **control.metadata())


def _stack_policy(control: Control) -> sdk.Policy:
    def validate(args: sdk.StackValidationArgs, report: sdk.ReportViolation) -> None:
        unknown: UnknownValueError | None = None
        stack = read_stack(args)
        for resource in stack.resources:
            if not control.applies_to(resource) or exemption_for(control.name, resource) is not None:
                continue
            try:
                for finding in control.check(resource, stack):
                    report(format_finding(resource, finding, control), resource.urn)
            except UnknownValueError as error:
                unknown = error
        if unknown is not None:  # after all other resources, because the SDK stops at the first error
            raise unknown

    return sdk.StackValidationPolicy(validate=validate, **control.metadata())


def format_finding(resource: Resource, finding: Finding, control: Control) -> str:
    """Format a finding as ``<type> <name>: <field> is <value>; <what is allowed> (<ids>)``; secrets are masked."""
    value = shown(plain(finding.value), finding.field)
    found = "is missing" if value is None else f"is {value}"
    allowed = f"{finding.allowed}. {control.remediation}" if control.remediation else finding.allowed
    return f"{resource.type} {resource.name}: {finding.field} {found}; {allowed} ({format_ids(finding.ids or control.ids)})"


def format_ids(ids: str) -> str:
    return ", ".join(ids.split())
