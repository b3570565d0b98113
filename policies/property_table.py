"""The table of property rules: kinds, properties, allowed value, framework ids, description, remediation."""

from __future__ import annotations

from policies import kinds
from policies.controls import ADVISORY, Control
from policies.framework_ids import LAMBDA_PERMISSION, LOGS, QUEUES, S3_ACL, S3_PUBLIC_ACCESS, S3_VERSIONING
from policies.property_rules import Absent, Between, OneOf, Present, PropertyRule

PUBLIC_ACCESS_FLAGS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
#: Source: AWS Lambda developer guide, "Lambda runtimes": Python runtimes that are not deprecated.
RUNTIMES = ("python3.11", "python3.12", "python3.13", "python3.14")
#: The longest that each service retries by itself. Sources: Lambda, EventBridge and EventBridge Scheduler API references.
LAMBDA_MAX_AGE_SECONDS, LAMBDA_MAX_RETRIES = 6 * 3600, 2
EVENT_MAX_AGE_SECONDS, EVENT_MAX_RETRIES = 24 * 3600, 185

#: Prefix of the rule names, kind, prefix of the paths, and noun: both deliver events and have the same properties.
_DELIVERIES = (("target", kinds.EVENT_TARGET, "", "Event targets"), ("schedule", kinds.SCHEDULE, "target.", "Schedules"))

# The formatter would put each argument on its own line, and the table would no longer read as rows.
# fmt: off
RULES = (
    PropertyRule("s3-public-access-blocked", (kinds.PUBLIC_ACCESS_BLOCK,), PUBLIC_ACCESS_FLAGS, OneOf(True),
        S3_PUBLIC_ACCESS, "Buckets block public access", "Set all four flags to True"),
    PropertyRule("s3-no-acl", (kinds.BUCKET, kinds.OBJECT), ("acl", "grants"), Absent(), S3_ACL,
        "Buckets and objects have no ACL", "Remove the ACL; the bucket policy grants access"),
    PropertyRule("s3-acls-disabled", (kinds.BUCKET_OWNERSHIP,), ("rule.objectOwnership",), OneOf("BucketOwnerEnforced"), S3_ACL,
        "Buckets disable ACLs", "Let the bucket owner own all objects"),
    PropertyRule("s3-versioned", (kinds.BUCKET_VERSIONING,), ("versioningConfiguration.status",), OneOf("Enabled"),
        S3_VERSIONING, "Buckets keep old versions of objects", "Enable versioning"),
    PropertyRule("dynamodb-point-in-time-recovery", (kinds.TABLE,), ("pointInTimeRecovery.enabled",), OneOf(True),
        "DynamoDB.2 CKV_AWS_28 AwsSolutions-DDB3 W78 CT.DYNAMODB.PR.1",
        "Tables have point-in-time recovery", "Enable point-in-time recovery"),
    PropertyRule("dynamodb-encrypted", (kinds.TABLE,), ("serverSideEncryption.enabled",), OneOf(True),
        "CKV_AWS_119 W74 CT.DYNAMODB.PR.2",
        "Tables are encrypted with a KMS key", "Enable encryption with KMS, so that CloudTrail records each use of the key"),
    PropertyRule("dynamodb-on-demand", (kinds.TABLE,), ("billingMode",), OneOf("PAY_PER_REQUEST"),
        "DynamoDB.1 CKV2_AWS_16 W73", "Tables use on-demand capacity", "Use on-demand capacity"),
    PropertyRule("dynamodb-deletion-protection", (kinds.TABLE,), ("deletionProtectionEnabled",), OneOf(True), "DynamoDB.6",
        "Production tables have deletion protection", "Enable deletion protection (setting protectData)", production_only=True),
    PropertyRule("ecr-scan", (kinds.REPOSITORY,), ("imageScanningConfiguration.scanOnPush",), OneOf(True),
        "ECR.1 CKV_AWS_163 W79", "Images are scanned when they are pushed", "Enable scan on push"),
    PropertyRule("ecr-immutable-tags", (kinds.REPOSITORY,), ("imageTagMutability",), OneOf("IMMUTABLE"),
        "ECR.2 CKV_AWS_51", "Image tags are immutable", "Make the tags immutable"),
    PropertyRule("ecr-kms", (kinds.REPOSITORY,), ("encryptionConfigurations.0.encryptionType",), OneOf("KMS"),
        "CKV_AWS_136", "Images are encrypted with a KMS key", "Encrypt the repository with KMS"),
    PropertyRule("kms-key-rotation", (kinds.KEY,), ("enableKeyRotation",), OneOf(True),
        "KMS.4 CKV_AWS_7 AwsSolutions-KMS5 F19", "KMS keys rotate", "Enable key rotation"),
    PropertyRule("kms-key-deletion-window", (kinds.KEY,), ("deletionWindowInDays",), Between(14),
        "KMS.3 CKV_AWS_227", "KMS keys have a deletion window of 14 days or more",
        "Choose a longer window, or leave it out (30 days)", unless=lambda key: key.get("deletionWindowInDays") is None),
    PropertyRule("lambda-permission-principal", (kinds.PERMISSION,), ("principal",),
        OneOf("events.amazonaws.com", "scheduler.amazonaws.com"), LAMBDA_PERMISSION,
        "Only EventBridge rules and schedules invoke functions", "Name the service that invokes the function"),
    PropertyRule("lambda-permission-action", (kinds.PERMISSION,), ("action",), OneOf("lambda:InvokeFunction"),
        LAMBDA_PERMISSION, "Function permissions allow only invocation", "Allow lambda:InvokeFunction only",
        unless=lambda permission: permission.get("action") is None),
    PropertyRule("lambda-runtime", (kinds.FUNCTION,), ("runtime",), OneOf(*RUNTIMES), "Lambda.2 CKV_AWS_363 AwsSolutions-L1",
        "Functions use supported runtimes", "Use a runtime that AWS supports",
        unless=lambda function: function.get("packageType") == "Image"),
    PropertyRule("lambda-event-age", (kinds.INVOKE_CONFIG,), ("maximumEventAgeInSeconds",), Between(0, LAMBDA_MAX_AGE_SECONDS),
        "event-delivery", "Failed invocations are retried for a limited time", "Set a limit"),
    PropertyRule("lambda-retries", (kinds.INVOKE_CONFIG,), ("maximumRetryAttempts",), Between(0, LAMBDA_MAX_RETRIES),
        "event-delivery", "Failed invocations are retried a limited number of times", "Set a limit"),
    PropertyRule("lambda-reserved-concurrency", (kinds.FUNCTION,), ("reservedConcurrentExecutions",), Between(1),
        "CKV_AWS_115 W92", "Functions reserve concurrency", "Reserve concurrency, which also limits what one function can use"),
    PropertyRule("lambda-traced", (kinds.FUNCTION,), ("tracingConfig.mode",), OneOf("Active"),
        "CKV_AWS_50", "Function invocations are traced", "Enable X-Ray tracing", level=ADVISORY),
    PropertyRule("log-retention", (kinds.LOG_GROUP,), ("retentionInDays",), Between(1), LOGS,
        "Log groups have a retention time", "Set retentionInDays; by default logs never expire"),
    PropertyRule("log-retention-in-production", (kinds.LOG_GROUP,), ("retentionInDays",), Between(365), LOGS,
        "Production logs are kept for at least one year", "Raise the setting logRetentionDays", production_only=True),
    PropertyRule("sqs-encrypted", (kinds.QUEUE,), ("sqsManagedSseEnabled",), OneOf(True), QUEUES,
        "Queues are encrypted", "Enable it, or set kmsMasterKeyId", unless=lambda queue: queue.has("kmsMasterKeyId")),
    *(PropertyRule(f"{prefix}-dead-letters", (kind,), (f"{root}deadLetterConfig.arn",), Present("the ARN of a queue"),
        "event-delivery", f"{noun} keep undelivered events", "Name the dead-letter queue")
        for prefix, kind, root, noun in _DELIVERIES),
    *(PropertyRule(f"{prefix}-event-age", (kind,), (f"{root}retryPolicy.maximumEventAgeInSeconds",),
        Between(0, EVENT_MAX_AGE_SECONDS), "event-delivery", f"{noun} retry for a limited time", "Set a limit")
        for prefix, kind, root, noun in _DELIVERIES),
    *(PropertyRule(f"{prefix}-retries", (kind,), (f"{root}retryPolicy.maximumRetryAttempts",),
        Between(0, EVENT_MAX_RETRIES), "event-delivery", f"{noun} retry a limited number of times", "Set a limit")
        for prefix, kind, root, noun in _DELIVERIES),
)
# fmt: on

CONTROLS: tuple[Control, ...] = tuple(rule.control() for rule in RULES)
