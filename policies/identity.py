"""Who may do what: no wildcards, no broad policies, trust and PassRole to exact names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from policies.conditions import WILDCARD
from policies.controls import ANY_KIND, Finding, ResourceControl
from policies.documents import (
    IDENTITY_DOCUMENTS,
    RESOURCE_DOCUMENTS,
    TRUST_DOCUMENTS,
    Statement,
    allowing,
    statements,
    unreadable,
)
from policies.exemptions import UNRESTRICTABLE
from policies.principals import unnamed
from policies.resources import Resource

ROLE = "aws:iam/role:Role"
ROLE_ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
TABLE_POLICY = "aws:dynamodb/resourcePolicy:ResourcePolicy"
MODEL_POLICY = "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy"
ATTACHMENTS = (
    ROLE_ATTACHMENT,
    "aws:iam/policyAttachment:PolicyAttachment",
    "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive",
)

#: Services that tell no source when they take on a role.
SOURCELESS = frozenset({"lambda.amazonaws.com"})
PASSED_TO = frozenset({"sagemaker.amazonaws.com"})
_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[A-Za-z0-9+=,.@_/-]+")
_TYPE = re.compile(r"^[a-z-]+[/:]")
#: The beginning of a name up to the end of a word, of which a single letter says too little.
_WORDS = re.compile(r".*[A-Za-z0-9]{2}.*[-_./:]")
#: Granting permissions, reading credentials, acting as somebody else: no actor of ours does it. In lower case.
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


def _readable(resource: Resource) -> Iterator[Finding]:
    yield from unreadable(resource, IDENTITY_DOCUMENTS)
    yield from unreadable(resource, TRUST_DOCUMENTS)


def _named_actions(resource: Resource) -> Iterator[Finding]:
    for statement in allowing(resource, IDENTITY_DOCUMENTS):
        for action in statement.actions:
            if WILDCARD.search(action):
                yield Finding(f"{statement.field}.Action", action, "allowed: actions by name")


def _named_resources(resource: Resource) -> Iterator[Finding]:
    for statement in allowing(resource, IDENTITY_DOCUMENTS):
        broad = [arn for arn in statement.resources if not is_specific(arn)]
        for arn in broad:
            yield from _unbounded(statement, arn)


def _unbounded(statement: Statement, arn: str) -> Iterator[Finding]:
    for action in statement.actions:
        reason = UNRESTRICTABLE.get(action)
        if reason is None:
            yield Finding(f"{statement.field}.Resource", arn, f"allowed for {action}: ARNs that name what is meant")
        elif reason.condition and not statement.bounds(reason.condition):
            yield Finding(f"{statement.field}.Condition", None, f"needed for {action} on {arn}: {reason.condition}")


def is_specific(arn: str) -> bool:
    """Whether an ARN names a thing: no wildcard before the name, and only after whole words of it.

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


def _not_escalating(resource: Resource) -> Iterator[Finding]:
    for statement in allowing(resource, IDENTITY_DOCUMENTS):
        for action in statement.actions:
            if any(fnmatchcase(action.lower(), pattern) for pattern in _ESCALATING):
                yield Finding(
                    f"{statement.field}.Action", action, "allowed: nothing that grants permissions or reads credentials"
                )
            if action.lower() == "kms:creategrant" and statement.bounds("kms:GrantIsForAWSResource") != ("true",):
                allowed = "needed: kms:GrantIsForAWSResource is true, so that only AWS services get a grant"
                yield Finding(f"{statement.field}.Condition", None, allowed)


def _own_policies(resource: Resource) -> Iterator[Finding]:
    single = [("policyArn", resource.get("policyArn"))] if resource.has("policyArn") else []
    many = [
        (f"{key}.{index}", arn) for key in ("managedPolicyArns", "policyArns") for index, arn in enumerate(resource.items(key))
    ]
    for path, arn in single + many:
        if ":iam::aws:policy/" in str(arn):
            yield Finding(path, arn, "allowed: policies of our own, with what the actor does and no more")


def _named_trust(role: Resource) -> Iterator[Finding]:
    services = {name for statement in allowing(role, TRUST_DOCUMENTS) for name in statement.principals.get("Service", ())}
    if len(services) > 1:
        yield Finding("assumeRolePolicy Principal.Service", ", ".join(sorted(services)), "allowed: one service")
    for statement in allowing(role, TRUST_DOCUMENTS):
        if not statement.principals:
            yield Finding(f"{statement.field}.Principal", None, "needed: one service by name")
        for type_, names in statement.principals.items():
            for name in names:
                if type_ != "Service" or WILDCARD.search(name):
                    yield Finding(f"{statement.field}.Principal.{type_}", name, "allowed: one service by name")
                elif name not in SOURCELESS and not statement.has_source():
                    allowed = (
                        f"needed for {name}: aws:SourceAccount or aws:SourceArn, since another account's resource could come"
                    )
                    yield Finding(f"{statement.field}.Condition", None, allowed)


def _scoped_pass_role(resource: Resource) -> Iterator[Finding]:
    for statement in allowing(resource, IDENTITY_DOCUMENTS):
        if "iam:passrole" not in [action.lower() for action in statement.actions]:
            continue
        for arn in statement.resources:
            if not _ROLE_ARN.fullmatch(arn):
                yield Finding(f"{statement.field}.Resource", arn, "allowed for iam:PassRole: exact ARNs of roles")
        services = statement.bounds("iam:PassedToService")
        if not services or not set(services) <= PASSED_TO:
            allowed = f"needed for iam:PassRole: only {', '.join(sorted(PASSED_TO))}"
            yield Finding(f"{statement.field}.Condition.iam:PassedToService", ", ".join(services) or None, allowed)


def _nothing_negated(resource: Resource) -> Iterator[Finding]:
    for places in (IDENTITY_DOCUMENTS, TRUST_DOCUMENTS, RESOURCE_DOCUMENTS):
        for statement in statements(resource, places):
            for name in statement.negated:
                yield Finding(
                    f"{statement.field}.{name}", "set", f"allowed: {name.removeprefix('Not')}, which says what is meant"
                )


def _closed(resource: Resource) -> Iterator[Finding]:
    yield from unreadable(resource, RESOURCE_DOCUMENTS)
    for statement in allowing(resource, RESOURCE_DOCUMENTS):
        yield from unnamed(statement)


_HOLDERS = tuple(IDENTITY_DOCUMENTS)
_BY_ACTION = "IAM.1 IAM.21 CKV_AWS_1 CKV_AWS_49 CKV_AWS_62 CKV_AWS_63 CKV_AWS_275 CKV2_AWS_40 AwsSolutions-IAM5 F3 F4 F5"
_BY_RESOURCE = " ".join(f"CKV_AWS_{number}" for number in (*range(107, 112), *range(286, 291), 355, 356)) + " W11 W12 W13"

CONTROLS = (
    ResourceControl("iam-readable", "Policies are documents", "IAM.1", _HOLDERS, look=_readable),
    ResourceControl(
        "iam-named-actions",
        "Actions are named, none by a wildcard",
        _BY_ACTION,
        _HOLDERS,
        look=_named_actions,
        unknown_told_by="iam-readable",
    ),
    ResourceControl(
        "iam-named-resources",
        "Resources are named wherever they can be",
        _BY_RESOURCE,
        _HOLDERS,
        look=_named_resources,
        unknown_told_by="iam-readable",
    ),
    ResourceControl(
        "iam-no-escalation",
        "No role can widen its own permissions",
        _BY_RESOURCE,
        _HOLDERS,
        look=_not_escalating,
        unknown_told_by="iam-readable",
    ),
    ResourceControl(
        "iam-no-managed-policy",
        "No policy that AWS manages",
        "CKV_AWS_274 CKV2_AWS_56 AwsSolutions-IAM4 W43 W44",
        (ROLE, *ATTACHMENTS),
        look=_own_policies,
    ),
    ResourceControl(
        "iam-trust",
        "A role trusts one service, for our resources",
        "CKV_AWS_60 CKV_AWS_61 F2 F6 W14",
        (ROLE,),
        look=_named_trust,
    ),
    ResourceControl(
        "iam-pass-role",
        "Roles are passed by name to SageMaker alone",
        "F38 F39 F40",
        _HOLDERS,
        look=_scoped_pass_role,
        unknown_told_by="iam-readable",
    ),
    ResourceControl(
        "iam-nothing-negated",
        "Policies say what is meant, not what is not",
        "W14 W15 W16 W17 W21 W22 W23",
        ANY_KIND,
        look=_nothing_negated,
        unknown_told_by="iam-readable",
    ),
    ResourceControl(
        "resource-policy-closed",
        "Tables and model groups are open to nobody unnamed",
        "resource-policy-closed",
        (TABLE_POLICY, MODEL_POLICY),
        look=_closed,
    ),
)
