"""Controls of who may act: the service that a role trusts, and the principals of resource policies."""

from __future__ import annotations

from collections.abc import Iterator

from policies.controls import Finding, resource_control
from policies.kinds import ROLE
from policies.policy_conditions import WILDCARD
from policies.policy_documents import TRUST_DOCUMENTS, Statement, allowing
from policies.resources import Resource

#: Services that send no source when they assume a role.
SOURCELESS = frozenset({"lambda.amazonaws.com"})


def unnamed_principals(statement: Statement, *further_keys: str) -> Iterator[Finding]:
    """Report wildcards, principals that are neither an AWS account nor a service, and services without a source.

    ``further_keys`` are condition keys that contain the ARN of the source, in addition to ``aws:SourceArn``.
    """
    sources = " or ".join(("aws:SourceAccount", "aws:SourceArn", *further_keys))
    for type_, names in statement.principals.items():
        for name in names:
            if WILDCARD.search(name):
                yield Finding(f"{statement.field}.Principal", name, "allowed: principals without wildcards")
            elif type_ not in ("AWS", "Service"):
                yield Finding(f"{statement.field}.Principal.{type_}", name, "allowed: principals of type AWS or Service")
            elif type_ == "Service" and not statement.has_source(*further_keys):
                yield Finding(f"{statement.field}.Condition", None, f"needed for {name}: {sources} with an account")


@resource_control(
    "iam-trust",
    "Each role trusts one service, and only for resources of this account",
    "CKV_AWS_60 CKV_AWS_61 F2 F6 W14",
    (ROLE,),
)
def _named_trust(role: Resource) -> Iterator[Finding]:
    trusting = list(allowing(role, TRUST_DOCUMENTS))
    services = {name for statement in trusting for name in statement.principals.get("Service", ())}
    if len(services) > 1:
        yield Finding("assumeRolePolicy Principal.Service", ", ".join(sorted(services)), "allowed: one service")
    for statement in trusting:
        if not statement.principals:
            yield Finding(f"{statement.field}.Principal", None, "needed: one service by name")
        for type_, names in statement.principals.items():
            for name in names:
                yield from _trusted(statement, type_, name)


def _trusted(statement: Statement, type_: str, name: str) -> Iterator[Finding]:
    if type_ != "Service" or WILDCARD.search(name):
        yield Finding(f"{statement.field}.Principal.{type_}", name, "allowed: one service by name")
    elif name not in SOURCELESS and not statement.has_source():
        allowed = f"needed for {name}: aws:SourceAccount or aws:SourceArn, so that other accounts cannot use the role"
        yield Finding(f"{statement.field}.Condition", None, allowed)


CONTROLS = (_named_trust,)
