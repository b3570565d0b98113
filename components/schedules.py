"""What happens by the clock: reconciling, clearing away endpoints, and retraining where the settings ask for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi import Input, ResourceOptions

from components.names import SCHEDULES, Names

RECONCILE_MINUTES = 15
RECONCILE = f"rate({RECONCILE_MINUTES} minutes)"
ENDPOINT_CLEANUP = "rate(1 hour)"
#: EventBridge Scheduler puts the time that the call was due in the place of this word.
SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"
MAX_EVENT_AGE_SECONDS = 3600
RETRIES = 10


@dataclass(frozen=True)
class SchedulesArgs:
    """``function_arns`` by the function's name in :data:`components.names.SCHEDULED`."""

    names: Names
    tags: Mapping[str, str]
    key_arn: Input[str] | None
    function_arns: Mapping[str, Input[str]]
    role_arn: Input[str]
    #: The role's policy: a schedule that fires before it stands is refused.
    role_ready: pulumi.Resource
    dead_letter_arn: Input[str]


class Schedules(pulumi.ComponentResource):
    def __init__(self, name: str, args: SchedulesArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("model-training:schedules:Schedules", name, {}, opts)
        self._name = name
        self._args = args
        settings = args.names.settings
        group = self._create_group()
        self._create_schedule(group, "reconcile", RECONCILE, "{}")
        self._create_schedule(group, "endpoint-cleanup", ENDPOINT_CLEANUP, "{}")
        if settings.retraining_schedule:
            self._create_schedule(
                group, "scheduled-start", settings.retraining_schedule, retraining_input(settings.retraining_template)
            )
        self.register_outputs({})

    def _create_group(self) -> aws.scheduler.ScheduleGroup:
        return aws.scheduler.ScheduleGroup(
            f"{self._name}-group",
            name=self._args.names.of(SCHEDULES),
            tags=self._args.tags,
            opts=ResourceOptions(parent=self),
        )

    def _create_schedule(self, group: aws.scheduler.ScheduleGroup, noun: str, expression: str, text: str) -> None:
        aws.scheduler.Schedule(
            f"{self._name}-{noun}",
            name=self._args.names.of(noun),
            group_name=group.name,
            description=f"Calls the function {noun}",
            schedule_expression=expression,
            schedule_expression_timezone="UTC",
            flexible_time_window={"mode": "OFF"},
            kms_key_arn=self._args.key_arn,
            target={
                "arn": self._args.function_arns[noun],
                "role_arn": self._args.role_arn,
                "input": text,
                "dead_letter_config": {"arn": self._args.dead_letter_arn},
                "retry_policy": {
                    "maximum_event_age_in_seconds": MAX_EVENT_AGE_SECONDS,
                    "maximum_retry_attempts": RETRIES,
                },
            },
            opts=ResourceOptions(parent=self, depends_on=[self._args.role_ready]),
        )


def retraining_input(template_id: str) -> str:
    """What ``handlers.scheduled_start`` takes: the template, and the time that makes two calls for it one execution."""
    return json.dumps({"scheduledTime": SCHEDULED_TIME, "templateId": template_id}, sort_keys=True, separators=(",", ":"))
