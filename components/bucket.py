"""An S3 bucket: private, TLS only, encrypted, versioned, with a lifecycle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Input, ResourceOptions

from components.context import StackContext
from components.iam.documents import Document, canonical, one_or_many, tls_only
from components.names import Names

NONCURRENT_DAYS = 90
ABORT_UPLOAD_DAYS = 7


@dataclass(frozen=True)
class BucketArgs:
    """``noun`` says which of the stack's buckets it is.

    ``log_bucket`` is the name of the bucket that S3 writes this one's access logs to. A bucket with
    ``logs_of`` receives the logs of those buckets, and then has no key, because S3 cannot deliver to a bucket with one.
    Current objects under ``expiry_prefix`` are deleted ``expiry_days`` after they were written; 0 keeps them.
    """

    context: StackContext
    noun: str
    log_bucket: Input[str] | None = None
    logs_of: Sequence[str] = ()
    expiry_days: int = 0
    expiry_prefix: str = ""


class Bucket(pulumi.ComponentResource):
    """A bucket with all its settings. ``ready``: what must exist before the first object is stored."""

    bucket: pulumi.Output[str]
    arn: pulumi.Output[str]
    bucket_when_ready: pulumi.Output[str]

    def __init__(self, name: str, args: BucketArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("model-training:bucket:Bucket", name, {}, opts)
        self._name = name
        self._args = args
        self._context = args.context
        self._bucket_name = args.context.names.bucket(args.noun)
        self._key_arn: Input[str] | None = None if args.logs_of else args.context.key_arn
        self._bucket = self._create_bucket()
        *access, policy = self._create_access()
        versioning = self._create_versioning()
        encryption = self._create_encryption()
        self._create_lifecycle(versioning)
        self._create_logging()
        self.bucket = self._bucket.bucket
        # S3 accepts a bucket as the target of access logs only if its policy lets S3 write there.
        self.bucket_when_ready = policy.bucket
        self.arn = self._bucket.arn
        self.ready: list[pulumi.Resource] = [*access, policy, versioning, encryption]
        self.register_outputs({"bucket": self.bucket, "arn": self.arn})

    def _options(self, **others: Any) -> ResourceOptions:
        return self._context.protected(self, **others)

    def _create_bucket(self) -> aws.s3.Bucket:
        return aws.s3.Bucket(
            f"{self._name}-bucket",
            bucket=self._bucket_name,
            force_destroy=not self._context.settings.protect_data,
            tags=self._context.tags,
            opts=self._options(),
        )

    def _create_access(self) -> tuple[pulumi.Resource, pulumi.Resource, aws.s3.BucketPolicy]:
        """No public access, no ACLs, TLS only. One after the other: S3 rejects concurrent changes of a bucket's access."""
        block = aws.s3.BucketPublicAccessBlock(
            f"{self._name}-public-access",
            bucket=self._bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._options(),
        )
        ownership = aws.s3.BucketOwnershipControls(
            f"{self._name}-ownership",
            bucket=self._bucket.bucket,
            rule={"object_ownership": "BucketOwnerEnforced"},
            opts=self._options(depends_on=[block]),
        )
        policy = aws.s3.BucketPolicy(
            f"{self._name}-policy",
            bucket=self._bucket.bucket,
            policy=self._policy(),
            opts=self._options(depends_on=[ownership]),
        )
        return block, ownership, policy

    def _policy(self) -> str:
        names, args = self._context.names, self._args
        statements = [tls_only("s3:*", names.bucket_arn(args.noun), names.bucket_arn(args.noun, "*"))]
        if args.logs_of:
            statements.insert(0, log_delivery(names, args.noun, args.logs_of))
        return canonical(statements)

    def _create_versioning(self) -> aws.s3.BucketVersioning:
        return aws.s3.BucketVersioning(
            f"{self._name}-versioning",
            bucket=self._bucket.bucket,
            versioning_configuration={"status": "Enabled"},
            opts=self._options(),
        )

    def _create_encryption(self) -> aws.s3.BucketServerSideEncryptionConfiguration:
        """Objects written before this configuration exists keep the bucket's previous default encryption."""
        by_key = {"sse_algorithm": "aws:kms", "kms_master_key_id": self._key_arn}
        default = by_key if self._key_arn is not None else {"sse_algorithm": "AES256"}
        return aws.s3.BucketServerSideEncryptionConfiguration(
            f"{self._name}-encryption",
            bucket=self._bucket.bucket,
            rules=[
                {
                    "apply_server_side_encryption_by_default": default,
                    "bucket_key_enabled": self._key_arn is not None,
                }
            ],
            opts=self._options(),
        )

    def _create_lifecycle(self, versioning: pulumi.Resource) -> None:
        """S3 accepts rules about noncurrent versions only if versioning is enabled."""
        aws.s3.BucketLifecycleConfiguration(
            f"{self._name}-lifecycle",
            bucket=self._bucket.bucket,
            rules=self._rules(),
            opts=self._options(depends_on=[versioning]),
        )

    def _rules(self) -> list[dict[str, Any]]:
        tidy: dict[str, Any] = {
            "id": "tidy-up",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "abort_incomplete_multipart_upload": {"days_after_initiation": ABORT_UPLOAD_DAYS},
            "noncurrent_version_expiration": {"noncurrent_days": NONCURRENT_DAYS},
            # A delete marker without versions is all that is left of a deleted object, and slows listings down.
            "expiration": {"expired_object_delete_marker": True},
        }
        if not self._args.expiry_days:
            return [tidy]
        expire: dict[str, Any] = {
            "id": "expire",
            "status": "Enabled",
            "filter": {"prefix": self._args.expiry_prefix},
            "expiration": {"days": self._args.expiry_days},
        }
        return [tidy, expire]

    def _create_logging(self) -> None:
        if self._args.log_bucket is None:
            return
        aws.s3.BucketLogging(
            f"{self._name}-logging",
            bucket=self._bucket.bucket,
            target_bucket=self._args.log_bucket,
            target_prefix=f"{self._bucket_name}/",
            opts=self._options(),
        )


def log_delivery(names: Names, noun: str, sources: Sequence[str]) -> Document:
    """Lets S3 write the access logs of the stack's own buckets, and of no others."""
    return {
        "Sid": "DeliverAccessLogs",
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": names.bucket_arn(noun, "*"),
        "Condition": {
            "ArnEquals": {"aws:SourceArn": one_or_many(names.bucket_arn(source) for source in sources)},
            "StringEquals": {"aws:SourceAccount": names.account},
        },
    }
