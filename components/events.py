"""SageMaker's events of our pipeline, delivered to the function that keeps execution items up to date."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output, ResourceOptions

from components.names import EVENT_RULE, Names
from contracts.status import EXECUTION_EVENT, STEP_EVENT

#: How long, and how often, EventBridge tries to deliver one event before it is a dead letter.
MAX_EVENT_AGE_SECONDS = 6 * 3600
RETRIES = 30


@dataclass(frozen=True)
class EventsArgs:
    names: Names
    tags: Mapping[str, str]
    pipeline_arn: Input[str]
    function_name: Input[str]
    function_arn: Input[str]
    dead_letter_arn: Input[str]


class Events(pulumi.ComponentResource):
    """The rule, bound to our pipeline; its target; and the function's permission for that rule alone."""

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
            name=self._args.names.of(EVENT_RULE),
            description="Status changes of the pipeline's executions and their steps",
            event_pattern=Output.from_input(self._args.pipeline_arn).apply(event_pattern),
            tags=self._args.tags,
            opts=ResourceOptions(parent=self),
        )

    def _create_permission(self, rule: aws.cloudwatch.EventRule) -> aws.lambda_.Permission:
        return aws.lambda_.Permission(
            f"{self._name}-permission",
            action="lambda:InvokeFunction",
            function=self._args.function_name,
            principal="events.amazonaws.com",
            source_arn=rule.arn,
            source_account=self._args.names.account,
            statement_id="AllowEventRule",
            opts=ResourceOptions(parent=self),
        )

    def _create_target(self, rule: aws.cloudwatch.EventRule, permission: pulumi.Resource) -> None:
        """Delivers only once the function may be called, so that no first event goes astray."""
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


def event_pattern(pipeline_arn: str) -> str:
    """Events of other pipelines do not reach us."""
    pattern = {
        "source": ["aws.sagemaker"],
        "detail-type": [EXECUTION_EVENT, STEP_EVENT],
        "detail": {"pipelineArn": [pipeline_arn]},
    }
    return json.dumps(pattern, sort_keys=True, separators=(",", ":"))
