"""The control that policies name only the stack's own account and accounts that the pack's options trust."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pulumi_policy.proxy import UnknownValueError

from contracts.regions import DEEPAR_ACCOUNTS, DEEPAR_REPOSITORY
from policies.controls import Finding, stack_control
from policies.kinds import PERMISSION
from policies.policy_conditions import SOURCE_ACCOUNT, SOURCE_ARN, account_of
from policies.policy_documents import IDENTITY_DOCUMENTS, RESOURCE_DOCUMENTS, TRUST_DOCUMENTS, Statement, allowing
from policies.resources import Resource, Stack

TRUSTED_ACCOUNTS = "trustedAccounts"
TRUSTED_SCHEMA = {
    TRUSTED_ACCOUNTS: {"type": "array", "items": {"type": "string"}, "description": "Other accounts that policies may name"}
}
_DOCUMENTS = (IDENTITY_DOCUMENTS, RESOURCE_DOCUMENTS, TRUST_DOCUMENTS)
_KINDS = tuple(dict.fromkeys([kind for places in _DOCUMENTS for kind in places] + [PERMISSION]))


def trusted_accounts(resource: Resource) -> list[str]:
    return [str(account) for account in resource.config.get(TRUSTED_ACCOUNTS) or ()]


def _references(resource: Resource) -> Iterator[tuple[str, str]]:
    """Yield each field in which the resource names an account or an ARN, with the value."""
    for places in _DOCUMENTS:
        for statement in allowing(resource, places):
            yield from _in_statement(statement)
    for member in ("sourceAccount", "sourceArn"):
        if resource.kind == PERMISSION and resource.known(member):
            yield member, str(resource.known(member))


def _in_statement(statement: Statement) -> Iterator[tuple[str, str]]:
    for value in statement.resources:
        if not _is_deepar(value):
            yield f"{statement.field}.Resource", value
    for names in statement.principals.values():
        yield from ((f"{statement.field}.Principal", name) for name in names)
    for key in (SOURCE_ACCOUNT, SOURCE_ARN):
        yield from ((f"{statement.field}.Condition", value) for value in statement.required_values(key))


def _is_deepar(arn: str) -> bool:
    """Whether an ARN is the image of the built-in algorithm, which AWS keeps in its own account for each region."""
    account = account_of(arn)
    return account in DEEPAR_ACCOUNTS.values() and arn.endswith(f":{account}:repository/{DEEPAR_REPOSITORY}") and ":ecr:" in arn


def _own_account(stack: Stack) -> str | None:
    """Return the account that the stack names most often; the engine does not pass the deploying account to the pack."""
    found: Counter[str] = Counter()
    for resource in stack.of(*_KINDS):
        try:
            found.update(account for _, value in _references(resource) if (account := account_of(value)))
        except UnknownValueError:
            continue
    return found.most_common(1)[0][0] if found else None


@stack_control(
    "one-account",
    "Policies name only the stack's own account",
    "one-account S3.6 KMS.2 CKV_AWS_33 F76",
    _KINDS,
    options=TRUSTED_SCHEMA,
)
def _one_account(resource: Resource, stack: Stack) -> Iterator[Finding]:
    others = trusted_accounts(resource)
    own = _own_account(stack)
    for field, value in _references(resource):
        account = account_of(value)
        if account and account != own and account not in others:
            allowed = f"allowed: the stack's own, {own}, and accounts in the option {TRUSTED_ACCOUNTS}"
            yield Finding(field, value, f"{allowed} ({', '.join(others) or 'none'})")


CONTROLS = (_one_account,)
