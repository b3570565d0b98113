"""Rights for what holds data: buckets, tables, images and the key that encrypts them."""

from __future__ import annotations

from collections.abc import Mapping

from tests.components.provider_calls.asked import KEY, Asked, arn

_BUCKET, _OBJECT = "arn:aws:s3:::{bucket}", "arn:aws:s3:::{bucket}/{object}"
_REPOSITORY = arn("ecr", "repository/{repository}")
_BY_GRANT = {"kms:GrantIsForAWSResource": "true"}
_NEW_KEY_TAGS = {f"aws:RequestTag/{tag}": f"{{tags[{tag}]}}" for tag in ("project", "stack")}


def _aws_key(service: str) -> Asked:
    """The provider compares what something is encrypted by with the key that AWS manages for the service."""
    alias = f"alias/aws/{service}"
    return Asked(arn("kms", "key/of-aws"), read="kms:DescribeKey", given={"kms:RequestAlias": alias})


def _alias(on: str) -> Asked:
    return Asked(on, "kms:CreateAlias", update="kms:UpdateAlias", delete="kms:DeleteAlias")


def _setting(get: str, put: str, delete: str = "") -> tuple[Asked, ...]:
    """A bucket setting that is a resource: a put creates it, changes it and, for most of them, removes it."""
    return (Asked(_BUCKET, f"s3:{put}", f"s3:{get}", f"s3:{put}", f"s3:{delete or put}"),)


DATA: Mapping[str, tuple[Asked, ...]] = {
    "aws:s3/bucket:Bucket": (
        # Its tags go with CreateBucket and are read by S3 Control; the calls of old are made where that is refused.
        Asked(
            _BUCKET,
            "s3:CreateBucket s3:TagResource s3:PutBucketTagging",
            "s3:ListBucket s3:ListTagsForResource s3:GetBucketTagging s3:GetBucketPolicy s3:GetBucketAcl s3:GetBucketCORS "
            "s3:GetBucketWebsite s3:GetBucketVersioning s3:GetAccelerateConfiguration s3:GetBucketRequestPayment "
            "s3:GetBucketLogging s3:GetLifecycleConfiguration s3:GetReplicationConfiguration s3:GetEncryptionConfiguration "
            "s3:GetBucketObjectLockConfiguration",
            "s3:TagResource s3:UntagResource",
            "s3:DeleteBucket s3:ListBucketVersions",
        ),
        # A bucket that is not protected is emptied first.
        Asked(_OBJECT, delete="s3:DeleteObject s3:DeleteObjectVersion"),
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _setting(
        "GetBucketPublicAccessBlock", "PutBucketPublicAccessBlock"
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _setting(
        "GetBucketOwnershipControls", "PutBucketOwnershipControls"
    ),
    "aws:s3/bucketPolicy:BucketPolicy": _setting("GetBucketPolicy", "PutBucketPolicy", "DeleteBucketPolicy"),
    "aws:s3/bucketVersioning:BucketVersioning": _setting("GetBucketVersioning", "PutBucketVersioning"),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _setting(
        "GetEncryptionConfiguration", "PutEncryptionConfiguration"
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _setting(
        "GetLifecycleConfiguration", "PutLifecycleConfiguration"
    ),
    "aws:s3/bucketLogging:BucketLogging": _setting("GetBucketLogging", "PutBucketLogging"),
    "aws:s3/bucketObjectv2:BucketObjectv2": (
        Asked(
            _OBJECT,
            "s3:PutObject s3:PutObjectTagging",
            "s3:GetObject s3:GetObjectTagging",
            "s3:PutObject s3:PutObjectTagging",
            "s3:DeleteObject s3:DeleteObjectVersion",
        ),
        Asked(_BUCKET, delete="s3:ListBucketVersions"),
        Asked(KEY, "kms:GenerateDataKey", "kms:Decrypt", "kms:GenerateDataKey"),
        _aws_key("s3"),
    ),
    "aws:dynamodb/table:Table": (
        Asked(
            arn("dynamodb", "table/{name}"),
            "dynamodb:CreateTable dynamodb:TagResource dynamodb:UpdateContinuousBackups dynamodb:UpdateTimeToLive",
            "dynamodb:DescribeTable dynamodb:DescribeContinuousBackups dynamodb:DescribeTimeToLive dynamodb:ListTagsOfResource",
            "dynamodb:UpdateTable dynamodb:UpdateContinuousBackups dynamodb:UpdateTimeToLive dynamodb:TagResource "
            "dynamodb:UntagResource",
            "dynamodb:DeleteTable",
        ),
        # "At a minimum, DynamoDB requires" these permissions of the principal that selects
        # the key (developer guide, encryption usage notes).
        Asked(
            KEY,
            "kms:DescribeKey kms:Encrypt kms:Decrypt kms:ReEncryptFrom kms:ReEncryptTo kms:GenerateDataKey "
            "kms:GenerateDataKeyWithoutPlaintext",
        ),
        Asked(KEY, "kms:CreateGrant", given=_BY_GRANT),
        _aws_key("dynamodb"),
    ),
    "aws:ecr/repository:Repository": (
        Asked(
            _REPOSITORY,
            "ecr:CreateRepository ecr:TagResource",
            "ecr:DescribeRepositories ecr:ListTagsForResource",
            "ecr:PutImageTagMutability ecr:PutImageScanningConfiguration ecr:TagResource ecr:UntagResource",
            "ecr:DeleteRepository",
        ),
        Asked(KEY, "kms:DescribeKey", delete="kms:RetireGrant"),
        Asked(KEY, "kms:CreateGrant", given=_BY_GRANT),
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": (
        Asked(
            _REPOSITORY,
            "ecr:PutLifecyclePolicy",
            "ecr:GetLifecyclePolicy",
            "ecr:PutLifecyclePolicy",
            "ecr:DeleteLifecyclePolicy",
        ),
    ),
    # Docker pushes layers, asks whether they are there, and pulls what the image before it was built from.
    "docker:index/image:Image": (
        Asked(
            _REPOSITORY,
            "ecr:BatchCheckLayerAvailability ecr:InitiateLayerUpload ecr:UploadLayerPart ecr:CompleteLayerUpload ecr:PutImage "
            "ecr:BatchGetImage ecr:GetDownloadUrlForLayer",
        ),
    ),
    "aws:kms/key:Key": (
        Asked("*", "kms:CreateKey kms:TagResource", given=_NEW_KEY_TAGS),
        Asked(
            KEY,
            "kms:EnableKeyRotation",
            "kms:DescribeKey kms:GetKeyPolicy kms:GetKeyRotationStatus kms:ListResourceTags",
            "kms:PutKeyPolicy kms:UpdateKeyDescription kms:TagResource kms:UntagResource",
            "kms:ScheduleKeyDeletion",
        ),
    ),
    "aws:kms/alias:Alias": (
        _alias(arn("kms", "{name}")),
        _alias(KEY),
        Asked("*", read="kms:ListAliases"),
    ),
}
