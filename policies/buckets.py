"""Controls of bucket settings that compare several values: encryption, lifecycle and access logs."""

from __future__ import annotations

from collections.abc import Iterator

from policies.controls import ADVISORY, Finding, resource_control
from policies.framework_ids import S3_ENCRYPTION, S3_LIFECYCLE, S3_LOGGING
from policies.kinds import BUCKET_ENCRYPTION, BUCKET_LIFECYCLE, BUCKET_LOGGING
from policies.resources import Resource

ALGORITHMS = ("AES256", "aws:kms", "aws:kms:dsse")


@resource_control("s3-encrypted", "Objects are encrypted at rest", S3_ENCRYPTION, (BUCKET_ENCRYPTION,))
def _encrypted(encryption: Resource) -> Iterator[Finding]:
    if not encryption.items("rules"):
        yield Finding("rules", None, "needed: one rule with a default encryption")
    for index, _ in enumerate(encryption.items("rules")):
        path = f"rules.{index}.applyServerSideEncryptionByDefault.sseAlgorithm"
        algorithm = encryption.get(path)
        if algorithm not in ALGORITHMS:
            yield Finding(path, algorithm, f"allowed: {', '.join(ALGORITHMS)}")
        bucket_key = encryption.get(f"rules.{index}.bucketKeyEnabled")
        if algorithm == "aws:kms" and bucket_key is not True:
            yield Finding(f"rules.{index}.bucketKeyEnabled", bucket_key, "allowed: True, to save one call to KMS per object")


@resource_control(
    "s3-lifecycle", "Lifecycle rules abort incomplete uploads and delete old versions", S3_LIFECYCLE, (BUCKET_LIFECYCLE,)
)
def _cleaned_up(lifecycle: Resource) -> Iterator[Finding]:
    rules = [f"rules.{index}" for index in range(len(lifecycle.items("rules")))]
    enabled = [rule for rule in rules if lifecycle.get(f"{rule}.status") == "Enabled" and _whole_bucket(lifecycle, rule)]
    for member, action in (
        ("abortIncompleteMultipartUpload.daysAfterInitiation", "aborts incomplete uploads"),
        ("noncurrentVersionExpiration.noncurrentDays", "deletes old versions"),
    ):
        if not any(lifecycle.has(f"{rule}.{member}") for rule in enabled):
            yield Finding(f"rules[].{member}", None, f"needed: an enabled rule for the whole bucket that {action}")


def _whole_bucket(lifecycle: Resource, rule: str) -> bool:
    found = lifecycle.mapping(f"{rule}.filter")
    return not any(found.get(key) for key in found)


@resource_control("s3-logged-elsewhere", "Access logs go to another bucket", S3_LOGGING, (BUCKET_LOGGING,), level=ADVISORY)
def _logged_elsewhere(logging: Resource) -> Iterator[Finding]:
    if not logging.has("targetBucket"):
        yield Finding("targetBucket", None, "needed: the bucket that receives the logs")
    elif (target := logging.known("targetBucket")) and target == logging.known("bucket"):
        yield Finding("targetBucket", target, "allowed: another bucket, because logging access to the logs never ends")


CONTROLS = (_encrypted, _cleaned_up, _logged_elsewhere)
