"""What the user or role that runs ``pulumi up`` must be allowed to do.

These are the calls by which the AWS provider creates, reads, updates and deletes the program's resources.
``python -m components --deployer`` prints them as managed policies with a stack's own names.
Source: the service authorization reference, and the calls that the provider makes for the resource types of this program.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from components.handlers import HANDLERS
from components.iam import resources
from components.iam.actors import ACTORS
from components.iam.documents import Document, canonical
from components.iam.jobs import PIPELINE
from components.iam.statement import LAMBDA, NO_CONDITIONS, SAGEMAKER, SCHEDULER, Conditions, Resources, Statement, always
from components.names import (
    ALARM_TOPIC,
    ALARMS,
    DEAD_LETTERS,
    EVENT_RULE,
    MODEL_PACKAGES,
    REPOSITORY,
    SCHEDULES,
    Names,
)
from contracts.tables import TABLES

#: Characters without white space that IAM accepts in one managed policy.
MANAGED_POLICY_MAX = 6144


def _grant(
    sid: str, service: str, actions: str, resource: Resources, why: str, conditions: Conditions = NO_CONDITIONS
) -> Statement:
    """A statement about one service. ``actions`` are their names without the service, separated by spaces."""
    return Statement(sid, tuple(f"{service}:{action}" for action in actions.split()), (resource,), why, conditions)


def _named(service: str, *patterns: str) -> Resources:
    """Resources of this stack, by their full names: another stack's name may begin with this one's."""
    return lambda names: [names.arn(service, pattern.format(stack=names.prefix)) for pattern in patterns]


def _roles(names: Names) -> Sequence[str]:
    return [names.role(actor.name) for actor in ACTORS]


def _passed_roles(names: Names) -> Sequence[str]:
    return [names.role(actor.name) for actor in ACTORS if actor.service != SAGEMAKER or actor is PIPELINE]


def _log_groups(names: Names) -> Sequence[str]:
    """Both ARN forms, with and without ``:*``: IAM checks some Logs actions against the group, others against its streams."""
    groups = [names.arn("logs", f"log-group:{names.log_group(handler.name)}") for handler in HANDLERS]
    return [*groups, *(f"{group}:*" for group in groups)]


def _buckets(key: str = "") -> Resources:
    return lambda names: [names.bucket_arn(noun, key) for noun in names.buckets]


def _own_tags(names: Names) -> Document:
    return {
        "StringEquals": {
            "aws:ResourceTag/project": names.project,
            "aws:ResourceTag/stack": names.stack,
        }
    }


def _request_tags(names: Names) -> Document:
    return {"StringEquals": {"aws:RequestTag/project": names.project, "aws:RequestTag/stack": names.stack}}


def _boundary(names: Names) -> Document:
    """With a permissions boundary, the deployer can only create and change roles that have it, and so can grant no more."""
    arn = names.permissions_boundary
    return {"StringEquals": {"iam:PermissionsBoundary": arn}} if arn else {}


#: A key's tags and ARN are not known in advance here, but only AWS creates aliases that begin with ``alias/aws/``.
_BY_AWS_ALIAS = always({"StringEquals": {"kms:RequestAlias": ["alias/aws/dynamodb", "alias/aws/s3"]}})
_FOR_AWS_RESOURCES: Document = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
#: S3 and DynamoDB make these calls on behalf of the caller that stores an object or creates a table.
_DATA_KEY_ACTIONS = "Encrypt Decrypt ReEncryptFrom ReEncryptTo GenerateDataKey GenerateDataKeyWithoutPlaintext"
#: For a stack with an existing key: it does not have our tags, and the stack does not change it.
GIVEN_KEY_GRANTS = (
    _grant(
        "GivenKey",
        "kms",
        f"DescribeKey RetireGrant {_DATA_KEY_ACTIONS}",
        resources.key,
        "Encrypts data with the existing key",
    ),
    _grant(
        "GivenKeyGrants",
        "kms",
        "CreateGrant",
        resources.key,
        "DynamoDB, ECR and Lambda use the key through a grant",
        always(_FOR_AWS_RESOURCES),
    ),
)

GRANTS = (
    _grant(
        "Buckets",
        "s3",
        "CreateBucket DeleteBucket ListBucket ListBucketVersions ListTagsForResource TagResource UntagResource GetBucketAcl "
        "GetBucketCORS GetBucketLogging GetBucketObjectLockConfiguration GetBucketOwnershipControls GetBucketPolicy "
        "GetBucketPublicAccessBlock GetBucketRequestPayment GetBucketTagging GetBucketVersioning GetBucketWebsite "
        "GetAccelerateConfiguration GetEncryptionConfiguration GetLifecycleConfiguration GetReplicationConfiguration "
        "PutBucketLogging PutBucketOwnershipControls PutBucketPolicy DeleteBucketPolicy PutBucketPublicAccessBlock "
        "PutBucketTagging PutBucketVersioning PutEncryptionConfiguration PutLifecycleConfiguration",
        _buckets(),
        "The buckets and their settings",
    ),
    _grant(
        "Objects",
        "s3",
        "GetObject GetObjectTagging PutObject PutObjectTagging DeleteObject DeleteObjectVersion",
        _buckets("*"),
        "Uploads the executor; empties unprotected buckets before they are deleted",
    ),
    _grant(
        "Tables",
        "dynamodb",
        "CreateTable DescribeTable UpdateTable DeleteTable DescribeContinuousBackups UpdateContinuousBackups "
        "DescribeTimeToLive UpdateTimeToLive ListTagsOfResource TagResource UntagResource",
        lambda names: [names.arn("dynamodb", f"table/{names.table(table)}") for table in TABLES],
        "The tables",
    ),
    _grant(
        "Repository",
        "ecr",
        "CreateRepository DeleteRepository ListImages PutImageTagMutability "
        "PutImageScanningConfiguration GetLifecyclePolicy PutLifecyclePolicy DeleteLifecyclePolicy ListTagsForResource "
        "TagResource UntagResource BatchCheckLayerAvailability BatchGetImage GetDownloadUrlForLayer InitiateLayerUpload "
        "UploadLayerPart CompleteLayerUpload PutImage",
        _named("ecr", f"repository/{{stack}}-{REPOSITORY}"),
        "The image repository, and pushing to it",
    ),
    _grant(
        "Registry",
        "ecr",
        "GetAuthorizationToken",
        resources.every_resource,
        "Logs in to the registry; ECR gives this action no resource level",
    ),
    _grant(
        "ListRepositories",
        "ecr",
        "DescribeRepositories",
        _named("ecr", "repository/*"),
        "Reads the repository, and checks that it exists before listing its images",
    ),
    _grant(
        "Pipelines",
        "sagemaker",
        "CreatePipeline DescribePipeline UpdatePipeline DeletePipeline CreateModelPackageGroup DescribeModelPackageGroup "
        "DeleteModelPackageGroup AddTags DeleteTags ListTags",
        _named("sagemaker", "pipeline/{stack}", "pipeline/{stack}-forecast", f"model-package-group/{{stack}}-{MODEL_PACKAGES}"),
        "The pipeline and its model package group",
    ),
    _grant(
        "Roles",
        "iam",
        "GetRole UpdateRoleDescription UpdateAssumeRolePolicy DeleteRole GetRolePolicy "
        "DeleteRolePolicy ListRolePolicies ListAttachedRolePolicies ListInstanceProfilesForRole TagRole UntagRole",
        _roles,
        "One role per actor",
    ),
    _grant(
        "FillRoles",
        "iam",
        "CreateRole PutRolePermissionsBoundary PutRolePolicy",
        _roles,
        "Creates the roles and their policies",
        _boundary,
    ),
    _grant(
        "PassRoles",
        "iam",
        "PassRole",
        _passed_roles,
        "Passes the roles to the services that assume them; the pipeline's own role passes those of its jobs",
        always({"StringEquals": {"iam:PassedToService": sorted([SAGEMAKER, LAMBDA, SCHEDULER])}}),
    ),
    _grant(
        "Functions",
        "lambda",
        "CreateFunction GetFunction GetFunctionConfiguration GetFunctionCodeSigningConfig UpdateFunctionCode "
        "UpdateFunctionConfiguration DeleteFunction ListVersionsByFunction PutFunctionConcurrency "
        "DeleteFunctionConcurrency PutFunctionEventInvokeConfig GetFunctionEventInvokeConfig "
        "DeleteFunctionEventInvokeConfig AddPermission RemovePermission GetPolicy ListTags TagResource UntagResource",
        lambda names: [names.function(handler.name) for handler in HANDLERS],
        "The functions",
    ),
    _grant(
        "LogGroups",
        "logs",
        "CreateLogGroup DeleteLogGroup PutRetentionPolicy AssociateKmsKey DisassociateKmsKey "
        "ListTagsForResource TagResource UntagResource",
        _log_groups,
        "The functions' log groups",
    ),
    _grant(
        "FindLogGroups",
        "logs",
        "DescribeLogGroups",
        resources.every_resource,
        "Reads the log groups; CloudWatch Logs gives this action no resource level",
    ),
    _grant(
        "Rules",
        "events",
        "PutRule DescribeRule DeleteRule PutTargets ListTargetsByRule RemoveTargets ListTagsForResource TagResource "
        "UntagResource",
        lambda names: [names.rule(EVENT_RULE)],
        "The event rule and its target",
    ),
    _grant(
        "Schedules",
        "scheduler",
        "CreateSchedule GetSchedule UpdateSchedule DeleteSchedule CreateScheduleGroup GetScheduleGroup DeleteScheduleGroup "
        "ListTagsForResource TagResource UntagResource",
        _named("scheduler", f"schedule-group/{{stack}}-{SCHEDULES}", f"schedule/{{stack}}-{SCHEDULES}/*"),
        "The schedules and their group",
    ),
    _grant(
        "Queue",
        "sqs",
        "CreateQueue GetQueueAttributes SetQueueAttributes DeleteQueue ListQueueTags TagQueue UntagQueue",
        lambda names: [names.queue(DEAD_LETTERS)],
        "The dead-letter queue",
    ),
    _grant(
        "Topic",
        "sns",
        "CreateTopic GetTopicAttributes SetTopicAttributes DeleteTopic Subscribe ListTagsForResource TagResource UntagResource",
        lambda names: [names.topic(ALARM_TOPIC)],
        "The alarms' topic",
    ),
    _grant(
        "Subscription",
        "sns",
        "GetSubscriptionAttributes Unsubscribe",
        resources.every_resource,
        "The e-mail subscription; SNS gives these actions no resource level",
    ),
    _grant(
        "Alarms",
        "cloudwatch",
        "PutMetricAlarm DescribeAlarms DeleteAlarms ListTagsForResource TagResource UntagResource",
        lambda names: [names.alarm(noun) for noun in ALARMS],
        "The alarms",
    ),
    _grant(
        "CreateKey",
        "kms",
        "CreateKey TagResource",
        resources.every_resource,
        "A new key has no ARN yet, so its tags restrict the action",
        _request_tags,
    ),
    _grant(
        "Key",
        "kms",
        "DescribeKey GetKeyPolicy PutKeyPolicy GetKeyRotationStatus EnableKeyRotation UpdateKeyDescription ScheduleKeyDeletion "
        f"ListResourceTags TagResource UntagResource CreateAlias UpdateAlias DeleteAlias RetireGrant {_DATA_KEY_ACTIONS}",
        _named("kms", "key/*"),
        "The stack's key, and the data that it encrypts",
        _own_tags,
    ),
    _grant(
        "KeyGrants",
        "kms",
        "CreateGrant",
        _named("kms", "key/*"),
        "DynamoDB, ECR and Lambda use the key through a grant",
        lambda names: {**_own_tags(names), **_FOR_AWS_RESOURCES},
    ),
    _grant(
        "AwsKeys",
        "kms",
        "DescribeKey",
        _named("kms", "key/*"),
        "Compares the keys of tables and the executor with the keys that AWS manages for DynamoDB and S3",
        _BY_AWS_ALIAS,
    ),
    _grant("Alias", "kms", "CreateAlias UpdateAlias DeleteAlias", _named("kms", "alias/{stack}"), "The key's alias"),
    _grant(
        "FindAlias", "kms", "ListAliases", resources.every_resource, "Reads the alias; KMS gives this action no resource level"
    ),
)


def deployer_statements(names: Names) -> tuple[Statement, ...]:
    """Everything that a deployer of this stack needs."""
    return (*GRANTS, *(GIVEN_KEY_GRANTS if names.key_arn else ()))


def deployer_policies(names: Names) -> list[str]:
    """As few managed policies as hold all statements, each within IAM's size limit."""
    return packed(statement.document(names) for statement in deployer_statements(names))


def packed(documents: Iterable[Document]) -> list[str]:
    """Managed policies with these statements, in their order, each within IAM's size limit."""
    policies: list[list[Document]] = [[]]
    for document in documents:
        if len(canonical([*policies[-1], document])) > MANAGED_POLICY_MAX:
            policies.append([])
        policies[-1].append(document)
    return [canonical(policy) for policy in policies]
