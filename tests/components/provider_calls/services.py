"""Rights for what acts and what carries messages: roles, the pipeline, functions, events, alarms."""

from __future__ import annotations

from collections.abc import Mapping

from components.iam.statement import LAMBDA, SAGEMAKER, SCHEDULER
from tests.components.provider_calls.asked import KEY, Asked, arn
from tests.components.recording import ACCOUNT

_ROLE, _ROLE_OF_POLICY = (f"arn:aws:iam::{ACCOUNT}:role/{{{key}}}" for key in ("name", "role"))
_BOUNDARY = {"iam:PermissionsBoundary": "{boundary}"}
_QUEUE, _TOPIC = arn("sqs", "{queue}"), arn("sns", "{name}")


def _passed(role: str, service: str) -> Asked:
    return Asked(role, "iam:PassRole", update="iam:PassRole", given={"iam:PassedToService": service})


def _log_group(resource: str) -> Asked:
    return Asked(
        arn("logs", resource),
        "logs:CreateLogGroup logs:TagResource logs:PutRetentionPolicy",
        "logs:ListTagsForResource",
        "logs:AssociateKmsKey logs:DisassociateKmsKey logs:PutRetentionPolicy logs:TagResource logs:UntagResource",
        "logs:DeleteLogGroup",
    )


SERVICES: Mapping[str, tuple[Asked, ...]] = {
    "aws:iam/role:Role": (
        Asked(
            _ROLE,
            "iam:TagRole",
            "iam:GetRole iam:ListRolePolicies iam:GetRolePolicy iam:ListAttachedRolePolicies",
            "iam:UpdateAssumeRolePolicy iam:UpdateRoleDescription iam:TagRole iam:UntagRole",
            "iam:ListInstanceProfilesForRole iam:DeleteRole",
        ),
        Asked(_ROLE, "iam:CreateRole", update="iam:PutRolePermissionsBoundary", given=_BOUNDARY),
    ),
    "aws:iam/rolePolicy:RolePolicy": (
        Asked(_ROLE_OF_POLICY, "iam:PutRolePolicy", update="iam:PutRolePolicy", given=_BOUNDARY),
        Asked(_ROLE_OF_POLICY, read="iam:GetRolePolicy", delete="iam:DeleteRolePolicy"),
    ),
    "aws:sagemaker/pipeline:Pipeline": (
        Asked(
            arn("sagemaker", "pipeline/{pipelineName}"),
            "sagemaker:CreatePipeline sagemaker:AddTags",
            "sagemaker:DescribePipeline sagemaker:ListTags",
            "sagemaker:UpdatePipeline sagemaker:AddTags sagemaker:DeleteTags",
            "sagemaker:DeletePipeline",
        ),
        _passed("{roleArn}", SAGEMAKER),
    ),
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": (
        Asked(
            arn("sagemaker", "model-package-group/{modelPackageGroupName}"),
            "sagemaker:CreateModelPackageGroup sagemaker:AddTags",
            "sagemaker:DescribeModelPackageGroup sagemaker:ListTags",
            "sagemaker:AddTags sagemaker:DeleteTags",
            "sagemaker:DeleteModelPackageGroup",
        ),
    ),
    "aws:lambda/function:Function": (
        # GetFunction gives the tags only to those who may list them.
        Asked(
            arn("lambda", "function:{name}"),
            "lambda:CreateFunction lambda:TagResource lambda:PutFunctionConcurrency",
            "lambda:GetFunction lambda:ListTags lambda:ListVersionsByFunction lambda:GetFunctionCodeSigningConfig",
            "lambda:UpdateFunctionCode lambda:UpdateFunctionConfiguration lambda:PutFunctionConcurrency "
            "lambda:DeleteFunctionConcurrency lambda:TagResource lambda:UntagResource",
            "lambda:DeleteFunction",
        ),
        _passed("{role}", LAMBDA),
        Asked(KEY, "kms:DescribeKey kms:Encrypt kms:Decrypt kms:GenerateDataKey"),
        Asked(KEY, "kms:CreateGrant", given={"kms:GrantIsForAWSResource": "true"}),
    ),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": (
        Asked(
            arn("lambda", "function:{functionName}"),
            "lambda:PutFunctionEventInvokeConfig",
            "lambda:GetFunctionEventInvokeConfig",
            "lambda:PutFunctionEventInvokeConfig",
            "lambda:DeleteFunctionEventInvokeConfig",
        ),
    ),
    "aws:lambda/permission:Permission": (
        Asked(
            arn("lambda", "function:{function}"), "lambda:AddPermission", "lambda:GetPolicy", delete="lambda:RemovePermission"
        ),
    ),
    # IAM checks some of its calls against the group and others against its streams.
    "aws:cloudwatch/logGroup:LogGroup": (
        _log_group("log-group:{name}"),
        _log_group("log-group:{name}:*"),
        Asked("*", read="logs:DescribeLogGroups"),
    ),
    "aws:cloudwatch/eventRule:EventRule": (
        Asked(
            arn("events", "rule/{name}"),
            "events:PutRule events:TagResource",
            "events:DescribeRule events:ListTagsForResource",
            "events:PutRule events:TagResource events:UntagResource",
            "events:DeleteRule",
        ),
    ),
    "aws:cloudwatch/eventTarget:EventTarget": (
        Asked(
            arn("events", "rule/{rule}"),
            "events:PutTargets",
            "events:ListTargetsByRule",
            "events:PutTargets",
            "events:RemoveTargets",
        ),
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": (
        Asked(
            arn("cloudwatch", "alarm:{name}"),
            "cloudwatch:PutMetricAlarm cloudwatch:TagResource",
            "cloudwatch:DescribeAlarms cloudwatch:ListTagsForResource",
            "cloudwatch:PutMetricAlarm cloudwatch:TagResource cloudwatch:UntagResource",
            "cloudwatch:DeleteAlarms",
        ),
    ),
    "aws:sqs/queue:Queue": (
        Asked(
            _QUEUE,
            "sqs:CreateQueue sqs:TagQueue",
            "sqs:GetQueueAttributes sqs:ListQueueTags",
            "sqs:SetQueueAttributes sqs:TagQueue sqs:UntagQueue",
            "sqs:DeleteQueue",
        ),
    ),
    "aws:sqs/queuePolicy:QueuePolicy": (
        Asked(_QUEUE, "sqs:SetQueueAttributes", "sqs:GetQueueAttributes", "sqs:SetQueueAttributes", "sqs:SetQueueAttributes"),
    ),
    "aws:scheduler/scheduleGroup:ScheduleGroup": (
        Asked(
            arn("scheduler", "schedule-group/{name}"),
            "scheduler:CreateScheduleGroup scheduler:TagResource",
            "scheduler:GetScheduleGroup scheduler:ListTagsForResource",
            "scheduler:TagResource scheduler:UntagResource",
            "scheduler:DeleteScheduleGroup",
        ),
    ),
    "aws:scheduler/schedule:Schedule": (
        Asked(
            arn("scheduler", "schedule/{groupName}/{name}"),
            "scheduler:CreateSchedule",
            "scheduler:GetSchedule",
            "scheduler:UpdateSchedule",
            "scheduler:DeleteSchedule",
        ),
        _passed("{target[roleArn]}", SCHEDULER),
        Asked(KEY, "kms:DescribeKey kms:Decrypt kms:GenerateDataKey"),
    ),
    "aws:sns/topic:Topic": (
        Asked(
            _TOPIC,
            "sns:CreateTopic sns:TagResource sns:SetTopicAttributes",
            "sns:GetTopicAttributes sns:ListTagsForResource",
            "sns:SetTopicAttributes sns:TagResource sns:UntagResource",
            "sns:DeleteTopic",
        ),
    ),
    "aws:sns/topicPolicy:TopicPolicy": (
        Asked("{arn}", "sns:SetTopicAttributes", "sns:GetTopicAttributes", "sns:SetTopicAttributes", "sns:SetTopicAttributes"),
    ),
    "aws:sns/topicSubscription:TopicSubscription": (
        Asked("{topic}", "sns:Subscribe"),
        Asked("{topic}:subscription", read="sns:GetSubscriptionAttributes", delete="sns:Unsubscribe"),
    ),
}
