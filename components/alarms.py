"""Who is told when something needs a person: failed executions, undelivered events, a reconciler that does not come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output, ResourceOptions

from components.names import ALARM_TOPIC, ALARMS, Names
from components.policies import Document, canonical, one_or_many, tls_only
from components.schedules import RECONCILE_MINUTES

PERIOD_SECONDS = 300
#: The reconciler is late when it did not come in the time of this many of its calls.
MISSED_CALLS = 3


@dataclass(frozen=True)
class AlarmsArgs:
    names: Names
    tags: Mapping[str, str]
    key_arn: Input[str] | None
    pipeline_name: Input[str]
    queue_name: Input[str]
    reconciler_name: Input[str]


class Alarms(pulumi.ComponentResource):
    """Three alarms on one topic; ``topic_arn`` is for whoever wants to be told by other ways than e-mail."""

    topic_arn: Output[str]

    def __init__(self, name: str, args: AlarmsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("model-training:alarms:Alarms", name, {}, opts)
        self._name = name
        self._args = args
        topic = self._create_topic()
        self._create_subscription(topic)
        failed, undelivered, late = ALARMS
        self._create_alarm(topic, failed, self._failed_executions())
        self._create_alarm(topic, undelivered, self._undelivered())
        self._create_alarm(topic, late, self._reconciler_late())
        self.topic_arn = topic.arn
        self.register_outputs({"topic_arn": self.topic_arn})

    def _create_topic(self) -> aws.sns.Topic:
        """Encrypted with the stack's key; alarms can not use the one that AWS manages."""
        topic = aws.sns.Topic(
            f"{self._name}-topic",
            name=self._args.names.of(ALARM_TOPIC),
            kms_master_key_id=self._args.key_arn,
            tags=self._args.tags,
            opts=ResourceOptions(parent=self),
        )
        aws.sns.TopicPolicy(
            f"{self._name}-policy",
            arn=topic.arn,
            policy=topic_policy(self._args.names),
            opts=ResourceOptions(parent=self),
        )
        return topic

    def _create_subscription(self, topic: aws.sns.Topic) -> None:
        email = self._args.names.settings.alarm_email
        if email:
            aws.sns.TopicSubscription(
                f"{self._name}-email", topic=topic.arn, protocol="email", endpoint=email, opts=ResourceOptions(parent=self)
            )

    def _create_alarm(self, topic: aws.sns.Topic, noun: str, watched: Mapping[str, Any]) -> None:
        aws.cloudwatch.MetricAlarm(
            f"{self._name}-{noun}",
            name=self._args.names.of(noun),
            threshold=1,
            alarm_actions=[topic.arn],
            tags=self._args.tags,
            opts=ResourceOptions(parent=self),
            **watched,
        )

    def _failed_executions(self) -> dict[str, Any]:
        return {
            "alarm_description": "An execution of the pipeline failed",
            "namespace": "AWS/Sagemaker/ModelBuildingPipeline",
            "metric_name": "ExecutionFailed",
            "dimensions": {"PipelineName": self._args.pipeline_name},
            "statistic": "Sum",
            "period": PERIOD_SECONDS,
            "evaluation_periods": 1,
            "comparison_operator": "GreaterThanOrEqualToThreshold",
            "treat_missing_data": "notBreaching",
        }

    def _undelivered(self) -> dict[str, Any]:
        return {
            "alarm_description": "An event or a call could not be handled; it waits in the dead-letter queue",
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
            "alarm_description": "The reconciler did not run, so what a lost event left behind is not repaired",
            "namespace": "AWS/Lambda",
            "metric_name": "Invocations",
            "dimensions": {"FunctionName": self._args.reconciler_name},
            "statistic": "Sum",
            "period": RECONCILE_MINUTES * 60,
            "evaluation_periods": MISSED_CALLS,
            "comparison_operator": "LessThanThreshold",
            "treat_missing_data": "breaching",
        }


def topic_policy(names: Names) -> str:
    """CloudWatch publishes for our alarms, over TLS; nobody else of outside."""
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
