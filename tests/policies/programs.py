"""The whole program's resources as the pack sees them, recorded under the SDK's mocks with their options and dependencies."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from tests.components.recording import Recorder, run_program
from tests.policies.judging import UNKNOWN, Member

VPC = {
    "subnetIds": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    "securityGroupIds": ["sg-0123456789abcdef0"],
}
RETRAINING = {"retrainingSchedule": "cron(0 6 ? * MON *)", "retrainingTemplate": "weekly", "alarmEmail": "team@example.org"}
STACKS: dict[str, tuple[str, dict[str, object]]] = {
    "dev": ("dev", {}),
    "dev with a key": ("dev", {"encryptionKey": "create", **RETRAINING}),
    "prod": ("prod", {}),
    "prod with everything": ("prod", {**VPC, **RETRAINING, "accessLogsBucket": "access-logs", "managedSpot": True}),
}


@cache
def members(stack: str) -> list[Member]:
    """All resources of one of :data:`STACKS`; components have no inputs and no provider."""
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
    parent = request.parent.split("::")[2].rpartition("$")[2]  # as the SDK's mocks make URNs
    return Member(
        resource.type, resource.inputs, resource.name, recorded.stack, request.protect, recorded.region, sources, parent
    )


def first_preview(found: list[Member]) -> list[Member]:
    """The same where nothing exists yet: whatever comes from another resource is not known."""
    return [
        replace(member, inputs={**member.inputs, **dict.fromkeys(filter(member.sources.get, member.sources), UNKNOWN)})
        for member in found
    ]
