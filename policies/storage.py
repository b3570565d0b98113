"""Buckets: private, over TLS alone, encrypted, versioned, tidied up."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from policies.accounts import TRUSTED_ACCOUNTS, TRUSTED_SCHEMA, trusted
from policies.conditions import holds_over_tls
from policies.controls import ADVISORY, Finding, ResourceControl, StackControl, must_be, must_have
from policies.documents import RESOURCE_DOCUMENTS, denies_plain_transport, statements, unreadable
from policies.principals import unnamed
from policies.resources import Resource, Stack

BUCKET = "aws:s3/bucket:Bucket"
OBJECT = "aws:s3/bucketObject:BucketObject"
PUBLIC_ACCESS_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
OWNERSHIP = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
ACL = "aws:s3/bucketAcl:BucketAcl"
POLICY = "aws:s3/bucketPolicy:BucketPolicy"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
LOGGING = "aws:s3/bucketLogging:BucketLogging"
REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
NOTIFICATION = "aws:s3/bucketNotification:BucketNotification"

_PUBLIC_FLAGS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
_LOCKING_ACTIONS = frozenset({"s3:*", "*", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"})
_ACCOUNT = re.compile(r"(?:arn:[a-z-]+:(?:iam|sts)::)?(\d{12})(?:$|:)")


def has_companion(kind: str) -> Callable[[Resource, Stack], Iterator[Finding]]:
    """A control that asks for a resource of a kind for every bucket."""

    def look(bucket: Resource, stack: Stack) -> Iterator[Finding]:
        if not stack.companions(bucket, kind, "bucket"):
            yield Finding(f"its {kind.rpartition(':')[2]}", None, f"needed: one {kind} for each bucket")

    return look


def _all_blocked(block: Resource) -> Iterator[Finding]:
    for flag in _PUBLIC_FLAGS:
        yield from must_be(block, flag, True)


def _no_acl(resource: Resource) -> Iterator[Finding]:
    if resource.kind == ACL:
        yield Finding("acl", resource.get("acl") or "a grant", "allowed: no ACL at all; the bucket's owner has its objects")
    for member in ("acl", "grants"):
        if resource.kind in (BUCKET, OBJECT) and resource.get(member):
            yield Finding(member, resource.get(member), "allowed: no ACL at all; the bucket's owner has its objects")
    if resource.kind == OWNERSHIP:
        yield from must_be(resource, "rule.objectOwnership", "BucketOwnerEnforced")


def _tls_only(policy: Resource) -> Iterator[Finding]:
    found = list(statements(policy, RESOURCE_DOCUMENTS))
    bucket = policy.known("bucket")
    for statement in found:
        arns = [arn for arn in statement.resources if f"{arn}/*" in statement.resources]
        ours = [arn for arn in arns if not bucket or arn.rpartition(":")[2] == bucket]
        if ours and denies_plain_transport([statement], ("s3:*", "*"), (ours[0], f"{ours[0]}/*")):
            return
    allowed = "needed: a Deny of s3:* to everyone where aws:SecureTransport is false, on the bucket and on all in it"
    yield Finding("policy", f"{len(found)} statements without it", allowed)


def _encrypted(encryption: Resource) -> Iterator[Finding]:
    for index, _ in enumerate(encryption.items("rules")):
        path = f"rules.{index}.applyServerSideEncryptionByDefault"
        algorithm = encryption.get(f"{path}.sseAlgorithm")
        if algorithm not in ("AES256", "aws:kms", "aws:kms:dsse"):
            yield Finding(f"{path}.sseAlgorithm", algorithm, "allowed: AES256, aws:kms or aws:kms:dsse")
        if algorithm == "aws:kms":
            yield from must_be(
                encryption, f"rules.{index}.bucketKeyEnabled", True, "allowed: True, or each object is a call to KMS"
            )
    if not encryption.items("rules"):
        yield Finding("rules", None, "needed: one rule with a default encryption")


def _versioned(versioning: Resource) -> Iterator[Finding]:
    yield from must_be(versioning, "versioningConfiguration.status", "Enabled")


def _tidied(lifecycle: Resource) -> Iterator[Finding]:
    for member, allowed in (
        ("abortIncompleteMultipartUpload.daysAfterInitiation", "needed: an enabled rule that aborts uploads nobody finished"),
        ("noncurrentVersionExpiration.noncurrentDays", "needed: an enabled rule that ends old versions"),
    ):
        rules = range(len(lifecycle.items("rules")))
        enabled = [index for index in rules if lifecycle.get(f"rules.{index}.status") == "Enabled"]
        if not any(_whole_bucket(lifecycle, index) and lifecycle.has(f"rules.{index}.{member}") for index in enabled):
            yield Finding(f"rules[].{member}", None, f"{allowed}, for the whole bucket")


def _whole_bucket(lifecycle: Resource, index: int) -> bool:
    found = lifecycle.mapping(f"rules.{index}.filter")
    return not any(found.get(key) for key in found)


def _closed(policy: Resource) -> Iterator[Finding]:
    yield from unreadable(policy, RESOURCE_DOCUMENTS)
    others = trusted(policy)
    for statement in statements(policy, RESOURCE_DOCUMENTS):
        if not statement.allows:
            locks = _LOCKING_ACTIONS & set(statement.actions)
            if locks and statement.everyone and holds_over_tls(statement.conditions):
                needed = "needed: a condition that spares somebody; this locks everyone out, its owner too"
                yield Finding(f"{statement.field}.Condition", None, needed)
            continue
        yield from unnamed(statement)
        for action in statement.actions:
            if "*" in action:
                yield Finding(f"{statement.field}.Action", action, "allowed: actions by name")
        for name in statement.principals.get("AWS", ()):
            account = _ACCOUNT.match(name)
            if name != "*" and (account is None or account[1] not in others):
                allowed = f"allowed: accounts in the option {TRUSTED_ACCOUNTS} ({', '.join(others) or 'none'})"
                yield Finding(f"{statement.field}.Principal.AWS", name, allowed)


def _lock(bucket: Resource) -> Iterator[Finding]:
    yield from must_be(bucket, "objectLockEnabled", True)


def _mfa_delete(versioning: Resource) -> Iterator[Finding]:
    yield from must_be(versioning, "versioningConfiguration.mfaDelete", "Enabled")


def _logged_elsewhere(logging: Resource) -> Iterator[Finding]:
    yield from must_have(logging, "targetBucket", "needed: the bucket that takes the logs")
    if logging.has("targetBucket") and logging.known("targetBucket") == (logging.known("bucket") or object()):
        yield Finding("targetBucket", logging.get("targetBucket"), "allowed: another bucket; logs of logs never end")


def _companion(name: str, asks: str, ids: str, kind: str) -> StackControl:
    return StackControl(name, asks, ids, (BUCKET,), look=has_companion(kind))


_PUBLIC = "S3.1 S3.2 S3.3 S3.8 CKV_AWS_53 CKV_AWS_54 CKV_AWS_55 CKV_AWS_56 CKV2_AWS_6 AwsSolutions-S2"
_NO_ACL = "S3.12 CKV_AWS_20 CKV_AWS_57 CKV_AWS_375 CKV2_AWS_43 CKV2_AWS_65 W31 F14"
_TLS = "S3.5 AwsSolutions-S10 CKV_AWS_379"
_SSE = "S3.17 CKV_AWS_19 CKV_AWS_145 W41"
_VERSIONS = "S3.14 CKV_AWS_21"
_TIDY = "S3.10 S3.13 CKV2_AWS_61 CKV_AWS_300"
_LOGS = "S3.9 CKV_AWS_18 AwsSolutions-S1 W35"

CONTROLS = (
    _companion("s3-public-access-block-exists", "Each bucket has a public access block", _PUBLIC, PUBLIC_ACCESS_BLOCK),
    ResourceControl("s3-public-access-blocked", "Public access is blocked", _PUBLIC, (PUBLIC_ACCESS_BLOCK,), look=_all_blocked),
    _companion("s3-ownership-exists", "Each bucket says who owns its objects", _NO_ACL, OWNERSHIP),
    ResourceControl("s3-no-acl", "No ACLs", _NO_ACL, (BUCKET, OBJECT, ACL, OWNERSHIP), look=_no_acl),
    _companion("s3-policy-exists", "Each bucket has a policy", _TLS, POLICY),
    ResourceControl("s3-tls-only", "Requests come over TLS alone", _TLS, (POLICY,), look=_tls_only),
    _companion("s3-encryption-exists", "Each bucket says how it encrypts", _SSE, ENCRYPTION),
    ResourceControl("s3-encrypted", "Objects are encrypted at rest", _SSE, (ENCRYPTION,), look=_encrypted),
    _companion("s3-versioning-exists", "Each bucket says whether it keeps versions", _VERSIONS, VERSIONING),
    ResourceControl("s3-versioned", "Old versions are kept", _VERSIONS, (VERSIONING,), look=_versioned),
    _companion("s3-lifecycle-exists", "Each bucket has a lifecycle", _TIDY, LIFECYCLE),
    ResourceControl("s3-lifecycle", "Unfinished uploads and old versions end", _TIDY, (LIFECYCLE,), look=_tidied),
    StackControl("s3-logging-exists", "Access is logged", _LOGS, (BUCKET,), look=has_companion(LOGGING), level=ADVISORY),
    ResourceControl(
        "s3-logged-elsewhere", "Access logs lie in another bucket", _LOGS, (LOGGING,), look=_logged_elsewhere, level=ADVISORY
    ),
    ResourceControl(
        "s3-policy-closed",
        "Bucket policies open nothing to everyone or to other accounts, and lock nobody out",
        "S3.6 CKV_AWS_70 CKV_AWS_93 F9 F15 F16 W20",
        (POLICY, BUCKET),
        look=_closed,
        options=TRUSTED_SCHEMA,
    ),
    _companion("s3-replication", "Buckets are replicated", "S3.7 CKV_AWS_144", REPLICATION),
    ResourceControl("s3-object-lock", "Objects can be locked", "S3.15 CKV_AWS_143", (BUCKET,), look=_lock),
    ResourceControl("s3-mfa-delete", "Deleting versions takes a second factor", "S3.20", (VERSIONING,), look=_mfa_delete),
    _companion("s3-event-notifications", "Buckets tell of new objects", "S3.11 CKV2_AWS_62", NOTIFICATION),
)
