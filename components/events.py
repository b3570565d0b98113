"""Delivers SageMaker's events of our pipelines to the function that keeps execution items up to date."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output, ResourceOptions

from components.context import StackContext
from components.names import EVENT_RULE
from contracts.status import EXECUTION_EVENT, STEP_EVENT

#: How long, and how often, EventBridge tries to deliver an event before it sends it to the dead-letter queue.
MAX_EVENT_AGE_SECONDS = 6 * 3600
RETRIES = 30


@dataclass(frozen=True)
class EventsArgs:
    context: StackContext
    pipeline_arns: Sequence[Input[str]]
    function_name: Input[str]
    function_arn: Input[str]
    dead_letter_arn: Input[str]


class Events(pulumi.ComponentResource):
    """The rule for our pipelines, its target, and a permission that lets only this rule invoke the function."""

    rule_arn: Output[str]

    def __init__(self, name: str, args: EventsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("model-training:events:Events", name, {}, opts)
        self._name = name
        self._args = args
        rule = self._create_rule()
        permission = self._create_permission(rule)
        self._create_target(rule, permission)
        self.rule_arn = rule.arn
        self.register_outputs({"rule_arn": self.rule_arn})

    def _create_rule(self) -> aws.cloudwatch.EventRule:
        return aws.cloudwatch.EventRule(
            f"{self._name}-rule",
            name=self._args.context.names.of(EVENT_RULE),
            description="Status changes of the pipelines' executions and their steps",
            event_pattern=Output.all(*self._args.pipeline_arns).apply(event_pattern),
            tags=self._args.context.tags,
            opts=ResourceOptions(parent=self),
        )

    def _create_permission(self, rule: aws.cloudwatch.EventRule) -> aws.lambda_.Permission:
        return aws.lambda_.Permission(
            f"{self._name}-permission",
            action="lambda:InvokeFunction",
            function=self._args.function_name,
            principal="events.amazonaws.com",
            source_arn=rule.arn,
            source_account=self._args.context.names.account,
            statement_id="AllowEventRule",
            opts=ResourceOptions(parent=self),
        )

    def _create_target(self, rule: aws.cloudwatch.EventRule, permission: pulumi.Resource) -> None:
        """Depends on the permission: no event is delivered before the function may be invoked."""
        aws.cloudwatch.EventTarget(
            f"{self._name}-target",
            rule=rule.name,
            target_id=EVENT_RULE,
            arn=self._args.function_arn,
            dead_letter_config={"arn": self._args.dead_letter_arn},
            retry_policy={
                "maximum_event_age_in_seconds": MAX_EVENT_AGE_SECONDS,
                "maximum_retry_attempts": RETRIES,
            },
            opts=ResourceOptions(parent=self, depends_on=[permission]),
        )


def event_pattern(pipeline_arns: Sequence[str]) -> str:
    """The pattern names the pipelines, so events of other pipelines do not arrive."""
    pattern = {
        "source": ["aws.sagemaker"],
        "detail-type": [EXECUTION_EVENT, STEP_EVENT],
        "detail": {"pipelineArn": list(pipeline_arns)},
    }
    return json.dumps(pattern, sort_keys=True, separators=(",", ":"))
