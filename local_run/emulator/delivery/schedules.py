"""The deployed schedules: which exist, when each is due next, and what its targets get.

Two services have them: EventBridge Scheduler, and EventBridge rules with a schedule expression.
Source: EventBridge Scheduler user guide, "Schedule types" and "Adding context attributes"; EventBridge user guide, "Creating a
rule that runs on a schedule".
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local_run.emulator.access import EVENTS_ACTOR, AwsAccess
from local_run.emulator.delivery.targets import Target
from settings import next_times

#: Scheduler puts the time of the slot in its place.
SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"
ENABLED = "ENABLED"


@dataclass(frozen=True)
class Schedule:
    """An enabled schedule or rule. ``target`` settings are those that PutTargets or CreateSchedule stored."""

    name: str
    expression: str
    rule_arn: str  # empty for EventBridge Scheduler
    targets: tuple[Target, ...]

    def due_after(self, moment: datetime) -> datetime | None:
        """Return the next time at which it fires, UTC; None if it never fires again. A rate counts from ``moment``."""
        return next(iter(next_times(self.expression, moment, 1)), None)

    def deliveries(self, due: datetime, aws: AwsAccess) -> Iterator[tuple[Target, Mapping[str, Any]]]:
        """Yield each target with its event."""
        time = due.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        for target in self.targets:
            if self.rule_arn:
                yield target, _scheduled_event(self.rule_arn, time, aws)
            else:
                settings = {**target.settings, "Input": str(target.settings.get("Input", "{}")).replace(SCHEDULED_TIME, time)}
                yield Target("", target.arn, settings), {}


def deployed_schedules(aws: AwsAccess) -> Iterator[Schedule]:
    """Yield the enabled schedules of both services. One-time schedules (``at(…)``) are left out: the program creates none."""
    scheduler, events = aws.client("scheduler", EVENTS_ACTOR), aws.client("events", EVENTS_ACTOR)
    for page in scheduler.get_paginator("list_schedules").paginate():
        for summary in page["Schedules"]:
            found = scheduler.get_schedule(Name=summary["Name"], GroupName=summary["GroupName"])
            if found["State"] == ENABLED and not found["ScheduleExpression"].startswith("at("):
                target = Target("", found["Target"]["Arn"], found["Target"])
                yield Schedule(str(summary["Name"]), found["ScheduleExpression"], "", (target,))
    for page in events.get_paginator("list_rules").paginate():
        for rule in page["Rules"]:
            if rule.get("State") == ENABLED and rule.get("ScheduleExpression"):
                listed = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]  # a rule has at most five
                targets = tuple(Target(rule["Arn"], item["Arn"], item) for item in listed)
                yield Schedule(str(rule["Name"]), rule["ScheduleExpression"], rule["Arn"], targets)


def _scheduled_event(rule_arn: str, time: str, aws: AwsAccess) -> Mapping[str, Any]:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": aws.account_id,
        "time": time,
        "region": aws.region,
        "resources": [rule_arn],
        "detail": {},
    }
