"""The policy that lists in each preview which exemptions apply to the stack, and which controls are not done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pulumi_policy import PolicyConfigSchema, ReportViolation, StackValidationArgs, StackValidationPolicy
from pulumi_policy.proxy import UnknownValueError

from policies.controls import ADVISORY, PRODUCTION_SCHEMA, Control, format_ids
from policies.exemptions import EXEMPTIONS, NOT_DONE, Exemption, NotDone
from policies.resources import Resource, Stack, read_stack

NAME = "exemptions"


def exemption_policy(controls: Iterable[Control]) -> StackValidationPolicy:
    by_name = {control.name: control for control in controls}

    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        for line in exemption_lines(by_name, read_stack(args)):
            report(line, None)

    return StackValidationPolicy(
        name=NAME,
        description="Exemptions from controls that apply to this stack",
        validate=validate,
        enforcement_level=ADVISORY,
        config_schema=PolicyConfigSchema(PRODUCTION_SCHEMA),
    )


def exemption_lines(controls: Mapping[str, Control], stack: Stack) -> Iterator[str]:
    """Yield one line for each exemption that applies, with its resources, reason and owner."""
    for exemption in EXEMPTIONS:
        control = controls[exemption.control]
        names = [resource.name for resource in stack.resources if _applies(exemption, control, resource, stack)]
        if names:
            yield _line(f"{exemption.control} does not apply to {', '.join(names)}", exemption, control.ids)
    for item in NOT_DONE:
        count = sum(1 for _ in stack.of(item.kind))
        if count:
            yield _line(f"{item.control}: not done for {item.kind} ({count})", item, item.ids)


def _applies(exemption: Exemption, control: Control, resource: Resource, stack: Stack) -> bool:
    """Whether the control would report the resource without the exemption, or cannot know yet."""
    if not exemption.covers(control.name, resource):
        return False
    try:
        return any(True for _ in control.check(resource, stack))
    except UnknownValueError:
        return True


def _line(what: str, item: Exemption | NotDone, ids: str) -> str:
    return f"{what}. Reason: {item.reason}. Owner: {item.owner} ({format_ids(ids)})"
