"""Keys: how our own is kept, and that everything is under one where the stack has one, as production must."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from pulumi_policy.proxy import UnknownValueError

from policies.controls import ADVISORY, Finding, ResourceControl, StackControl, must_be, must_have
from policies.definition import key_places, uses_key
from policies.documents import RESOURCE_DOCUMENTS, allowing, unreadable
from policies.principals import unnamed
from policies.resources import Resource, Stack

KEY = "aws:kms/key:Key"
PIPELINE = "aws:sagemaker/pipeline:Pipeline"
SCHEDULE = "aws:scheduler/schedule:Schedule"
MIN_DELETION_WINDOW_DAYS = 14
#: CloudWatch Logs tells no source; it names the log group in the encryption context.
LOGS_CONTEXT = "kms:EncryptionContext:aws:logs:arn"

#: Where a resource names its key, and what frameworks call that.
KEY_PLACES: Mapping[str, tuple[str, str]] = {
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "rules.0.applyServerSideEncryptionByDefault.kmsMasterKeyId",
        "S3.17 CKV_AWS_145",
    ),
    "aws:dynamodb/table:Table": ("serverSideEncryption.kmsKeyArn", "CKV_AWS_119 W74 CT.DYNAMODB.PR.2"),
    "aws:ecr/repository:Repository": ("encryptionConfigurations.0.kmsKey", "CKV_AWS_136"),
    "aws:lambda/function:Function": ("kmsKeyArn", "CKV_AWS_173"),
    "aws:cloudwatch/logGroup:LogGroup": ("kmsKeyId", "CKV_AWS_158 W84"),
    "aws:sqs/queue:Queue": ("kmsMasterKeyId", "SQS.1 CKV_AWS_27 W48"),
    "aws:sns/topic:Topic": ("kmsMasterKeyId", "CKV_AWS_26 AwsSolutions-SNS2"),
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": ("kmsKeyArn", "CKV_AWS_98 W1200"),
}
_PIPELINE_IDS = "sagemaker_training_jobs_volume_and_output_encryption_enabled"
_ALLOWED = "allowed: the ARN of a customer-managed key"
_IDS = " ".join([ids for _, ids in KEY_PLACES.values()] + [_PIPELINE_IDS])
_KINDS = (*KEY_PLACES, PIPELINE)


def is_customer_key(resource: Resource, path: str) -> bool:
    """A key made by this very deployment may be known only later; AWS's own keys always are known."""
    try:
        value = resource.get(path)
    except UnknownValueError:
        return True
    return bool(value) and "alias/aws/" not in str(value)


def _without_key(resource: Resource) -> Iterator[Finding]:
    if resource.kind == PIPELINE:
        for finding in key_places(resource):
            yield replace(finding, ids=_PIPELINE_IDS)
        return
    path, ids = KEY_PLACES[resource.kind]
    if not is_customer_key(resource, path):
        yield Finding(path, resource.get(path), _ALLOWED, ids)


def _in_production(resource: Resource) -> Iterator[Finding]:
    if resource.production:
        yield from _without_key(resource)


def has_key(stack: Stack) -> bool:
    """Whether anything in the stack is under a customer-managed key, or there is one."""
    if KEY in stack.kinds:
        return True
    named = any(is_customer_key(resource, KEY_PLACES[resource.kind][0]) for resource in stack.of(*KEY_PLACES))
    return named or any(uses_key(resource) for resource in stack.of(PIPELINE))


def _everywhere(resource: Resource, stack: Stack) -> Iterator[Finding]:
    if not resource.production and has_key(stack):
        yield from _without_key(resource)


def _schedule_key(schedule: Resource, stack: Stack) -> Iterator[Finding]:
    if (schedule.production or has_key(stack)) and not is_customer_key(schedule, "kmsKeyArn"):
        yield Finding("kmsKeyArn", schedule.get("kmsKeyArn"), _ALLOWED)


def _kept(key: Resource) -> Iterator[Finding]:
    yield from must_be(key, "enableKeyRotation", True)
    yield from must_have(key, "policy", "needed: a policy of our own; the default one says nothing of the services")
    days = key.get("deletionWindowInDays")
    if days is not None and (key.number("deletionWindowInDays") or 0) < MIN_DELETION_WINDOW_DAYS:
        yield Finding("deletionWindowInDays", days, f"allowed: at least {MIN_DELETION_WINDOW_DAYS}")
    yield from unreadable(key, RESOURCE_DOCUMENTS)
    for statement in allowing(key, RESOURCE_DOCUMENTS):
        yield from unnamed(statement, LOGS_CONTEXT)
        if "Service" in statement.principals and "kms:*" in statement.actions:
            yield Finding(f"{statement.field}.Action", "kms:*", "allowed for a service: actions by name")


CONTROLS = (
    ResourceControl(
        "kms-key",
        "Keys turn over, are closed, and can be saved from deletion",
        "KMS.1 KMS.2 KMS.3 KMS.4 KMS.5 CKV_AWS_7 CKV_AWS_33 CKV_AWS_227 CKV2_AWS_64 AwsSolutions-KMS5 F19 F76",
        (KEY,),
        look=_kept,
    ),
    ResourceControl(
        "kms-key-in-production",
        "In production, all data is under a customer-managed key",
        _IDS,
        _KINDS,
        look=_in_production,
        stricter_in_production=True,
        unknown_told_by="pipeline-definition",
    ),
    StackControl(
        "kms-key-everywhere",
        "Where a stack has a customer-managed key, all its data is under one",
        _IDS,
        _KINDS,
        look=_everywhere,
        stricter_in_production=True,
    ),
    StackControl(
        "scheduler-key",
        "Where a stack has a customer-managed key, its schedules are under one",
        "CKV_AWS_297",
        (SCHEDULE,),
        look=_schedule_key,
        level=ADVISORY,
        stricter_in_production=True,
    ),
)
