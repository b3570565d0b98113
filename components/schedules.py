"""EventBridge Scheduler calls the handlers that have a schedule."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import pulumi
import pulumi_aws as aws
from pulumi import Input, ResourceOptions

from components.context import StackContext
from components.handlers import HANDLERS, Handler
from components.names import SCHEDULES
from settings import next_times

MAX_EVENT_AGE_SECONDS = 3600
RETRIES = 10


@dataclass(frozen=True)
class SchedulesArgs:
    """``function_arns`` are by handler."""

    context: StackContext
    function_arns: Mapping[str, Input[str]]
    role_arn: Input[str]
    #: The role's policy: a schedule that fires before it exists is denied.
    role_ready: pulumi.Resource
    dead_letter_arn: Input[str]


class Schedules(pulumi.ComponentResource):
    """One schedule per handler that the settings schedule, in one group."""

    def __init__(self, name: str, args: SchedulesArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("model-training:schedules:Schedules", name, {}, opts)
        self._name = name
        self._args = args
        self._context = args.context
        group = self._create_group()
        for handler in HANDLERS:
            if handler.schedule and (expression := handler.schedule.expression(self._context.settings)):
                event = handler.schedule.event(self._context.settings)
                self._create_schedule(group, handler, expression, json.dumps(event, sort_keys=True, separators=(",", ":")))
        self.register_outputs({})

    def _create_group(self) -> aws.scheduler.ScheduleGroup:
        return aws.scheduler.ScheduleGroup(
            f"{self._name}-group",
            name=self._context.names.of(SCHEDULES),
            tags=self._context.tags,
            opts=ResourceOptions(parent=self),
        )

    def _create_schedule(self, group: aws.scheduler.ScheduleGroup, handler: Handler, expression: str, text: str) -> None:
        schedule = aws.scheduler.Schedule(
            f"{self._name}-{handler.name}",
            name=self._context.names.of(handler.name),
            group_name=group.name,
            description=f"Calls the function {handler.name}",
            schedule_expression=expression,
            schedule_expression_timezone="UTC",
            flexible_time_window={"mode": "OFF"},
            kms_key_arn=self._context.key_arn,
            target={
                "arn": self._args.function_arns[handler.name],
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
        if expression.startswith("cron("):
            times = ", ".join(f"{time:%a %Y-%m-%d %H:%M}" for time in next_times(expression, datetime.now(UTC)))
            pulumi.info(f"{handler.name}: {expression} fires next (UTC): {times}", schedule)
