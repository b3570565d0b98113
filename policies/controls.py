"""What a control is, and how it becomes a policy of the pack."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyComplianceFramework,
    PolicyConfigSchema,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from pipeline_def.check.finding import shown
from policies.exemptions import exemption_for
from policies.resources import PRODUCTION_OPTION, PRODUCTION_STACKS, Resource, Stack, one, whole

MANDATORY = EnforcementLevel.MANDATORY
ADVISORY = EnforcementLevel.ADVISORY
ANY_KIND = ("*",)

_PRODUCTION_SCHEMA = {
    PRODUCTION_OPTION: {
        "type": "string",
        "default": PRODUCTION_STACKS,
        "description": "Regular expression: the stacks that this holds for, or is stricter for",
    }
}


@dataclass(frozen=True)
class Finding:
    """One thing wrong with a resource: the field, what stands there (None: nothing), and what may stand there.

    ``ids`` are those of the control that mean just this kind of resource, where the control is about several.
    """

    field: str
    value: object
    allowed: str
    ids: str = ""


class Verbatim:
    """A value in the words that a message may use: shortened already, and masked where it may be a secret."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


@dataclass(frozen=True)
class Control:
    """What is asked, of resources of which kinds; ``ids``: what frameworks call it, with spaces between."""

    name: str
    asks: str
    ids: str
    kinds: tuple[str, ...]
    level: EnforcementLevel = field(default=MANDATORY, kw_only=True)
    #: Whether the answer depends on the stack being one for production.
    stricter_in_production: bool = field(default=False, kw_only=True)
    options: dict[str, dict[str, Any]] = field(default_factory=dict, kw_only=True)
    #: The control that reads the same input, and tells when a preview can not know it: once is enough.
    unknown_told_by: str = field(default="", kw_only=True)

    @property
    def reference(self) -> str:
        return listed(self.ids)

    def holds_for(self, resource: Resource) -> bool:
        return resource.kind in self.kinds or self.kinds == ANY_KIND

    def schema(self) -> PolicyConfigSchema | None:
        properties = self.options | (_PRODUCTION_SCHEMA if self.stricter_in_production else {})
        return PolicyConfigSchema(properties) if properties else None

    def described(self) -> dict[str, Any]:
        """What every policy says of itself."""
        framework = PolicyComplianceFramework(name="Security controls", reference=self.reference)
        return {
            "name": self.name,
            "description": self.asks,
            "enforcement_level": self.level,
            "config_schema": self.schema(),
            "framework": framework,
            "tags": self.ids.split(),
        }


@dataclass(frozen=True)
class ResourceControl(Control):
    """A control that each resource passes or fails by itself: asked before the resource is made."""

    look: Callable[[Resource], Iterable[Finding]] = field(kw_only=True)


@dataclass(frozen=True)
class StackControl(Control):
    """A control over a resource and what belongs to it: asked once the whole stack is known."""

    look: Callable[[Resource, Stack], Iterable[Finding]] = field(kw_only=True)


def as_policy(control: Control) -> Policy:
    if isinstance(control, ResourceControl):
        return _resource_policy(control)
    if isinstance(control, StackControl):
        return _stack_policy(control)
    raise TypeError(f"{control.name}: neither about a resource nor about a stack")


def _resource_policy(control: ResourceControl) -> Policy:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        resource = one(args)
        if not control.holds_for(resource) or exemption_for(control.name, resource) is not None:
            return
        try:
            for finding in control.look(resource):
                report(message(resource, finding, control), None)
        except UnknownValueError:
            if not control.unknown_told_by:
                raise
            args.not_applicable(f"not known yet; {control.unknown_told_by} tells when it is")

    return ResourceValidationPolicy(validate=validate, **control.described())


def _stack_policy(control: StackControl) -> Policy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        unknown: UnknownValueError | None = None
        stack = whole(args)
        for resource in asked(control, stack):
            try:
                for finding in control.look(resource, stack):
                    report(message(resource, finding, control), resource.urn)
            except UnknownValueError as error:
                unknown = error
        if unknown is not None:  # all others were asked; the engine says that one could not be
            raise unknown

    return StackValidationPolicy(validate=validate, **control.described())


def asked(control: StackControl, stack: Stack) -> Iterator[Resource]:
    """The resources that a control over a stack is about."""
    for resource in stack.resources:
        if control.holds_for(resource) and exemption_for(control.name, resource) is None:
            yield resource


def message(resource: Resource, finding: Finding, control: Control) -> str:
    """``aws:s3/bucket:Bucket assets: acl is 'public-read'; allowed: none (S3.12)``; what may be a secret is masked."""
    value = shown(finding.value, finding.field)
    found = "is missing" if value is None else f"is {value}"
    ids = listed(finding.ids) or control.reference
    return f"{resource.type} {resource.name}: {finding.field} {found}; {finding.allowed} ({ids})"


def listed(ids: str) -> str:
    return ", ".join(ids.split())


def must_be(resource: Resource, path: str, expected: object, allowed: str | None = None) -> Iterator[Finding]:
    """A finding unless the value at the path is the expected one."""
    value = resource.get(path)
    if value != expected or isinstance(value, bool) != isinstance(expected, bool):
        yield Finding(path, value, allowed or f"allowed: {expected!r}")


def must_have(resource: Resource, path: str, allowed: str) -> Iterator[Finding]:
    """A finding unless there is a value at the path."""
    if not resource.has(path):
        yield Finding(path, None, allowed)
