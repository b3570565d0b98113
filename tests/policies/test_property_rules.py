"""The property rules: values that each must accept and report, and bad values generated from each row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from policies import kinds
from policies.property_rules import Absent, Between, OneOf, Present, PropertyRule
from policies.property_table import RULES
from tests.policies.cases import BY_NAME, UNKNOWN, Case, Member, bad, change, good, judge
from tests.policies.programs import STACKS, members

MISSING = object()
FLAGS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
ALL_USERS = [{"uri": "http://acs.amazonaws.com/groups/global/AllUsers"}]
SCAN = "imageScanningConfiguration.scanOnPush"
TYPE = "encryptionConfigurations.0.encryptionType"
TARGET, SCHEDULE = kinds.EVENT_TARGET, kinds.SCHEDULE
#: Written without the table: control, kind, property, accepted values, reported values.
EXPECTED: list[tuple[str, str, str, list[Any], list[Any]]] = [
    *(("s3-public-access-blocked", kinds.PUBLIC_ACCESS_BLOCK, flag, [True], [False, None, "true"]) for flag in FLAGS),
    ("s3-no-acl", kinds.BUCKET, "acl", [MISSING], ["public-read", "private"]),
    ("s3-no-acl", "aws:s3/bucketV2:BucketV2", "acl", [MISSING], ["private"]),
    ("s3-no-acl", kinds.BUCKET, "grants", [MISSING, []], [ALL_USERS]),
    ("s3-no-acl", "aws:s3/bucketObjectv2:BucketObjectv2", "acl", [MISSING], ["public-read"]),
    ("s3-acls-disabled", kinds.BUCKET_OWNERSHIP, "rule.objectOwnership", ["BucketOwnerEnforced"], ["ObjectWriter", MISSING]),
    ("s3-versioned", kinds.BUCKET_VERSIONING, "versioningConfiguration.status", ["Enabled"], ["Suspended", MISSING]),
    ("dynamodb-point-in-time-recovery", kinds.TABLE, "pointInTimeRecovery.enabled", [True], [False, MISSING]),
    ("dynamodb-encrypted", kinds.TABLE, "serverSideEncryption.enabled", [True], [False, MISSING]),
    ("dynamodb-on-demand", kinds.TABLE, "billingMode", ["PAY_PER_REQUEST"], ["PROVISIONED", MISSING]),
    ("dynamodb-deletion-protection", kinds.TABLE, "deletionProtectionEnabled", [True], [False, MISSING]),
    ("ecr-scan", kinds.REPOSITORY, SCAN, [True], [False, MISSING]),
    ("ecr-immutable-tags", kinds.REPOSITORY, "imageTagMutability", ["IMMUTABLE"], ["MUTABLE", MISSING]),
    ("ecr-kms", kinds.REPOSITORY, TYPE, ["KMS"], ["AES256", MISSING]),
    ("kms-key-rotation", kinds.KEY, "enableKeyRotation", [True], [False, MISSING]),
    ("kms-key-deletion-window", kinds.KEY, "deletionWindowInDays", [14, 30, MISSING], [7, 13]),
    (
        "lambda-permission-principal",
        kinds.PERMISSION,
        "principal",
        ["events.amazonaws.com", "scheduler.amazonaws.com"],
        ["*", "s3.amazonaws.com", MISSING],
    ),
    ("lambda-permission-action", kinds.PERMISSION, "action", ["lambda:InvokeFunction", MISSING], ["lambda:*"]),
    ("lambda-runtime", kinds.FUNCTION, "runtime", ["python3.11", "python3.13"], ["python3.8", MISSING]),
    ("lambda-event-age", kinds.INVOKE_CONFIG, "maximumEventAgeInSeconds", [3600, 21600], [86400, MISSING]),
    ("lambda-retries", kinds.INVOKE_CONFIG, "maximumRetryAttempts", [0, 2], [3, MISSING]),
    ("lambda-reserved-concurrency", kinds.FUNCTION, "reservedConcurrentExecutions", [1, 5], [-1, 0, MISSING]),
    ("lambda-traced", kinds.FUNCTION, "tracingConfig.mode", ["Active"], ["PassThrough", MISSING]),
    ("log-retention", kinds.LOG_GROUP, "retentionInDays", [1, 30], [0, MISSING]),
    ("log-retention-in-production", kinds.LOG_GROUP, "retentionInDays", [365], [30, 364, MISSING]),
    ("sqs-encrypted", kinds.QUEUE, "sqsManagedSseEnabled", [True], [False, MISSING]),
    ("target-dead-letters", TARGET, "deadLetterConfig.arn", [UNKNOWN, "arn"], ["", MISSING]),
    ("target-event-age", TARGET, "retryPolicy.maximumEventAgeInSeconds", [0, 21600, 86400], [86401, MISSING]),
    ("target-retries", TARGET, "retryPolicy.maximumRetryAttempts", [0, 30, 185], [186, MISSING]),
    ("schedule-dead-letters", SCHEDULE, "target.deadLetterConfig.arn", [UNKNOWN, "arn"], ["", MISSING]),
    ("schedule-event-age", SCHEDULE, "target.retryPolicy.maximumEventAgeInSeconds", [86400], [86401, MISSING]),
    ("schedule-retries", SCHEDULE, "target.retryPolicy.maximumRetryAttempts", [185], [186, MISSING]),
]
#: Rules that do not apply to some resources, because of the stack or another property.
EXCLUDED = [
    good("dynamodb-deletion-protection", kinds.TABLE, {}, stack="dev"),
    good("dynamodb-deletion-protection", kinds.TABLE, {}, stack="product-demo"),
    bad("dynamodb-deletion-protection", kinds.TABLE, {}, "allowed in production: True", stack="production-eu"),
    bad("dynamodb-deletion-protection", kinds.TABLE, {}, "is missing", stack="live", config={"productionStacks": "live|prod"}),
    good("log-retention-in-production", kinds.LOG_GROUP, {"retentionInDays": 30}, stack="dev"),
    good("lambda-runtime", kinds.FUNCTION, {"packageType": "Image"}),
    good("sqs-encrypted", kinds.QUEUE, {"kmsMasterKeyId": UNKNOWN}),
]


def nested(path: str, value: object) -> dict[str, Any]:
    """Return inputs with a value at ``a.0.b``."""
    if value is MISSING:
        return {}
    for part in reversed(path.split(".")):
        value = [value] if part.isdecimal() else {part: value}
    assert isinstance(value, dict)
    return value


def with_others(name: str, path: str, value: object) -> dict[str, Any]:
    """Return inputs with a value at the path and True at the other properties of a rule about flags."""
    others = [flag for flag in FLAGS if flag != path] if name == "s3-public-access-blocked" else []
    return {**nested(path, value), **dict.fromkeys(others, True)}


def cases() -> Iterator[Case]:
    for name, kind, path, accepted, reported in EXPECTED:
        for value in accepted:
            yield good(name, kind, with_others(name, path, value), stack="prod")
        for value in reported:
            found = "is missing" if value in (MISSING, None) else f"is {value!r}"
            yield bad(name, kind, with_others(name, path, value), f"{path} {found}; allowed", stack="prod")


CASES = [*cases(), *EXCLUDED]


@pytest.mark.usefixtures("nothing_exempt")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_property_rules(case: Case) -> None:
    case.check()


def test_every_property_of_every_rule_is_expected() -> None:
    assert {(name, path) for name, _, path, *_ in EXPECTED} == {(rule.name, path) for rule in RULES for path in rule.paths}


def bad_values(rule: PropertyRule) -> list[object]:
    """Return values that the row does not allow: missing, of another type, and next to the allowed ones."""
    allowed = rule.allowed
    if isinstance(allowed, Absent):
        return ["x", ["x"], {"x": "y"}, True, 1]
    if isinstance(allowed, Present):
        return [None, ""]
    if isinstance(allowed, Between):
        above = [] if allowed.most is None else [allowed.most + 1, allowed.most + 0.5]
        return ["", "x", True, [], {}, allowed.least - 1, *above]
    assert isinstance(allowed, OneOf)
    return ["", [], {}, *(other for value in allowed.values for other in _similar(value))]


def _similar(value: object) -> list[object]:
    return [not value, int(value), str(value)] if isinstance(value, bool) else [f"{value}x", str(value).swapcase(), [value]]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_bad_values_in_the_program_are_reported(rule: PropertyRule, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("policies.exemptions.EXEMPTIONS", ())
    found = [member for stack in STACKS for member in members(stack) if _kind(member) in rule.kinds]
    assert found, "the program has no such resource"
    for path in rule.paths:
        for value in bad_values(rule):
            inputs = change({**found[0].inputs, "kmsMasterKeyId": None}, path, value)
            messages = judge(BY_NAME[rule.name], [replace(found[0], inputs=inputs, stack="prod")])
            assert len(messages) == 1, (path, value)
            assert f"{found[0].kind} {found[0].name}: {path} is " in messages[0]
            assert "Proxy object" not in messages[0]
            assert f": {rule.allowed}. {rule.remediation} ({rule.ids.replace(' ', ', ')})" in messages[0]


def _kind(member: Member) -> str:
    return member.kind.replace("Objectv2", "Object")


def test_a_wrong_option_is_reported() -> None:
    with pytest.raises(ValueError, match=r"option productionStacks is '\('; allowed: a regular expression"):
        judge(BY_NAME["dynamodb-deletion-protection"], [Member(kinds.TABLE, {})], {"productionStacks": "("})
