"""Amazon S3: buckets and their settings (``s3_objects`` has the objects)."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from local_run.emulator.resources.base import (
    AlreadyExistsError,
    Aws,
    Properties,
    Resource,
    absent,
    given,
    or_none,
    pascal,
    present,
    tag_list,
    with_tags,
)
from local_run.emulator.resources.setting import Setting

#: The only region that is not a valid location constraint.
_NO_CONSTRAINT = "us-east-1"


class Bucket(Resource):
    type = "aws:s3/bucket:Bucket"
    name_property = "bucket"

    def planned_id(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["bucket"])

    def create(self, aws: Aws, inputs: Properties) -> tuple[str, Properties]:
        name, s3 = str(inputs["bucket"]), aws.client("s3")
        # In us-east-1, creating a bucket that you own already succeeds.
        if bucket_exists(s3, name):
            raise AlreadyExistsError(f"bucket {name!r} already exists")
        constraint = {} if aws.region == _NO_CONSTRAINT else {"CreateBucketConfiguration": {"LocationConstraint": aws.region}}
        s3.create_bucket(**given(Bucket=name, ObjectLockEnabledForBucket=inputs.get("objectLockEnabled"), **constraint))
        with self.rollback_on_error(aws, name, inputs):
            self._tag(s3, name, inputs)
        return name, self._outputs(aws, name, inputs)

    def delete(self, aws: Aws, id_: str, state: Properties) -> None:
        s3 = aws.client("s3")
        try:
            if state.get("forceDestroy"):
                delete_versions(s3, id_)
            s3.delete_bucket(Bucket=id_)
        except ClientError as error:
            if not absent(error):
                raise

    def discard(self, aws: Aws, id_: str, state: Properties) -> None:
        self.delete(aws, id_, {**state, "forceDestroy": True})

    def _tag(self, s3: Any, name: str, inputs: Properties) -> None:
        if inputs.get("tags"):
            s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tag_list(inputs)})
        else:
            s3.delete_bucket_tagging(Bucket=name)

    def _outputs(self, aws: Aws, name: str, inputs: Properties) -> Properties:
        return {
            "forceDestroy": False,
            "bucketPrefix": "",
            "objectLockEnabled": False,
            "requestPayer": "BucketOwner",
            **inputs,
            "bucket": name,
            "arn": aws.arn("s3", name, region=False, account=False),
            "bucketDomainName": f"{name}.s3.{aws.dns_suffix}",
            "bucketRegionalDomainName": f"{name}.s3.{aws.region}.{aws.dns_suffix}",
            "bucketRegion": aws.region,
            "region": aws.region,
            **with_tags(inputs),
        }


class PublicAccessBlock(Setting):
    type = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    parent = "bucket"
    _flags = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")

    def put(self, aws: Aws, inputs: Properties) -> None:
        flags = {flag: bool(inputs.get(flag)) for flag in self._flags}
        aws.client("s3").put_public_access_block(Bucket=inputs["bucket"], PublicAccessBlockConfiguration=pascal(flags))

    def exists(self, aws: Aws, id_: str, inputs: Properties) -> bool:
        return present(aws.client("s3").get_public_access_block, Bucket=id_)

    def remove(self, aws: Aws, id_: str) -> None:
        or_none(aws.client("s3").delete_public_access_block, Bucket=id_)


class OwnershipControls(Setting):
    type = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
    parent = "bucket"

    def put(self, aws: Aws, inputs: Properties) -> None:
        controls = {"Rules": [pascal(inputs["rule"])]}
        aws.client("s3").put_bucket_ownership_controls(Bucket=inputs["bucket"], OwnershipControls=controls)

    def exists(self, aws: Aws, id_: str, inputs: Properties) -> bool:
        return present(aws.client("s3").get_bucket_ownership_controls, Bucket=id_)

    def remove(self, aws: Aws, id_: str) -> None:
        or_none(aws.client("s3").delete_bucket_ownership_controls, Bucket=id_)


class Versioning(Setting):
    type = "aws:s3/bucketVersioning:BucketVersioning"
    parent = "bucket"

    def put(self, aws: Aws, inputs: Properties) -> None:
        status = inputs["versioningConfiguration"]["status"]
        aws.client("s3").put_bucket_versioning(Bucket=inputs["bucket"], VersioningConfiguration={"Status": status})

    def exists(self, aws: Aws, id_: str, inputs: Properties) -> bool:
        answer = or_none(aws.client("s3").get_bucket_versioning, Bucket=id_) or {}
        # Versioning cannot be removed: a deleted setting leaves the bucket suspended.
        return answer.get("Status") == "Enabled"

    def remove(self, aws: Aws, id_: str) -> None:
        or_none(aws.client("s3").put_bucket_versioning, Bucket=id_, VersioningConfiguration={"Status": "Suspended"})


class Encryption(Setting):
    type = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    parent = "bucket"

    def put(self, aws: Aws, inputs: Properties) -> None:
        rules = [self._rule(rule) for rule in inputs["rules"]]
        configuration = {"Rules": rules}
        aws.client("s3").put_bucket_encryption(Bucket=inputs["bucket"], ServerSideEncryptionConfiguration=configuration)

    def _rule(self, rule: Properties) -> Properties:
        default = rule["applyServerSideEncryptionByDefault"]
        by_default = given(SSEAlgorithm=default["sseAlgorithm"], KMSMasterKeyID=default.get("kmsMasterKeyId"))
        return given(ApplyServerSideEncryptionByDefault=by_default, BucketKeyEnabled=rule.get("bucketKeyEnabled"))

    def exists(self, aws: Aws, id_: str, inputs: Properties) -> bool:
        return present(aws.client("s3").get_bucket_encryption, Bucket=id_)

    def remove(self, aws: Aws, id_: str) -> None:
        or_none(aws.client("s3").delete_bucket_encryption, Bucket=id_)


class Lifecycle(Setting):
    type = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    parent = "bucket"

    def put(self, aws: Aws, inputs: Properties) -> None:
        configuration = {"Rules": [self._rule(rule) for rule in inputs["rules"]]}
        aws.client("s3").put_bucket_lifecycle_configuration(Bucket=inputs["bucket"], LifecycleConfiguration=configuration)

    def _rule(self, rule: Properties) -> Properties:
        converted: Properties = pascal({key: value for key, value in rule.items() if key != "id"})
        return {"ID": rule["id"], "Filter": {"Prefix": ""}, **converted}

    def outputs(self, aws: Aws, id_: str, inputs: Properties) -> Properties:
        sizes = "all_storage_classes_128K"
        return {"region": aws.region, "transitionDefaultMinimumObjectSize": sizes, "expectedBucketOwner": "", **inputs}

    def exists(self, aws: Aws, id_: str, inputs: Properties) -> bool:
        return present(aws.client("s3").get_bucket_lifecycle_configuration, Bucket=id_)

    def remove(self, aws: Aws, id_: str) -> None:
        or_none(aws.client("s3").delete_bucket_lifecycle, Bucket=id_)


class BucketPolicy(Setting):
    type = "aws:s3/bucketPolicy:BucketPolicy"
    parent = "bucket"

    def put(self, aws: Aws, inputs: Properties) -> None:
        aws.client("s3").put_bucket_policy(Bucket=inputs["bucket"], Policy=inputs["policy"])

    def exists(self, aws: Aws, id_: str, inputs: Properties) -> bool:
        return present(aws.client("s3").get_bucket_policy, Bucket=id_)

    def remove(self, aws: Aws, id_: str) -> None:
        or_none(aws.client("s3").delete_bucket_policy, Bucket=id_)


class Logging(Setting):
    type = "aws:s3/bucketLogging:BucketLogging"
    parent = "bucket"

    def put(self, aws: Aws, inputs: Properties) -> None:
        target = {"TargetBucket": inputs["targetBucket"], "TargetPrefix": inputs["targetPrefix"]}
        aws.client("s3").put_bucket_logging(Bucket=inputs["bucket"], BucketLoggingStatus={"LoggingEnabled": target})

    def exists(self, aws: Aws, id_: str, inputs: Properties) -> bool:
        return "LoggingEnabled" in (or_none(aws.client("s3").get_bucket_logging, Bucket=id_) or {})

    def remove(self, aws: Aws, id_: str) -> None:
        or_none(aws.client("s3").put_bucket_logging, Bucket=id_, BucketLoggingStatus={})


def delete_versions(s3: Any, bucket: str, key: str | None = None) -> None:
    """Delete all versions and delete markers of one key, or of the bucket."""
    for page in s3.get_paginator("list_object_versions").paginate(**given(Bucket=bucket, Prefix=key)):
        for version in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
            if key in (None, version["Key"]):
                s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])


def bucket_exists(s3: Any, bucket: str) -> bool:
    return or_none(s3.head_bucket, Bucket=bucket) is not None


RESOURCES = (Bucket, PublicAccessBlock, OwnershipControls, Versioning, Encryption, Lifecycle, BucketPolicy, Logging)
