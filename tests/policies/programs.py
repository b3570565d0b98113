"""All resources of the program as the pack sees them, recorded with the SDK's mocks."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from tests.components.recording import Recorder, run_program
from tests.policies.cases import UNKNOWN, Member

VPC = {
    "subnetIds": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    "securityGroupIds": ["sg-0123456789abcdef0"],
}
SCHEDULED = {
    "retrainingSchedule": "cron(0 6 ? * MON *)",
    "retrainingTemplate": "weekly",
    "forecastSchedule": "rate(1 day)",
    "forecastTemplate": "weekly",
    "alarmEmail": "team@example.org",
}
STACKS: dict[str, tuple[str, dict[str, object]]] = {
    "dev": ("dev", {}),
    "dev with a key": ("dev", {"encryptionKey": "create", **SCHEDULED}),
    "prod": ("prod", {}),
    "prod with everything": ("prod", {**VPC, **SCHEDULED, "accessLogsBucket": "access-logs", "managedSpot": True}),
}


@cache
def members(stack: str) -> list[Member]:
    """Return all resources of one of :data:`STACKS`, without components."""
    name, changes = STACKS[stack]
    recorded = run_program(name, **changes)
    return [
        _member(recorded, index)
        for index, found in enumerate(recorded.resources)
        if not found.type.startswith("model-training:")
    ]


def _member(recorded: Recorder, index: int) -> Member:
    resource = recorded.resources[index]
    request = recorded.requests[(resource.type, resource.name)]
    sources = {key: list(value.urns) for key, value in request.propertyDependencies.items()}
    parent = request.parent.split("::")[2].rpartition("$")[2]  # the form of URNs in the SDK's mocks
    return Member(
        resource.type, resource.inputs, resource.name, recorded.stack, request.protect, recorded.region, sources, parent
    )


def first_preview(found: list[Member]) -> list[Member]:
    """Return the resources as in a first preview: values that come from other resources are not known."""
    return [
        replace(member, inputs={**member.inputs, **dict.fromkeys(filter(member.sources.get, member.sources), UNKNOWN)})
        for member in found
    ]
