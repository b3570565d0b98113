from __future__ import annotations

import json

import pytest

from contracts.layout import EVALUATION_EXECUTOR_NAME, EXECUTOR_NAME, executor_key
from tests.components.recording import ACCOUNT, ROOT, Recorder, run_program

NOUNS = ("assets", "models", "pipeline")
SETTINGS = (
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "aws:s3/bucketVersioning:BucketVersioning",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketPolicy:BucketPolicy",
)


def bucket(noun: str, stack: str) -> str:
    return f"model-training-{stack}-{noun}-{ACCOUNT}-eu-central-1"


def by_bucket(recorded: Recorder, kind: str) -> dict[str, dict]:
    found = recorded.of(kind)
    settings = {resource.inputs["bucket"]: resource.inputs for resource in found}
    assert len(settings) == len(found), f"two {kind} on one bucket"
    return settings


def has_log_bucket(recorded: Recorder) -> bool:
    """Only prod has one by default; ``everything`` names an existing bucket."""
    targets = {resource.inputs["targetBucket"] for resource in recorded.of("aws:s3/bucketLogging:BucketLogging")}
    return targets == {bucket("access-logs", "prod")}


def test_each_bucket_has_each_setting_once(recorded: Recorder) -> None:
    expected = {bucket(noun, recorded.stack) for noun in NOUNS + (("access-logs",) if has_log_bucket(recorded) else ())}
    assert {resource.inputs["bucket"] for resource in recorded.of("aws:s3/bucket:Bucket")} == expected
    for kind in SETTINGS:
        assert set(by_bucket(recorded, kind)) == expected, kind


def test_no_public_access_and_no_acls(recorded: Recorder) -> None:
    for inputs in by_bucket(recorded, SETTINGS[0]).values():
        flags = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
        assert [inputs[flag] for flag in flags] == [True] * 4
    for inputs in by_bucket(recorded, SETTINGS[1]).values():
        assert inputs["rule"] == {"objectOwnership": "BucketOwnerEnforced"}
    assert not any("acl" in resource.inputs for resource in recorded.of("aws:s3/bucket:Bucket"))


def test_tls_only(recorded: Recorder) -> None:
    for name, inputs in by_bucket(recorded, SETTINGS[5]).items():
        *deliver, statement = json.loads(inputs["policy"])["Statement"]
        assert bool(deliver) == ("access-logs" in name)
        assert statement["Effect"] == "Deny"
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert statement["Resource"] == [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]


def test_versions_are_kept_and_tidied_up(recorded: Recorder) -> None:
    for inputs in by_bucket(recorded, SETTINGS[2]).values():
        assert inputs["versioningConfiguration"] == {"status": "Enabled"}
    for inputs in by_bucket(recorded, SETTINGS[4]).values():
        tidy = inputs["rules"][0]
        assert tidy["status"] == "Enabled"
        assert tidy["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}
        assert tidy["noncurrentVersionExpiration"]["noncurrentDays"] == 90
        assert tidy["expiration"] == {"expiredObjectDeleteMarker": True}


def test_encryption_follows_the_key(dev: Recorder, prod: Recorder) -> None:
    for inputs in by_bucket(dev, SETTINGS[3]).values():
        (rule,) = inputs["rules"]
        assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}
    for name, inputs in by_bucket(prod, SETTINGS[3]).items():
        (rule,) = inputs["rules"]
        if name == bucket("access-logs", "prod"):
            assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}
            continue
        assert rule["bucketKeyEnabled"] is True
        assert rule["applyServerSideEncryptionByDefault"]["sseAlgorithm"] == "aws:kms"
        assert rule["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"].startswith("arn:aws:kms:eu-central-1:")


def test_only_executions_expire_and_only_where_asked(prod: Recorder, everything: Recorder) -> None:
    (logs,) = [name for name, inputs in by_bucket(prod, SETTINGS[4]).items() if len(inputs["rules"]) == 2]
    assert logs == bucket("access-logs", "prod")
    assert by_bucket(prod, SETTINGS[4])[logs]["rules"][1]["expiration"] == {"days": 365}
    rules = by_bucket(everything, SETTINGS[4])
    (expiring,) = [name for name, inputs in rules.items() if len(inputs["rules"]) == 2]
    assert expiring == bucket("models", "prod")
    assert rules[expiring]["rules"][1]["filter"] == {"prefix": "executions/"}
    assert rules[expiring]["rules"][1]["expiration"] == {"days": 90}


def test_access_logs_where_asked(dev: Recorder, everything: Recorder) -> None:
    assert dev.of("aws:s3/bucketLogging:BucketLogging") == []
    logging = by_bucket(everything, "aws:s3/bucketLogging:BucketLogging")
    assert {inputs["targetPrefix"] for inputs in logging.values()} == {f"{name}/" for name in logging}
    assert len(logging) == 3


def test_production_has_a_bucket_of_its_own_for_access_logs(prod: Recorder) -> None:
    logs = bucket("access-logs", "prod")
    logging = by_bucket(prod, "aws:s3/bucketLogging:BucketLogging")
    assert {name: inputs["targetBucket"] for name, inputs in logging.items()} == {bucket(noun, "prod"): logs for noun in NOUNS}
    deliver, _ = json.loads(by_bucket(prod, SETTINGS[5])[logs]["policy"])["Statement"]
    assert (deliver["Principal"], deliver["Action"]) == ({"Service": "logging.s3.amazonaws.com"}, "s3:PutObject")
    assert deliver["Resource"] == f"arn:aws:s3:::{logs}/*"
    assert deliver["Condition"] == {
        "ArnEquals": {"aws:SourceArn": sorted(f"arn:aws:s3:::{bucket(noun, 'prod')}" for noun in NOUNS)},
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
    }
    for (kind, name), request in prod.requests.items():
        if kind == "aws:s3/bucketLogging:BucketLogging":
            waits = request.propertyDependencies["targetBucket"].urns
            assert any(urn.endswith("::storage-access-logs-policy") for urn in waits), name


def test_data_survives_destroy_only_where_protected(dev: Recorder, prod: Recorder) -> None:
    assert all(resource.inputs["forceDestroy"] for resource in dev.of("aws:s3/bucket:Bucket"))
    assert not any(resource.inputs["forceDestroy"] for resource in prod.of("aws:s3/bucket:Bucket"))


def test_the_executor_waits_for_the_bucket_to_encrypt(recorded: Recorder) -> None:
    """What is stored before stays under another key, which the processing role may not use."""
    waits = recorded.requests[("aws:s3/bucketObjectv2:BucketObjectv2", "storage-executor")].dependencies
    assert any(urn.endswith("::storage-pipeline-encryption") for urn in waits)


@pytest.mark.parametrize("name", [EXECUTOR_NAME, EVALUATION_EXECUTOR_NAME])
def test_each_executor_lies_under_its_hash(dev: Recorder, name: str) -> None:
    content = (ROOT / "fe_image" / name).read_bytes()
    (stored,) = (item for item in dev.of("aws:s3/bucketObjectv2:BucketObjectv2") if item.inputs["key"].endswith(name))
    assert stored.inputs["key"] == executor_key(name, content)
    assert stored.inputs["content"].encode() == content
    assert stored.inputs["bucket"] == bucket("pipeline", "dev")
    assert dev.requests[(stored.type, stored.name)].retainOnDelete


def test_a_named_bucket_is_used_everywhere() -> None:
    recorded = run_program("dev", assetsBucketName="prices-of-ours")
    assert recorded.exports["assetsBucket"] == "prices-of-ours"
    definition = recorded.named("pipeline-pipeline").inputs["pipelineDefinition"]
    assert "prices-of-ours" in definition
    assert bucket("assets", "dev") not in definition
    policies = [resource.inputs["policy"] for resource in recorded.of("aws:iam/rolePolicy:RolePolicy")]
    assert any("arn:aws:s3:::prices-of-ours/assets/*" in policy for policy in policies)
    assert not any(bucket("assets", "dev") in policy for policy in policies)
