from __future__ import annotations

import pytest

from policies import kinds
from tests.policies.cases import UNKNOWN, Case, Member, bad, change, good
from tests.policies.documents import ACCOUNT, document, grant, tls_only

ARN = "arn:aws:s3:::models"
BUCKET = Member(kinds.BUCKET, {"bucket": "models"}, "models")
ENCRYPTED = {"bucket": "models", "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]}
BY_KEY = {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}, "bucketKeyEnabled": True}]}
TIDY = {
    "bucket": "models",
    "rules": [
        {
            "status": "Enabled",
            "filter": {"prefix": ""},
            "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
            "noncurrentVersionExpiration": {"noncurrentDays": 90},
        }
    ],
}
TLS = tls_only("s3:*", [ARN, f"{ARN}/*"])
READER = {"AWS": "arn:aws:iam::999999999999:role/reader"}
FOR_US = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
LOCKED = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": ARN}


def policy(*statements: dict[str, object]) -> dict[str, object]:
    return {"bucket": "models", "policy": document(*statements)}


def companions(control: str, kind: str) -> list[Case]:
    """Return cases of a bucket with its companion by name and by dependency, with that of another bucket, and without."""
    by_name = Member(kind, {"bucket": "models"}, "companion")
    by_source = Member(kind, {"bucket": UNKNOWN}, "companion", sources={"bucket": [BUCKET.urn]})
    other = Member(kind, {"bucket": "assets"}, "companion")
    words = (f"its {kind.rpartition(':')[2]} is missing", "models")
    return [
        Case(control, [BUCKET, by_name]),
        Case(control, [BUCKET, by_source]),
        Case(control, [BUCKET, other], words),
        Case(control, [BUCKET], words),
    ]


CASES = [
    *companions("s3-public-access-block-exists", kinds.PUBLIC_ACCESS_BLOCK),
    *companions("s3-ownership-exists", kinds.BUCKET_OWNERSHIP),
    *companions("s3-policy-exists", kinds.BUCKET_POLICY),
    *companions("s3-encryption-exists", kinds.BUCKET_ENCRYPTION),
    *companions("s3-versioning-exists", kinds.BUCKET_VERSIONING),
    *companions("s3-lifecycle-exists", kinds.BUCKET_LIFECYCLE),
    *companions("s3-logging-exists", kinds.BUCKET_LOGGING),
    good("s3-tls-only", kinds.BUCKET_POLICY, policy(TLS)),
    bad("s3-tls-only", kinds.BUCKET_POLICY, policy(change(TLS, "Resource", [ARN])), "policy is"),
    bad(
        "s3-tls-only",
        kinds.BUCKET_POLICY,
        policy(tls_only("s3:*", ["arn:aws:s3:::assets", "arn:aws:s3:::assets/*"])),
        "policy is",
    ),
    bad("s3-tls-only", kinds.BUCKET_POLICY, policy(change(TLS, "Action", "s3:GetObject")), "policy is"),
    bad("s3-tls-only", kinds.BUCKET_POLICY, policy(change(TLS, "Effect", "Allow")), "policy is"),
    bad("s3-tls-only", kinds.BUCKET_POLICY, policy(change(TLS, "Principal", READER)), "policy is"),
    bad(
        "s3-tls-only", kinds.BUCKET_POLICY, policy(change(TLS, "Condition.Bool", {"aws:SecureTransport": "true"})), "policy is"
    ),
    bad(
        "s3-tls-only",
        kinds.BUCKET_POLICY,
        policy(change(TLS, "Condition.StringEquals", {"aws:PrincipalTag/a": "b"})),
        "policy is",
    ),
    good(
        "s3-tls-only", kinds.BUCKET_POLICY, policy(change(TLS, "Condition", {"BoolIfExists": {"aws:SecureTransport": "false"}}))
    ),
    good("s3-tls-only", kinds.BUCKET_POLICY, policy(change(TLS, "Condition", {"Bool": {"aws:SecureTransport": [False]}}))),
    *(
        bad("s3-tls-only", kinds.BUCKET_POLICY, policy(change(TLS, "Condition", condition)), "policy is")
        for condition in (
            {"Null": {"aws:SecureTransport": "false"}},
            {"Bool": {"aws:SecureTransport": ["false", "true"]}},
            {"BoolIfExists": {"aws:SecureTransport": "false", "aws:ViaAWSService": "false"}},
        )
    ),
    good("s3-encrypted", kinds.BUCKET_ENCRYPTION, ENCRYPTED),
    good("s3-encrypted", kinds.BUCKET_ENCRYPTION, BY_KEY),
    bad("s3-encrypted", kinds.BUCKET_ENCRYPTION, {"rules": []}, "rules is missing"),
    bad("s3-encrypted", kinds.BUCKET_ENCRYPTION, {"rules": [{}]}, "sseAlgorithm is missing"),
    bad(
        "s3-encrypted", kinds.BUCKET_ENCRYPTION, change(BY_KEY, "rules.0.bucketKeyEnabled", False), "bucketKeyEnabled is False"
    ),
    good("s3-lifecycle", kinds.BUCKET_LIFECYCLE, TIDY),
    bad("s3-lifecycle", kinds.BUCKET_LIFECYCLE, change(TIDY, "rules.0.status", "Disabled"), "abortIncomplete", "noncurrent"),
    bad(
        "s3-lifecycle",
        kinds.BUCKET_LIFECYCLE,
        change(TIDY, "rules.0.filter", {"prefix": "some/"}),
        "abortIncomplete",
        "noncurrent",
    ),
    bad(
        "s3-lifecycle", kinds.BUCKET_LIFECYCLE, change(TIDY, "rules.0.noncurrentVersionExpiration"), "noncurrentDays is missing"
    ),
    bad("s3-lifecycle", kinds.BUCKET_LIFECYCLE, {"rules": []}, "daysAfterInitiation is missing"),
    good("s3-logged-elsewhere", kinds.BUCKET_LOGGING, {"bucket": "models", "targetBucket": "logs"}),
    bad(
        "s3-logged-elsewhere", kinds.BUCKET_LOGGING, {"bucket": "models", "targetBucket": "models"}, "targetBucket is 'models'"
    ),
    bad("s3-logged-elsewhere", kinds.BUCKET_LOGGING, {"bucket": "models"}, "targetBucket is missing"),
    good("s3-policy-closed", kinds.BUCKET_POLICY, policy(TLS)),
    good(
        "s3-policy-closed",
        kinds.BUCKET_POLICY,
        policy(grant(READER, "s3:GetObject", ARN)),
        config={"trustedAccounts": ["999999999999"]},
    ),
    good(
        "s3-policy-closed",
        kinds.BUCKET_POLICY,
        policy(grant({"Service": "logging.s3.amazonaws.com"}, "s3:PutObject", f"{ARN}/*", Condition=FOR_US)),
    ),
    *(
        bad("s3-policy-closed", kinds.BUCKET_POLICY, policy(grant(principal, "s3:GetObject", f"{ARN}/*", **more)), *words)
        for principal, more, words in (
            ({"CanonicalUser": "79a59df900b949e5"}, {}, ("Principal.CanonicalUser is '79a5",)),
            ({"Federated": "arn:aws:iam::999999999999:saml-provider/x"}, {}, ("Principal.Federated is 'arn",)),
            ({"Service": "cloudfront.amazonaws.com"}, {}, ("Condition is missing", "cloudfront")),
            (
                {"Service": "cloudfront.amazonaws.com"},
                {"Condition": {"Null": {"aws:SourceAccount": "false"}}},
                ("Condition is missing",),
            ),
            ({"Service": "*.amazonaws.com"}, {"Condition": FOR_US}, ("Principal is '*.amazonaws.com'",)),
        )
    ),
    bad(
        "s3-policy-closed",
        kinds.BUCKET_POLICY,
        policy(grant(READER, "s3:GetObject", ARN)),
        "AWS is 'arn:aws:iam::999999999999:role/reader'",
    ),
    bad(
        "s3-policy-closed",
        kinds.BUCKET_POLICY,
        policy(grant({"AWS": ACCOUNT}, "s3:GetObject", ARN)),
        f"AWS is '{ACCOUNT}'",
        "(none)",
    ),
    bad("s3-policy-closed", kinds.BUCKET_POLICY, policy(grant("*", "s3:GetObject", ARN)), "Statement[0].Principal is '*'"),
    bad(
        "s3-policy-closed",
        kinds.BUCKET_POLICY,
        policy(TLS, grant({"AWS": "*"}, "s3:Get*", ARN)),
        "Statement[1].Action is 's3:Get*'",
    ),
    bad("s3-policy-closed", kinds.BUCKET_POLICY, policy(LOCKED), "Condition is missing", "denies everyone"),
    *(
        bad("s3-policy-closed", kinds.BUCKET_POLICY, policy(TLS, {**LOCKED, "Condition": condition}), "denies everyone")
        for condition in (
            {"Null": {"aws:SecureTransport": "false"}},
            {"Bool": {"aws:SecureTransport": ["true", "false"]}},
            {"BoolIfExists": {"aws:SecureTransport": "true"}},
        )
    ),
    good(
        "s3-policy-closed",
        kinds.BUCKET_POLICY,
        policy(TLS, {**LOCKED, "Condition": {"StringNotEquals": {"aws:PrincipalArn": "a"}}}),
    ),
    bad("s3-policy-closed", kinds.BUCKET_POLICY, {"policy": "{"}, "policy is '{'", "document in JSON"),
    bad("s3-policy-closed", kinds.BUCKET, {"policy": document(grant("*", "s3:GetObject", ARN))}, "Principal is '*'"),
]


@pytest.mark.usefixtures("nothing_exempt")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_buckets(case: Case) -> None:
    case.check()
