"""Accounts: what a policy names belongs to the stack's own account, or to one that the pack's options trust."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pulumi_policy.proxy import UnknownValueError

from contracts.regions import DEEPAR_ACCOUNTS, DEEPAR_REPOSITORY
from policies.conditions import SOURCE_ACCOUNT, SOURCE_ARN, account_of
from policies.controls import Finding, StackControl
from policies.documents import IDENTITY_DOCUMENTS, RESOURCE_DOCUMENTS, TRUST_DOCUMENTS, Statement, allowing
from policies.functions import PERMISSION
from policies.resources import Resource, Stack

TRUSTED_ACCOUNTS = "trustedAccounts"
TRUSTED_SCHEMA = {
    TRUSTED_ACCOUNTS: {"type": "array", "items": {"type": "string"}, "description": "Other accounts that a policy may name"}
}
_DOCUMENTS = (IDENTITY_DOCUMENTS, RESOURCE_DOCUMENTS, TRUST_DOCUMENTS)
_KINDS = tuple(dict.fromkeys([kind for places in _DOCUMENTS for kind in places] + [PERMISSION]))


def trusted(resource: Resource) -> list[str]:
    return [str(account) for account in resource.config.get(TRUSTED_ACCOUNTS) or ()]


def _named(resource: Resource) -> Iterator[tuple[str, str]]:
    """Where the resource names something of an account, and what."""
    for places in _DOCUMENTS:
        for statement in allowing(resource, places):
            yield from _named_in(statement)
    for member in ("sourceAccount", "sourceArn"):
        if resource.kind == PERMISSION and resource.known(member):
            yield member, str(resource.known(member))


def _named_in(statement: Statement) -> Iterator[tuple[str, str]]:
    for value in statement.resources:
        if not _is_deepar(value):
            yield f"{statement.field}.Resource", value
    for names in statement.principals.values():
        yield from ((f"{statement.field}.Principal", name) for name in names)
    for key in (SOURCE_ACCOUNT, SOURCE_ARN):
        yield from ((f"{statement.field}.Condition", value) for value in statement.bounds(key))


def _is_deepar(arn: str) -> bool:
    """AWS keeps the built-in algorithm's image in an account of its own for each region."""
    account = account_of(arn)
    return account in DEEPAR_ACCOUNTS.values() and arn.endswith(f":{account}:repository/{DEEPAR_REPOSITORY}") and ":ecr:" in arn


def _own(stack: Stack) -> str | None:
    """The account that the stack names most. Nothing tells the pack whose credentials deploy; one slip is the odd one out."""
    found: Counter[str] = Counter()
    for resource in stack.of(*_KINDS):
        try:
            found.update(account for _, value in _named(resource) if (account := account_of(value)))
        except UnknownValueError:
            continue
    return found.most_common(1)[0][0] if found else None


def _one_account(resource: Resource, stack: Stack) -> Iterator[Finding]:
    others = trusted(resource)
    own = _own(stack)
    for field, value in _named(resource):
        account = account_of(value)
        if account and account != own and account not in others:
            allowed = f"allowed: the stack's own, {own}, and accounts in the option {TRUSTED_ACCOUNTS}"
            yield Finding(field, value, f"{allowed} ({', '.join(others) or 'none'})")


CONTROLS = (
    StackControl(
        "one-account",
        "Policies name no account but the stack's own",
        "one-account S3.6 KMS.2 CKV_AWS_33 F76",
        _KINDS,
        look=_one_account,
        options=TRUSTED_SCHEMA,
    ),
)
