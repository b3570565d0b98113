"""Controls of functions that compare several values: who invokes them, secrets in their environment, their log group."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_def.check.finding import mask
from pipeline_def.check.secret_patterns import is_secret
from policies.controls import Finding, Verbatim, resource_control, stack_control
from policies.framework_ids import LAMBDA_PERMISSION, LOGS
from policies.kinds import FUNCTION, LOG_GROUP, PERMISSION
from policies.policy_conditions import account_of
from policies.resources import Resource, Stack, plain


@resource_control(
    "lambda-permission-source",
    "Function permissions name the rule or schedule and its account",
    LAMBDA_PERMISSION,
    (PERMISSION,),
)
def _one_source(permission: Resource) -> Iterator[Finding]:
    """The ARN of a rule is not known before it exists, so only known values are compared."""
    for member in ("sourceArn", "sourceAccount"):
        if not permission.has(member):
            yield Finding(member, None, "needed: the ARN and the account of the rule or schedule that invokes the function")
    arn, account = permission.known("sourceArn"), permission.known("sourceAccount")
    owner = account_of(str(arn))
    if arn and (owner is None or not str(arn).startswith("arn:")):
        yield Finding("sourceArn", arn, "allowed: the ARN of a rule or schedule, without a wildcard for its account")
    if account and account_of(str(account)) != account:
        yield Finding("sourceAccount", account, "allowed: an account id of 12 digits")
    elif account and owner and owner != account:
        yield Finding("sourceArn", arn, f"allowed: a rule or schedule of the account in sourceAccount, {account}")


@resource_control("lambda-no-secrets", "Environment variables of functions contain no secrets", "CKV_AWS_45 ECS.8", (FUNCTION,))
def _no_secrets(function: Resource) -> Iterator[Finding]:
    for name in function.mapping("environment.variables"):
        path = f"environment.variables.{name}"
        if is_secret(name, function.known(path)):
            masked = mask(str(function.get(path)))
            allowed = "allowed: no secrets; let the function read the secret from Secrets Manager with its role"
            yield Finding(path, Verbatim(masked), allowed)


@stack_control("lambda-log-group", "Each function's log group is declared", LOGS, (FUNCTION,))
def _log_group_declared(function: Resource, stack: Stack) -> Iterator[Finding]:
    expected = plain(function.get("loggingConfig.logGroup")) or f"/aws/lambda/{plain(function.get('name'))}"
    if not any(group.known("name") == expected for group in stack.of(LOG_GROUP)):
        needed = f"needed: a {LOG_GROUP} named {expected}; the one that Lambda creates never expires its logs"
        yield Finding("its LogGroup", None, needed)


CONTROLS = (_one_source, _no_secrets, _log_group_declared)
