"""Amazon S3: how resources are read, updated and replaced."""

from __future__ import annotations

from emulated.kinds.changeable import Changeable, ChangeableSetting
from local_run.emulator.resources import s3
from local_run.emulator.resources.base import Aws, Properties, or_none


class Bucket(Changeable, s3.Bucket):
    replace_on = ("bucket", "bucketPrefix", "objectLockEnabled", "region")

    def read(self, aws: Aws, id_: str, state: Properties) -> Properties | None:
        return self._outputs(aws, id_, {**state, "bucket": id_}) if s3.bucket_exists(aws.client("s3"), id_) else None

    def update(self, aws: Aws, id_: str, old: Properties, new: Properties) -> Properties:
        self._tag(aws.client("s3"), id_, new)
        return self._outputs(aws, id_, new)


class PublicAccessBlock(ChangeableSetting, s3.PublicAccessBlock):
    replace_on = ("bucket", "region")

    def get(self, aws: Aws, id_: str) -> Properties | None:
        answer = or_none(aws.client("s3").get_public_access_block, Bucket=id_)
        found = (answer or {}).get("PublicAccessBlockConfiguration")
        return found and {flag: found[flag[0].upper() + flag[1:]] for flag in self._flags}


class OwnershipControls(ChangeableSetting, s3.OwnershipControls):
    replace_on = ("bucket", "region")

    def get(self, aws: Aws, id_: str) -> Properties | None:
        answer = or_none(aws.client("s3").get_bucket_ownership_controls, Bucket=id_)
        return answer and {"rule": {"objectOwnership": answer["OwnershipControls"]["Rules"][0]["ObjectOwnership"]}}


class Versioning(ChangeableSetting, s3.Versioning):
    replace_on = ("bucket", "expectedBucketOwner", "region")

    def get(self, aws: Aws, id_: str) -> Properties | None:
        answer = or_none(aws.client("s3").get_bucket_versioning, Bucket=id_) or {}
        return {"versioningConfiguration": {"status": answer["Status"]}} if "Status" in answer else None


class Encryption(ChangeableSetting, s3.Encryption):
    replace_on = ("bucket", "expectedBucketOwner", "region")

    def get(self, aws: Aws, id_: str) -> Properties | None:
        # Deleting it gives a bucket the default encryption back, which is a setting as well.
        return {} if or_none(aws.client("s3").get_bucket_encryption, Bucket=id_) else None


class Lifecycle(ChangeableSetting, s3.Lifecycle):
    replace_on = ("bucket", "expectedBucketOwner", "region")

    def get(self, aws: Aws, id_: str) -> Properties | None:
        return {} if or_none(aws.client("s3").get_bucket_lifecycle_configuration, Bucket=id_) else None


class BucketPolicy(ChangeableSetting, s3.BucketPolicy):
    replace_on = ("bucket", "region")

    def get(self, aws: Aws, id_: str) -> Properties | None:
        answer = or_none(aws.client("s3").get_bucket_policy, Bucket=id_)
        return answer and {"policy": answer["Policy"]}


class Logging(ChangeableSetting, s3.Logging):
    replace_on = ("bucket", "expectedBucketOwner", "region")

    def get(self, aws: Aws, id_: str) -> Properties | None:
        found = (or_none(aws.client("s3").get_bucket_logging, Bucket=id_) or {}).get("LoggingEnabled")
        return found and {"targetBucket": found["TargetBucket"], "targetPrefix": found["TargetPrefix"]}


KINDS = (
    Bucket,
    PublicAccessBlock,
    OwnershipControls,
    Versioning,
    Encryption,
    Lifecycle,
    BucketPolicy,
    Logging,
)
