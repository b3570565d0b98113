"""Controls of what roles may do: named actions, named resources, no escalation of permissions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from policies.controls import Finding, resource_control
from policies.kinds import ROLE
from policies.policy_conditions import WILDCARD
from policies.policy_documents import (
    IDENTITY_DOCUMENTS,
    RESOURCE_DOCUMENTS,
    TRUST_DOCUMENTS,
    Statement,
    allowing,
    statements,
    unreadable,
)
from policies.resources import Resource

PASSED_TO = frozenset({"sagemaker.amazonaws.com"})
#: Actions that may have the resource ``*``, and the condition key that they need then. The service authorization reference
#: gives them no resource type, except for the network interfaces of jobs: SageMaker creates these, so their ARNs are not known.
UNRESTRICTABLE: dict[str, str | None] = {
    "cloudwatch:PutMetricData": "cloudwatch:namespace",
    **dict.fromkeys(("ecr:GetAuthorizationToken", "xray:PutTraceSegments", "xray:PutTelemetryRecords")),
    **dict.fromkeys(f"ec2:{verb}NetworkInterface" for verb in ("Create", "Delete")),
    **dict.fromkeys(f"ec2:{verb}NetworkInterfacePermission" for verb in ("Create", "Delete")),
    **dict.fromkeys(
        f"ec2:Describe{noun}" for noun in ("DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs")
    ),
}
_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[A-Za-z0-9+=,.@_/-]+")
_TYPE = re.compile(r"^[a-z-]+[/:]")
#: The start of a name with at least one complete word; a single letter is not specific enough.
_WORDS = re.compile(r".*[A-Za-z0-9]{2}.*[-_./:]")
#: Actions that grant permissions, read credentials or run code as another identity, in lower case. No role here needs them.
_ESCALATING = (
    "iam:add*", "iam:attach*", "iam:create*", "iam:delete*", "iam:detach*", "iam:put*", "iam:set*", "iam:tag*", "iam:untag*",
    "iam:update*", "iam:upload*", "sts:assumerole*", "sts:get*token", "*:put*policy", "*:set*policy", "*:delete*policy",
    "*:putbucketacl", "*:putobjectacl", "*:addpermission", "*:removepermission", "lambda:createfunction",
    "lambda:updatefunction*", "kms:disable*", "kms:schedulekeydeletion", "secretsmanager:get*", "secretsmanager:batchget*",
    "ssm:getparameter*", "ssm:sendcommand", "ssm:start*", "ssm:resume*", "ecs:executecommand", "ec2:run*",
    "ec2-instance-connect:*", "sagemaker:createpresigned*", "codebuild:start*", "glue:createdevendpoint",
    "glue:updatedevendpoint", "lambda:createeventsourcemapping", "cognito-identity:getcredentials*",
    "cognito-identity:getopenid*", "rds-db:connect", "cloudformation:*",
)  # fmt: skip

_HOLDERS = tuple(IDENTITY_DOCUMENTS)
_ALL_DOCUMENTS = tuple(dict.fromkeys((*IDENTITY_DOCUMENTS, *TRUST_DOCUMENTS, *RESOURCE_DOCUMENTS)))
_ACTION_IDS = "IAM.1 IAM.21 CKV_AWS_1 CKV_AWS_49 CKV_AWS_62 CKV_AWS_63 CKV_AWS_275 CKV2_AWS_40 AwsSolutions-IAM5 F3 F4 F5"
_RESOURCE_IDS = " ".join(f"CKV_AWS_{number}" for number in (*range(107, 112), *range(286, 291), 355, 356)) + " W11 W12 W13"
#: ``iam-readable`` reports a document that is not known yet.
_UNKNOWN = {"unknown_reported_by": "iam-readable"}


@resource_control("iam-readable", "IAM policies are valid policy documents", "IAM.1", _HOLDERS)
def _readable(resource: Resource) -> Iterator[Finding]:
    yield from unreadable(resource, IDENTITY_DOCUMENTS)
    yield from unreadable(resource, TRUST_DOCUMENTS)


@resource_control("iam-named-actions", "Roles have no actions with wildcards", _ACTION_IDS, _HOLDERS, **_UNKNOWN)
def _named_actions(resource: Resource) -> Iterator[Finding]:
    for statement in allowing(resource, IDENTITY_DOCUMENTS):
        for action in statement.actions:
            if WILDCARD.search(action):
                yield Finding(f"{statement.field}.Action", action, "allowed: actions without wildcards")


@resource_control(
    "iam-named-resources", "Permissions name their resources where IAM allows it", _RESOURCE_IDS, _HOLDERS, **_UNKNOWN
)
def _named_resources(resource: Resource) -> Iterator[Finding]:
    for statement in allowing(resource, IDENTITY_DOCUMENTS):
        for arn in statement.resources:
            if not is_specific(arn):
                yield from _broad_resource(statement, arn)


def _broad_resource(statement: Statement, arn: str) -> Iterator[Finding]:
    for action in statement.actions:
        if action not in UNRESTRICTABLE:
            allowed = f"allowed for {action}: ARNs with a name, or with at least one word of it before the wildcard"
            yield Finding(f"{statement.field}.Resource", arn, allowed)
            continue
        condition = UNRESTRICTABLE[action]
        if condition and not statement.required_values(condition):
            yield Finding(f"{statement.field}.Condition", None, f"needed for {action} on {arn}: {condition}")


def is_specific(arn: str) -> bool:
    """Whether an ARN names a resource: no wildcard before the name, and at least one word of the name before a wildcard.

    >>> is_specific("arn:aws:s3:::models/executions/*"), is_specific("arn:aws:dynamodb:eu-west-1:123456789012:table/*")
    (True, False)
    """
    parts = arn.split(":", 5)
    if len(parts) != 6 or WILDCARD.search("".join(parts[:5])):
        return False
    literal = WILDCARD.split(parts[5], maxsplit=1)[0]
    if literal == parts[5]:
        return bool(literal)
    if parts[2] == "s3":
        return "/" in literal[1:]
    return _WORDS.fullmatch(_TYPE.sub("", literal)) is not None


@resource_control("iam-no-escalation", "No role can extend its own permissions", _RESOURCE_IDS, _HOLDERS, **_UNKNOWN)
def _no_escalation(resource: Resource) -> Iterator[Finding]:
    for statement in allowing(resource, IDENTITY_DOCUMENTS):
        for action in statement.actions:
            if any(fnmatchcase(action.lower(), pattern) for pattern in _ESCALATING):
                allowed = "allowed: actions that neither grant permissions nor read credentials"
                yield Finding(f"{statement.field}.Action", action, allowed)
            if action.lower() == "kms:creategrant" and statement.required_values("kms:GrantIsForAWSResource") != ("true",):
                allowed = "needed: kms:GrantIsForAWSResource is true, so that only AWS services receive grants"
                yield Finding(f"{statement.field}.Condition", None, allowed)


@resource_control(
    "iam-no-managed-policy", "Roles have no AWS managed policy", "CKV_AWS_274 CKV2_AWS_56 AwsSolutions-IAM4 W43 W44", (ROLE,)
)
def _no_managed_policy(role: Resource) -> Iterator[Finding]:
    for index, arn in enumerate(role.items("managedPolicyArns")):
        if ":iam::aws:policy/" in str(arn):
            allowed = "allowed: policies of this project, with only the permissions that the role needs"
            yield Finding(f"managedPolicyArns.{index}", arn, allowed)


@resource_control("iam-pass-role", "Roles are passed by exact ARN, and only to SageMaker", "F38 F39 F40", _HOLDERS, **_UNKNOWN)
def _scoped_pass_role(resource: Resource) -> Iterator[Finding]:
    for statement in allowing(resource, IDENTITY_DOCUMENTS):
        if "iam:passrole" not in [action.lower() for action in statement.actions]:
            continue
        for arn in statement.resources:
            if not _ROLE_ARN.fullmatch(arn):
                yield Finding(f"{statement.field}.Resource", arn, "allowed for iam:PassRole: exact ARNs of roles")
        services = statement.required_values("iam:PassedToService")
        if not services or not set(services) <= PASSED_TO:
            allowed = f"needed for iam:PassRole: only {', '.join(sorted(PASSED_TO))}"
            yield Finding(f"{statement.field}.Condition.iam:PassedToService", ", ".join(services) or None, allowed)


@resource_control(
    "iam-nothing-negated",
    "Policies do not use NotAction, NotResource or NotPrincipal",
    "W14 W15 W16 W17 W21 W22 W23",
    _ALL_DOCUMENTS,
    **_UNKNOWN,
)
def _nothing_negated(resource: Resource) -> Iterator[Finding]:
    for places in (IDENTITY_DOCUMENTS, TRUST_DOCUMENTS, RESOURCE_DOCUMENTS):
        for statement in statements(resource, places):
            for name in statement.negated:
                allowed = f"allowed: {name.removeprefix('Not')}, which names what the statement covers"
                yield Finding(f"{statement.field}.{name}", "set", allowed)


CONTROLS = (
    _readable,
    _named_actions,
    _named_resources,
    _no_escalation,
    _scoped_pass_role,
    _no_managed_policy,
    _nothing_negated,
)
