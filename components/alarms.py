"""Alarms for what needs a person: failed executions, undelivered events, a reconciler that does not run.

The topic also gets the notices of drift, which a function publishes under its role.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output, ResourceOptions

from components.context import StackContext
from components.handlers import RECONCILE, RECONCILE_MINUTES
from components.iam.documents import Document, canonical, one_or_many, tls_only
from components.names import ALARM_TOPIC, ALARMS, Names

PERIOD_SECONDS = 300
#: The reconciler is late if it did not run for this many of its intervals.
MISSED_CALLS = 3


@dataclass(frozen=True)
class AlarmsArgs:
    context: StackContext
    pipeline_name: Input[str]
    forecast_pipeline_name: Input[str]
    queue_name: Input[str]


class Alarms(pulumi.ComponentResource):
    """Four alarms on one topic; ``topic_arn`` lets you add subscribers other than the e-mail address."""

    topic_arn: Output[str]

    def __init__(self, name: str, args: AlarmsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("model-training:alarms:Alarms", name, {}, opts)
        self._name = name
        self._args = args
        self._context = args.context
        topic = self._create_topic()
        self._create_subscription(topic)
        failed, failed_forecast, undelivered, late = ALARMS
        self._create_alarm(topic, failed, _failed_executions(args.pipeline_name))
        self._create_alarm(topic, failed_forecast, _failed_executions(args.forecast_pipeline_name))
        self._create_alarm(topic, undelivered, self._undelivered())
        self._create_alarm(topic, late, self._reconciler_late())
        self.topic_arn = topic.arn
        self.register_outputs({"topic_arn": self.topic_arn})

    def _create_topic(self) -> aws.sns.Topic:
        """Encrypted with the stack's key; alarms cannot publish to a topic that the AWS-managed key encrypts."""
        topic = aws.sns.Topic(
            f"{self._name}-topic",
            name=self._context.names.of(ALARM_TOPIC),
            kms_master_key_id=self._context.key_arn,
            tags=self._context.tags,
            opts=ResourceOptions(parent=self),
        )
        aws.sns.TopicPolicy(
            f"{self._name}-policy",
            arn=topic.arn,
            policy=topic_policy(self._context.names),
            opts=ResourceOptions(parent=self),
        )
        return topic

    def _create_subscription(self, topic: aws.sns.Topic) -> None:
        email = self._context.settings.alarm_email
        if email:
            aws.sns.TopicSubscription(
                f"{self._name}-email", topic=topic.arn, protocol="email", endpoint=email, opts=ResourceOptions(parent=self)
            )

    def _create_alarm(self, topic: aws.sns.Topic, noun: str, condition: Mapping[str, Any]) -> None:
        aws.cloudwatch.MetricAlarm(
            f"{self._name}-{noun}",
            name=self._context.names.of(noun),
            threshold=1,
            alarm_actions=[topic.arn],
            tags=self._context.tags,
            opts=ResourceOptions(parent=self),
            **condition,
        )

    def _undelivered(self) -> dict[str, Any]:
        return {
            "alarm_description": "An event or an invocation failed; it is in the dead-letter queue",
            "namespace": "AWS/SQS",
            "metric_name": "ApproximateNumberOfMessagesVisible",
            "dimensions": {"QueueName": self._args.queue_name},
            "statistic": "Maximum",
            "period": PERIOD_SECONDS,
            "evaluation_periods": 1,
            "comparison_operator": "GreaterThanOrEqualToThreshold",
            "treat_missing_data": "notBreaching",
        }

    def _reconciler_late(self) -> dict[str, Any]:
        return {
            "alarm_description": "The reconciler did not run, so lost events are not repaired",
            "namespace": "AWS/Lambda",
            "metric_name": "Invocations",
            "dimensions": {"FunctionName": self._context.names.of(RECONCILE.name)},
            "statistic": "Sum",
            "period": RECONCILE_MINUTES * 60,
            "evaluation_periods": MISSED_CALLS,
            "comparison_operator": "LessThanThreshold",
            "treat_missing_data": "breaching",
        }


def _failed_executions(pipeline_name: Input[str]) -> dict[str, Any]:
    return {
        "alarm_description": "An execution of the pipeline failed",
        "namespace": "AWS/Sagemaker/ModelBuildingPipeline",
        "metric_name": "ExecutionFailed",
        "dimensions": {"PipelineName": pipeline_name},
        "statistic": "Sum",
        "period": PERIOD_SECONDS,
        "evaluation_periods": 1,
        "comparison_operator": "GreaterThanOrEqualToThreshold",
        "treat_missing_data": "notBreaching",
    }


def topic_policy(names: Names) -> str:
    """Lets CloudWatch publish for this stack's alarms only, and only over TLS."""
    topic = names.topic(ALARM_TOPIC)
    publish: Document = {
        "Sid": "PublishAlarms",
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic,
        "Condition": {
            "ArnEquals": {"aws:SourceArn": one_or_many(names.alarm(noun) for noun in ALARMS)},
            "StringEquals": {"aws:SourceAccount": names.account},
        },
    }
    return canonical([publish, tls_only("sns:Publish", topic)])
