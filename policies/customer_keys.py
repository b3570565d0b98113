"""Controls of the customer-managed KMS key: its policy, and that all data use it if the stack has one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from pulumi_policy.proxy import UnknownValueError

from policies import kinds
from policies.controls import ADVISORY, Finding, resource_control, stack_control
from policies.pipeline_definition import keys_missing, uses_key
from policies.policy_documents import RESOURCE_DOCUMENTS, allowing, unreadable
from policies.resources import Resource, Stack
from policies.trust import unnamed_principals

#: CloudWatch Logs sends no source; it puts the ARN of the log group into the encryption context.
LOGS_CONTEXT = "kms:EncryptionContext:aws:logs:arn"

#: The property in which each kind names its key, and the framework ids for it.
KEY_PROPERTIES: Mapping[str, tuple[str, str]] = {
    kinds.BUCKET_ENCRYPTION: ("rules.0.applyServerSideEncryptionByDefault.kmsMasterKeyId", "S3.17 CKV_AWS_145"),
    kinds.TABLE: ("serverSideEncryption.kmsKeyArn", "CKV_AWS_119 W74 CT.DYNAMODB.PR.2"),
    kinds.REPOSITORY: ("encryptionConfigurations.0.kmsKey", "CKV_AWS_136"),
    kinds.FUNCTION: ("kmsKeyArn", "CKV_AWS_173"),
    kinds.LOG_GROUP: ("kmsKeyId", "CKV_AWS_158 W84"),
    kinds.QUEUE: ("kmsMasterKeyId", "SQS.1 CKV_AWS_27 W48"),
    kinds.TOPIC: ("kmsMasterKeyId", "CKV_AWS_26 AwsSolutions-SNS2"),
}
_PIPELINE_IDS = "sagemaker_training_jobs_volume_and_output_encryption_enabled"
_ALLOWED = "allowed: the ARN of a customer-managed key"
_IDS = " ".join([ids for _, ids in KEY_PROPERTIES.values()] + [_PIPELINE_IDS])
_KINDS = (*KEY_PROPERTIES, kinds.PIPELINE)


def is_customer_key(resource: Resource, path: str) -> bool:
    """Whether the property names a customer-managed key; a value that is not known yet is the key of this deployment."""
    try:
        value = resource.get(path)
    except UnknownValueError:
        return True
    return bool(value) and "alias/aws/" not in str(value)


def _without_key(resource: Resource) -> Iterator[Finding]:
    if resource.kind == kinds.PIPELINE:
        for finding in keys_missing(resource):
            yield replace(finding, ids=_PIPELINE_IDS)
        return
    path, ids = KEY_PROPERTIES[resource.kind]
    if not is_customer_key(resource, path):
        yield Finding(path, resource.get(path), _ALLOWED, ids)


@resource_control(
    "kms-key-in-production",
    "In production, all data are encrypted with a customer-managed key",
    _IDS,
    _KINDS,
    stricter_in_production=True,
    unknown_reported_by="pipeline-definition",
)
def _in_production(resource: Resource) -> Iterator[Finding]:
    if resource.production:
        yield from _without_key(resource)


def has_key(stack: Stack) -> bool:
    """Whether the stack creates a customer-managed key or uses one anywhere."""
    if any(stack.of(kinds.KEY)):
        return True
    named = any(is_customer_key(resource, KEY_PROPERTIES[resource.kind][0]) for resource in stack.of(*KEY_PROPERTIES))
    return named or any(uses_key(resource) for resource in stack.of(kinds.PIPELINE))


@stack_control(
    "kms-key-everywhere",
    "If a stack has a customer-managed key, all its data are encrypted with one",
    _IDS,
    _KINDS,
    stricter_in_production=True,
)
def _everywhere(resource: Resource, stack: Stack) -> Iterator[Finding]:
    if not resource.production and has_key(stack):
        yield from _without_key(resource)


@stack_control(
    "scheduler-key",
    "If a stack has a customer-managed key, its schedules are encrypted with one",
    "CKV_AWS_297",
    (kinds.SCHEDULE,),
    level=ADVISORY,
    stricter_in_production=True,
)
def _schedule_key(schedule: Resource, stack: Stack) -> Iterator[Finding]:
    if (schedule.production or has_key(stack)) and not is_customer_key(schedule, "kmsKeyArn"):
        yield Finding("kmsKeyArn", schedule.get("kmsKeyArn"), _ALLOWED)


@resource_control(
    "kms-key-policy",
    "KMS keys have an explicit policy that names every principal",
    "KMS.1 KMS.2 KMS.5 CKV_AWS_33 CKV2_AWS_64 F76",
    (kinds.KEY,),
)
def _key_policy(key: Resource) -> Iterator[Finding]:
    if not key.has("policy"):
        yield Finding("policy", None, "needed: an explicit policy; the default one does not limit the services")
    yield from unreadable(key, RESOURCE_DOCUMENTS)
    for statement in allowing(key, RESOURCE_DOCUMENTS):
        yield from unnamed_principals(statement, LOGS_CONTEXT)
        if "Service" in statement.principals and "kms:*" in statement.actions:
            yield Finding(f"{statement.field}.Action", "kms:*", "allowed for a service: actions without wildcards")


CONTROLS = (_key_policy, _in_production, _everywhere, _schedule_key)
