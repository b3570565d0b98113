"""Which properties of our kinds of resources cannot be updated, so that their change replaces the resource.

Source: the provider's schema (pulumi-aws 7: ``willReplaceOnChanges`` and the inputs that its Terraform resources mark as
``ForceNew``). A test compares the table with the providers that tests/engine runs the program on.
"""

from __future__ import annotations

from collections.abc import Mapping

from policies import kinds
from policies.tags_and_protection import STATEFUL

#: Every resource of pulumi-aws 7 but those of IAM has a region, and none can move.
_REGION = ("region",)
_BUCKET = ("bucket", *_REGION)
_OWNED_BUCKET = ("bucket", "expectedBucketOwner", *_REGION)

REPLACED_BY: Mapping[str, tuple[str, ...]] = {
    kinds.ALARM: ("name", *_REGION),
    kinds.BUCKET: ("bucket", "bucketPrefix", "objectLockEnabled", *_REGION),
    kinds.BUCKET_ENCRYPTION: _OWNED_BUCKET,
    kinds.BUCKET_LIFECYCLE: _OWNED_BUCKET,
    kinds.BUCKET_LOGGING: _OWNED_BUCKET,
    kinds.BUCKET_OWNERSHIP: _BUCKET,
    kinds.BUCKET_POLICY: _BUCKET,
    kinds.BUCKET_VERSIONING: _OWNED_BUCKET,
    kinds.EVENT_RULE: ("name", "namePrefix", "eventBusName", *_REGION),
    kinds.EVENT_TARGET: ("rule", "targetId", "eventBusName", *_REGION),
    kinds.FUNCTION: ("name", "packageType", *_REGION),
    kinds.IMAGE: (),
    kinds.INVOKE_CONFIG: ("functionName", "qualifier", *_REGION),
    kinds.KEY: ("customerMasterKeySpec", "keyUsage", "multiRegion", *_REGION),
    kinds.KEY_ALIAS: ("name", "namePrefix", *_REGION),
    kinds.LOG_GROUP: ("name", "namePrefix", "logGroupClass", *_REGION),
    kinds.MODEL_GROUP: ("modelPackageGroupName", "modelPackageGroupDescription", *_REGION),
    kinds.OBJECT: ("bucket", "key", *_REGION),
    kinds.PERMISSION: (
        "action", "function", "principal", "qualifier", "sourceArn", "sourceAccount", "statementId", "statementIdPrefix",
        *_REGION,
    ),
    kinds.PIPELINE: ("pipelineName", *_REGION),
    kinds.PUBLIC_ACCESS_BLOCK: _BUCKET,
    kinds.QUEUE: ("name", "namePrefix", "fifoQueue", *_REGION),
    kinds.QUEUE_POLICY: ("queueUrl", *_REGION),
    kinds.REPOSITORY: ("name", "encryptionConfigurations", *_REGION),
    kinds.REPOSITORY_LIFECYCLE: ("repository", *_REGION),
    kinds.ROLE: ("name", "namePrefix", "path"),
    kinds.ROLE_POLICY: ("name", "namePrefix", "role"),
    kinds.SCHEDULE: ("name", "namePrefix", "groupName", *_REGION),
    kinds.SCHEDULE_GROUP: ("name", "namePrefix", *_REGION),
    kinds.SUBSCRIPTION: ("topic", "protocol", "endpoint", *_REGION),
    kinds.TABLE: ("name", "hashKey", "rangeKey", "localSecondaryIndexes", *_REGION),
    kinds.TOPIC: ("name", "namePrefix", "fifoTopic", *_REGION),
    kinds.TOPIC_POLICY: ("arn", *_REGION),
}  # fmt: skip

#: Kinds whose deletion loses what a deployment does not create again: data, models, keys, logs, kept failures.
HOLD_DATA = frozenset((*STATEFUL, kinds.LOG_GROUP, kinds.QUEUE))


def replaces(kind: str, path: str, replace_on_changes: tuple[str, ...] = ()) -> bool:
    """True if a change at ``path`` (such as ``name`` or ``tags.owner``) is known to replace a resource of this kind."""
    names = (*REPLACED_BY.get(kind, ()), *replace_on_changes)
    return any(name == "*" or path == name or path.startswith((f"{name}.", f"{name}[")) for name in names)
