"""What whoever runs ``pulumi up`` must be allowed to do: the calls by which the AWS provider makes, reads, changes and deletes.

Written once by service. ``python -m components.roles --deployer`` prints it as managed policies, with a stack's own names.
Source: the service authorization reference, and the calls that the provider makes for the resource types of this program.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from components.names import (
    ALARM_TOPIC,
    ALARMS,
    DEAD_LETTERS,
    EVENT_RULE,
    FUNCTIONS,
    MODEL_PACKAGES,
    REPOSITORY,
    SCHEDULES,
    Names,
)
from components.policies import Document, canonical, one_or_many
from contracts.permissions import ACTORS, LAMBDA, SAGEMAKER, SCHEDULER
from contracts.permissions_jobs import PIPELINE
from contracts.tables import TABLES

#: Characters without white space that IAM takes in one managed policy.
MANAGED_POLICY_MAX = 6144


@dataclass(frozen=True)
class Grant:
    """Actions of one service (``prefix``, and their names without it) on what ``resources`` gives for a stack."""

    sid: str
    prefix: str
    actions: str
    resources: Callable[[Names], Sequence[str]]
    why: str
    conditions: Callable[[Names], Document] | None = None


def _named(service: str, *patterns: str) -> Callable[[Names], Sequence[str]]:
    """Resources of this stack, by their names in full: another stack's name may begin with this one's."""
    return lambda names: [names.arn(service, pattern.format(stack=names.prefix)) for pattern in patterns]


def _roles(names: Names) -> Sequence[str]:
    return [names.role(actor.name) for actor in ACTORS]


def _passed_roles(names: Names) -> Sequence[str]:
    return [names.role(actor.name) for actor in ACTORS if actor.service != SAGEMAKER or actor is PIPELINE]


def _log_groups(names: Names) -> Sequence[str]:
    """With and without the end that stands for a group's streams: the calls differ in which they are checked against."""
    groups = [names.arn("logs", f"log-group:{names.log_group(function)}") for function in FUNCTIONS]
    return [*groups, *(f"{group}:*" for group in groups)]


def _buckets(*suffixes: str) -> Callable[[Names], Sequence[str]]:
    nouns = ("assets", "models", "pipeline")
    return lambda names: [
        names.arn("s3", names.bucket(noun) + suffix, region="", account="") for noun in nouns for suffix in suffixes
    ]


def _any(_: Names) -> Sequence[str]:
    return ["*"]


def _own_tags(names: Names) -> Document:
    return {
        "StringEquals": {
            "aws:ResourceTag/project": names.settings.project,
            "aws:ResourceTag/stack": names.settings.stack,
        }
    }


def _request_tags(names: Names) -> Document:
    return {"StringEquals": {"aws:RequestTag/project": names.settings.project, "aws:RequestTag/stack": names.settings.stack}}


def _boundary(names: Names) -> Document:
    """Where the stack has one, roles are made and filled only under it: a deployer can then give nobody more than it allows."""
    arn = names.settings.permissions_boundary
    return {"StringEquals": {"iam:PermissionsBoundary": arn}} if arn else {}


def _passed_to(_: Names) -> Document:
    return {"StringEquals": {"iam:PassedToService": sorted([SAGEMAKER, LAMBDA, SCHEDULER])}}


def _for_aws_resources(_: Names) -> Document:
    return {"Bool": {"kms:GrantIsForAWSResource": "true"}}


def _by_aws_alias(_: Names) -> Document:
    """These keys have no tags and no ARN that is known before; nobody but AWS gives an alias that begins so."""
    return {"StringEquals": {"kms:RequestAlias": ["alias/aws/dynamodb", "alias/aws/s3"]}}


def _given_key(names: Names) -> Sequence[str]:
    return [str(names.settings.given_key_arn)]


#: What S3 and DynamoDB do in the name of whoever stores an object or makes a table.
_DATA_KEY_ACTIONS = "Encrypt Decrypt ReEncryptFrom ReEncryptTo GenerateDataKey GenerateDataKeyWithoutPlaintext"
#: For a stack that is given a key: it is not ours to change, and does not carry our tags.
GIVEN_KEY_GRANTS = (
    Grant(
        "GivenKey",
        "kms",
        f"DescribeKey RetireGrant {_DATA_KEY_ACTIONS}",
        _given_key,
        "What the given key encrypts",
    ),
    Grant(
        "GivenKeyGrants",
        "kms",
        "CreateGrant",
        _given_key,
        "DynamoDB, ECR and Lambda use the key by a grant",
        _for_aws_resources,
    ),
)

GRANTS = (
    Grant(
        "Buckets",
        "s3",
        "CreateBucket DeleteBucket ListBucket ListBucketVersions ListTagsForResource TagResource UntagResource GetBucketAcl "
        "GetBucketCORS GetBucketLogging GetBucketObjectLockConfiguration GetBucketOwnershipControls GetBucketPolicy "
        "GetBucketPublicAccessBlock GetBucketRequestPayment GetBucketTagging GetBucketVersioning GetBucketWebsite "
        "GetAccelerateConfiguration GetEncryptionConfiguration GetLifecycleConfiguration GetReplicationConfiguration "
        "PutBucketLogging PutBucketOwnershipControls PutBucketPolicy DeleteBucketPolicy PutBucketPublicAccessBlock "
        "PutBucketTagging PutBucketVersioning PutEncryptionConfiguration PutLifecycleConfiguration",
        _buckets(""),
        "The three buckets and their settings",
    ),
    Grant(
        "Objects",
        "s3",
        "GetObject GetObjectTagging PutObject PutObjectTagging DeleteObject DeleteObjectVersion",
        _buckets("/*"),
        "Puts the executor; empties unprotected buckets when they are destroyed",
    ),
    Grant(
        "Tables",
        "dynamodb",
        "CreateTable DescribeTable UpdateTable DeleteTable DescribeContinuousBackups UpdateContinuousBackups "
        "DescribeTimeToLive UpdateTimeToLive ListTagsOfResource TagResource UntagResource",
        lambda names: [names.arn("dynamodb", f"table/{names.table(table)}") for table in TABLES],
        "The tables",
    ),
    Grant(
        "Repository",
        "ecr",
        "CreateRepository DeleteRepository ListImages PutImageTagMutability "
        "PutImageScanningConfiguration GetLifecyclePolicy PutLifecyclePolicy DeleteLifecyclePolicy ListTagsForResource "
        "TagResource UntagResource BatchCheckLayerAvailability BatchGetImage GetDownloadUrlForLayer InitiateLayerUpload "
        "UploadLayerPart CompleteLayerUpload PutImage",
        _named("ecr", f"repository/{{stack}}-{REPOSITORY}"),
        "The image repository, and pushing to it",
    ),
    Grant("Registry", "ecr", "GetAuthorizationToken", _any, "Logs in to the registry; ECR gives it no resource level"),
    Grant(
        "ListRepositories",
        "ecr",
        "DescribeRepositories",
        _named("ecr", "repository/*"),
        "Reads the repository, and looks whether it exists before it asks for its images",
    ),
    Grant(
        "Pipelines",
        "sagemaker",
        "CreatePipeline DescribePipeline UpdatePipeline DeletePipeline CreateModelPackageGroup DescribeModelPackageGroup "
        "DeleteModelPackageGroup AddTags DeleteTags ListTags",
        _named("sagemaker", "pipeline/{stack}", f"model-package-group/{{stack}}-{MODEL_PACKAGES}"),
        "The pipeline and its model package group",
    ),
    Grant(
        "Roles",
        "iam",
        "GetRole UpdateRoleDescription UpdateAssumeRolePolicy DeleteRole GetRolePolicy "
        "DeleteRolePolicy ListRolePolicies ListAttachedRolePolicies ListInstanceProfilesForRole TagRole UntagRole",
        _roles,
        "One role per actor",
    ),
    Grant(
        "FillRoles",
        "iam",
        "CreateRole PutRolePermissionsBoundary PutRolePolicy",
        _roles,
        "Makes the roles and says what they may do",
        _boundary,
    ),
    Grant(
        "PassRoles",
        "iam",
        "PassRole",
        _passed_roles,
        "Hands the roles to the services that act under them; the pipeline's own role hands on those of its jobs",
        _passed_to,
    ),
    Grant(
        "Functions",
        "lambda",
        "CreateFunction GetFunction GetFunctionConfiguration GetFunctionCodeSigningConfig UpdateFunctionCode "
        "UpdateFunctionConfiguration DeleteFunction ListVersionsByFunction PutFunctionConcurrency "
        "DeleteFunctionConcurrency PutFunctionEventInvokeConfig GetFunctionEventInvokeConfig "
        "DeleteFunctionEventInvokeConfig AddPermission RemovePermission GetPolicy ListTags TagResource UntagResource",
        lambda names: [names.function(function) for function in FUNCTIONS],
        "The functions",
    ),
    Grant(
        "LogGroups",
        "logs",
        "CreateLogGroup DeleteLogGroup PutRetentionPolicy AssociateKmsKey DisassociateKmsKey "
        "ListTagsForResource TagResource UntagResource",
        _log_groups,
        "The functions' log groups",
    ),
    Grant("FindLogGroups", "logs", "DescribeLogGroups", _any, "Reads them; the list has no resource level"),
    Grant(
        "Rules",
        "events",
        "PutRule DescribeRule DeleteRule PutTargets ListTargetsByRule RemoveTargets ListTagsForResource TagResource "
        "UntagResource",
        lambda names: [names.rule(EVENT_RULE)],
        "The event rule and its target",
    ),
    Grant(
        "Schedules",
        "scheduler",
        "CreateSchedule GetSchedule UpdateSchedule DeleteSchedule CreateScheduleGroup GetScheduleGroup DeleteScheduleGroup "
        "ListTagsForResource TagResource UntagResource",
        _named("scheduler", f"schedule-group/{{stack}}-{SCHEDULES}", f"schedule/{{stack}}-{SCHEDULES}/*"),
        "The schedules and their group",
    ),
    Grant(
        "Queue",
        "sqs",
        "CreateQueue GetQueueAttributes SetQueueAttributes DeleteQueue ListQueueTags TagQueue UntagQueue",
        lambda names: [names.queue(DEAD_LETTERS)],
        "The dead-letter queue",
    ),
    Grant(
        "Topic",
        "sns",
        "CreateTopic GetTopicAttributes SetTopicAttributes DeleteTopic Subscribe ListTagsForResource TagResource UntagResource",
        lambda names: [names.topic(ALARM_TOPIC)],
        "The alarms' topic",
    ),
    Grant(
        "Subscription",
        "sns",
        "GetSubscriptionAttributes Unsubscribe",
        _any,
        "The e-mail subscription; SNS gives these actions no resource level",
    ),
    Grant(
        "Alarms",
        "cloudwatch",
        "PutMetricAlarm DescribeAlarms DeleteAlarms ListTagsForResource TagResource UntagResource",
        lambda names: [names.alarm(noun) for noun in ALARMS],
        "The alarms",
    ),
    Grant("CreateKey", "kms", "CreateKey TagResource", _any, "A new key has no ARN yet; its tags bound it", _request_tags),
    Grant(
        "Key",
        "kms",
        "DescribeKey GetKeyPolicy PutKeyPolicy GetKeyRotationStatus EnableKeyRotation UpdateKeyDescription ScheduleKeyDeletion "
        f"ListResourceTags TagResource UntagResource CreateAlias UpdateAlias DeleteAlias RetireGrant {_DATA_KEY_ACTIONS}",
        _named("kms", "key/*"),
        "The stack's key, and what it encrypts",
        _own_tags,
    ),
    Grant(
        "KeyGrants",
        "kms",
        "CreateGrant",
        _named("kms", "key/*"),
        "DynamoDB, ECR and Lambda use the key by a grant",
        lambda names: {**_own_tags(names), **_for_aws_resources(names)},
    ),
    Grant(
        "AwsKeys",
        "kms",
        "DescribeKey",
        _named("kms", "key/*"),
        "Compares what tables and the executor are encrypted by with the keys that AWS manages for DynamoDB and S3",
        _by_aws_alias,
    ),
    Grant("Alias", "kms", "CreateAlias UpdateAlias DeleteAlias", _named("kms", "alias/{stack}"), "The key's alias"),
    Grant("FindAlias", "kms", "ListAliases", _any, "Reads the alias; KMS gives it no resource level"),
)


def grant_document(grant: Grant, names: Names) -> Document:
    document: dict[str, Any] = {
        "Sid": grant.sid,
        "Effect": "Allow",
        "Action": one_or_many(f"{grant.prefix}:{action}" for action in grant.actions.split()),
        "Resource": one_or_many(grant.resources(names)),
    }
    conditions = grant.conditions(names) if grant.conditions else None
    if conditions:
        document["Condition"] = conditions
    return document


def stack_grants(names: Names) -> tuple[Grant, ...]:
    """All that a deployer of this stack needs."""
    return (*GRANTS, *(GIVEN_KEY_GRANTS if names.settings.given_key_arn else ()))


def deployer_policies(names: Names) -> list[str]:
    """As few managed policies as hold all grants, each within IAM's limit."""
    policies: list[list[Document]] = [[]]
    for grant in stack_grants(names):
        document = grant_document(grant, names)
        if len(canonical([*policies[-1], document])) > MANAGED_POLICY_MAX:
            policies.append([])
        policies[-1].append(document)
    return [canonical(statements) for statements in policies]
