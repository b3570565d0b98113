from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.kinds import BUCKET_POLICY, ROLE
from policies.kinds import ROLE_POLICY as POLICY
from policies.permissions import is_specific
from tests.policies.cases import Case, bad, change, good
from tests.policies.documents import ACCOUNT, KEY_ARN, allow, document, grant

OBJECTS = "arn:aws:s3:::models/executions/*"
TABLE = f"arn:aws:dynamodb:eu-central-1:{ACCOUNT}:table/model-training-dev-execution"
TRAINING_ROLE = f"arn:aws:iam::{ACCOUNT}:role/model-training-dev-training"
METRICS = {"StringLike": {"cloudwatch:namespace": "/aws/sagemaker/*"}}
PASSED = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
GRANT = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
GRANT_LISTED = {"Bool": {"kms:GrantIsForAWSResource": [True]}}
#: Requires that the key is absent, as in grants that people create.
NO_GRANT = {"Null": {"kms:GrantIsForAWSResource": "true"}}
SOURCE = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
SAGEMAKER = {"Service": "sagemaker.amazonaws.com"}
ANY_JOB = f"arn:aws:sagemaker:eu-central-1:{ACCOUNT}:training-job/*"
#: Conditions that mention a source but accept the resources of any account.
NO_SOURCES: list[dict[str, Any]] = [
    {"Null": {"aws:SourceArn": "true"}},
    {"Null": {"aws:SourceAccount": "false"}},
    {"ArnLike": {"aws:SourceArn": "arn:*"}},
    {"ArnLike": {"aws:SourceArn": "arn:aws:sagemaker:eu-central-1:*:training-job/x"}},
    {"ArnLike": {"aws:SourceArn": [ANY_JOB, "arn:aws:sagemaker:*:?*:training-job/*"]}},
    {"StringLike": {"aws:SourceArn": "*:training-job/x"}},
    {"StringLike": {"aws:SourceAccount": "?*"}},
    {"StringLike": {"aws:SourceAccount": "1234*"}},
    {"StringEquals": {"aws:SourceAccount": []}},
    {"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}},
    {"ForAnyValue:StringEquals": {"aws:SourceAccount": ACCOUNT}},
    {"Bool": {"aws:SourceAccount": "true"}},
]


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"role": "r", "policy": document(*statements)}


def trust(principal: Any, **more: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}
    return {"assumeRolePolicy": document(statement)}


CASES = [
    bad("iam-readable", POLICY, {"policy": '{"Statement": ["x"]}'}, "policy.Statement[0] is 'x'", "Allow or Deny"),
    bad("iam-readable", POLICY, {"policy": '{"Statement": {"Effect": "allow"}}'}, "policy.Statement[0] is"),
    good("iam-readable", POLICY, policy(allow("s3:GetObject", OBJECTS))),
    bad("iam-readable", POLICY, {"policy": "not JSON"}, "policy is 'not JSON'"),
    bad("iam-readable", POLICY, {"policy": "{}"}, "policy.Statement is missing"),
    bad("iam-readable", ROLE, {"assumeRolePolicy": "[1]"}, "assumeRolePolicy is '[1]'"),
    bad(
        "iam-readable",
        ROLE,
        {**trust(SAGEMAKER), "inlinePolicies": [{"name": "a", "policy": "}"}]},
        "inlinePolicies.0.policy is",
    ),
    good("iam-named-actions", POLICY, policy(allow(["s3:GetObject", "s3:PutObject"], OBJECTS))),
    bad("iam-named-actions", POLICY, policy(allow("*", OBJECTS)), "Action is '*'", "IAM.1"),
    bad(
        "iam-named-actions", POLICY, policy(allow("s3:Get*", OBJECTS), allow("s3:*", OBJECTS)), "Statement[1].Action is 's3:*'"
    ),
    bad("iam-named-actions", POLICY, policy(allow("dynamodb:*", TABLE)), "Action is 'dynamodb:*'"),
    bad(
        "iam-named-actions", ROLE, {"inlinePolicies": [{"policy": document(allow("s3:?etObject", OBJECTS))}]}, "'s3:?etObject'"
    ),
    good("iam-named-actions", POLICY, policy({"Effect": "Deny", "Action": "s3:*", "Resource": "*"})),
    good("iam-named-resources", POLICY, policy(allow("s3:GetObject", OBJECTS), allow("dynamodb:GetItem", TABLE))),
    good("iam-named-resources", POLICY, policy(allow("ecr:GetAuthorizationToken", "*"))),
    good("iam-named-resources", POLICY, policy(allow("cloudwatch:PutMetricData", "*", Condition=METRICS))),
    bad(
        "iam-named-resources",
        POLICY,
        policy(allow("cloudwatch:PutMetricData", "*")),
        "Condition is missing",
        "cloudwatch:namespace",
    ),
    bad(
        "iam-named-resources",
        POLICY,
        policy(allow("cloudwatch:PutMetricData", "*", Condition={"StringLikeIfExists": {"cloudwatch:namespace": "a"}})),
        "Condition is missing",
    ),
    *(
        bad(
            "iam-named-resources",
            POLICY,
            policy(allow("cloudwatch:PutMetricData", "*", Condition={operator: {"cloudwatch:namespace": value}})),
            "Condition is missing",
        )
        for operator, value in (("Null", "false"), ("StringLike", "?*"), ("StringLike", ["a", "*"]))
    ),
    bad(
        "iam-named-resources",
        POLICY,
        policy(allow(["ecr:GetAuthorizationToken", "ecr:BatchGetImage"], "*")),
        "ecr:BatchGetImage",
    ),
    bad("iam-named-resources", POLICY, policy(allow("kms:Decrypt", "*")), "Resource is '*'", "kms:Decrypt"),
    bad("iam-named-resources", POLICY, policy(allow("s3:GetObject", "arn:aws:s3:::*/*")), "Resource is 'arn:aws:s3:::*/*'"),
    good("iam-no-escalation", POLICY, policy(allow("kms:CreateGrant", KEY_ARN, Condition=GRANT))),
    good("iam-no-escalation", POLICY, policy(allow("kms:CreateGrant", KEY_ARN, Condition=GRANT_LISTED))),
    bad("iam-no-escalation", POLICY, policy(allow("kms:CreateGrant", KEY_ARN)), "GrantIsForAWSResource"),
    bad("iam-no-escalation", POLICY, policy(allow("kms:CreateGrant", KEY_ARN, Condition=NO_GRANT)), "GrantIsForAWSResource"),
    bad("iam-no-escalation", POLICY, policy(allow("iam:PutRolePolicy", TRAINING_ROLE)), "Action is 'iam:PutRolePolicy'"),
    bad("iam-no-escalation", POLICY, policy(allow("sts:AssumeRole", TRAINING_ROLE)), "Action is 'sts:AssumeRole'"),
    bad(
        "iam-no-escalation",
        POLICY,
        policy(allow("s3:PutBucketPolicy", "arn:aws:s3:::models")),
        "Action is 's3:PutBucketPolicy'",
    ),
    bad(
        "iam-no-escalation", POLICY, policy(allow("lambda:UpdateFunctionCode", "arn")), "Action is 'lambda:UpdateFunctionCode'"
    ),
    *(
        bad("iam-no-escalation", POLICY, policy(allow(action, "arn")), f"Action is '{action}'")
        for action in (
            "ssm:SendCommand",
            "ssm:StartSession",
            "ssm:GetParametersByPath",
            "secretsmanager:GetSecretValue",
            "secretsmanager:BatchGetSecretValue",
            "sagemaker:CreatePresignedNotebookInstanceUrl",
            "sagemaker:CreatePresignedDomainUrl",
            "ec2-instance-connect:SendSSHPublicKey",
            "codebuild:StartBuild",
            "glue:CreateDevEndpoint",
            "lambda:CreateEventSourceMapping",
            "cognito-identity:GetCredentialsForIdentity",
            "ecs:ExecuteCommand",
            "rds-db:connect",
        )
    ),
    good("iam-no-managed-policy", ROLE, {"managedPolicyArns": [f"arn:aws:iam::{ACCOUNT}:policy/ours"]}),
    good("iam-no-managed-policy", ROLE, trust(SAGEMAKER)),
    bad(
        "iam-no-managed-policy",
        ROLE,
        {"managedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]},
        "managedPolicyArns.0",
    ),
    bad("iam-no-managed-policy", ROLE, {"managedPolicyArns": ["a", "arn:aws-cn:iam::aws:policy/IAMFullAccess"]}, "Arns.1 is"),
    good("iam-trust", ROLE, trust(SAGEMAKER, Condition=SOURCE)),
    good("iam-trust", ROLE, trust({"Service": "lambda.amazonaws.com"})),
    bad("iam-trust", ROLE, trust(SAGEMAKER), "Condition is missing", "aws:SourceAccount"),
    bad("iam-trust", ROLE, trust(SAGEMAKER, Condition={"StringLike": {"aws:SourceAccount": "*"}}), "Condition is missing"),
    bad(
        "iam-trust",
        ROLE,
        trust(SAGEMAKER, Condition={"StringNotEquals": {"aws:SourceAccount": ACCOUNT}}),
        "Condition is missing",
    ),
    *(bad("iam-trust", ROLE, trust(SAGEMAKER, Condition=condition), "Condition is missing") for condition in NO_SOURCES),
    good("iam-trust", ROLE, trust(SAGEMAKER, Condition={"ArnLike": {"aws:SourceArn": ANY_JOB}})),
    good("iam-trust", ROLE, trust(SAGEMAKER, Condition={"StringLike": {"AWS:sourcearn": [ANY_JOB, f"{ANY_JOB}/x"]}})),
    bad(
        "iam-trust",
        ROLE,
        trust({"Service": ["sagemaker.amazonaws.com", "ec2.amazonaws.com"]}, Condition=SOURCE),
        "is 'ec2.amazonaws.com, sagemaker.amazonaws.com'; allowed: one service",
    ),
    bad("iam-trust", ROLE, trust("*"), "Principal.* is '*'"),
    bad("iam-trust", ROLE, trust({"AWS": "*"}), "Principal.AWS is '*'"),
    bad("iam-trust", ROLE, trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}), "Principal.AWS is"),
    bad("iam-trust", ROLE, trust({"Service": ["*.amazonaws.com"]}), "Principal.Service is '*.amazonaws.com'"),
    bad(
        "iam-trust",
        ROLE,
        {"assumeRolePolicy": document({"Effect": "Allow", "Action": "sts:AssumeRole"})},
        "Principal is missing",
    ),
    good("iam-pass-role", POLICY, policy(allow("iam:PassRole", TRAINING_ROLE, Condition=PASSED))),
    good("iam-pass-role", POLICY, policy(allow("s3:GetObject", OBJECTS))),
    bad("iam-pass-role", POLICY, policy(allow("iam:PassRole", TRAINING_ROLE)), "iam:PassedToService is missing"),
    bad("iam-pass-role", POLICY, policy(allow("iam:passrole", "*", Condition=PASSED)), "Resource is '*'"),
    bad("iam-pass-role", POLICY, policy(allow("iam:PassRole", f"{TRAINING_ROLE}-*", Condition=PASSED)), "Resource is"),
    bad(
        "iam-pass-role",
        POLICY,
        policy(
            allow(
                "iam:PassRole", TRAINING_ROLE, Condition=change(PASSED, "StringEquals.iam:PassedToService", "ec2.amazonaws.com")
            )
        ),
        "iam:PassedToService is 'ec2.amazonaws.com'",
    ),
    good("iam-nothing-negated", POLICY, policy(allow("s3:GetObject", OBJECTS))),
    bad(
        "iam-nothing-negated",
        POLICY,
        policy({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}),
        "Statement[0].NotAction",
    ),
    bad(
        "iam-nothing-negated", POLICY, policy({"Effect": "Allow", "Action": "s3:GetObject", "NotResource": "a"}), "NotResource"
    ),
    bad(
        "iam-nothing-negated",
        ROLE,
        {"assumeRolePolicy": document({"Effect": "Allow", "NotPrincipal": {"AWS": "a"}})},
        "NotPrincipal",
    ),
    bad(
        "iam-nothing-negated",
        BUCKET_POLICY,
        {"policy": document({**grant("*", "s3:*", "*"), "Effect": "Deny", "NotResource": "a"})},
        "NotResource",
    ),
]


@pytest.mark.usefixtures("nothing_exempt")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_permissions(case: Case) -> None:
    case.check()


@pytest.mark.parametrize(
    ("arn", "specific"),
    [
        ("arn:aws:s3:::models", True),
        ("arn:aws:s3:::models/*", True),
        ("arn:aws:s3:::models*", False),
        ("arn:aws:s3:::*", False),
        ("arn:aws:sagemaker:eu-central-1:123456789012:processing-job/pipelines-*", True),
        ("arn:aws:sagemaker:eu-central-1:123456789012:processing-job/*", False),
        ("arn:aws:sagemaker:*:123456789012:processing-job/pipelines-*", False),
        ("arn:aws:sagemaker:eu-central-1:*:processing-job/pipelines-*", False),
        ("arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/f:*", True),
        ("arn:aws:logs:eu-central-1:123456789012:log-group:*", False),
        ("arn:aws:dynamodb:eu-central-1:123456789012:table/t/index/*", True),
        ("arn:aws:iam::123456789012:role/*", False),
        ("arn:aws:dynamodb:eu-central-1:123456789012:table/m*", False),
        ("arn:aws:dynamodb:eu-central-1:123456789012:table/model-*", True),
        ("arn:aws:dynamodb:eu-central-1:123456789012:table/m-*", False),
        ("arn:aws:sagemaker:eu-central-1:123456789012:endpoint/model-training-d*", False),
        ("arn:aws:s3:::models/e*", True),
        ("*", False),
        ("", False),
        ("models", False),
    ],
)
def test_an_arn_is_specific(arn: str, specific: bool) -> None:
    assert is_specific(arn) is specific


@given(st.text(alphabet="abz019-/", min_size=1, max_size=20), st.integers(1, 4))
def test_no_wildcard_before_the_resource_is_specific(name: str, field: int) -> None:
    parts = ["arn", "aws", "dynamodb", "eu-central-1", ACCOUNT, f"table/{name}"]
    parts[field] = "*"
    assert not is_specific(":".join(parts))
