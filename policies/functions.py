"""Functions: called by ours alone, supported, bounded, with no secrets, with logs and a place for what failed."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_def.check.finding import mask
from pipeline_def.check.secret_patterns import is_secret
from policies.conditions import account_of
from policies.controls import ADVISORY, Finding, ResourceControl, StackControl, Verbatim, must_be, must_have
from policies.resources import Resource, Stack

FUNCTION = "aws:lambda/function:Function"
PERMISSION = "aws:lambda/permission:Permission"
INVOKE_CONFIG = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
FUNCTION_URL = "aws:lambda/functionUrl:FunctionUrl"

CALLERS = ("events.amazonaws.com", "scheduler.amazonaws.com")
#: Source: AWS Lambda developer guide, "Lambda runtimes": Python runtimes that are not deprecated.
RUNTIMES = ("python3.11", "python3.12", "python3.13", "python3.14")
PRODUCTION_RETENTION_DAYS = 365
#: What Lambda offers for asynchronous calls.
MAX_EVENT_AGE_SECONDS = 6 * 3600
MAX_RETRIES = 2


def _bound_caller(permission: Resource) -> Iterator[Finding]:
    principal = permission.get("principal")
    if principal not in CALLERS:
        yield Finding("principal", principal, f"allowed: {' or '.join(CALLERS)}")
    yield from must_have(permission, "sourceArn", "needed: the rule or schedule that calls")
    yield from must_have(permission, "sourceAccount", "needed: the account of what calls")
    yield from _one_source(permission)
    if permission.get("action") not in (None, "lambda:InvokeFunction"):
        yield Finding("action", permission.get("action"), "allowed: lambda:InvokeFunction")


def _one_source(permission: Resource) -> Iterator[Finding]:
    """The rule that the program makes has no ARN before it is made, so what is not known yet is not asked."""
    arn, account = permission.known("sourceArn"), permission.known("sourceAccount")
    owner = account_of(str(arn))
    if arn and (owner is None or not str(arn).startswith("arn:")):
        yield Finding("sourceArn", arn, "allowed: the ARN of a rule or schedule, its account without a wildcard")
    if account and account_of(str(account)) != account:
        yield Finding("sourceAccount", account, "allowed: an account's id of 12 digits")
    elif account and owner and owner != account:
        yield Finding("sourceArn", arn, f"allowed: a rule or schedule of the account in sourceAccount, {account}")


def _no_public_url(url: Resource) -> Iterator[Finding]:
    yield from must_be(url, "authorizationType", "AWS_IAM")


def _supported(function: Resource) -> Iterator[Finding]:
    if function.get("packageType") != "Image" and function.get("runtime") not in RUNTIMES:
        yield Finding("runtime", function.get("runtime"), f"allowed: {', '.join(RUNTIMES)}")


def _keeps_failures(function: Resource, stack: Stack) -> Iterator[Finding]:
    if function.has("deadLetterConfig.targetArn"):
        return
    configs = stack.companions(function, INVOKE_CONFIG, "functionName")
    if not any(config.has("destinationConfig.onFailure.destination") for config in configs):
        allowed = f"needed: where calls that failed are kept, here or as destinationConfig.onFailure of a {INVOKE_CONFIG}"
        yield Finding("deadLetterConfig.targetArn", None, allowed)


def _bounded_retries(config: Resource) -> Iterator[Finding]:
    for member, most in (("maximumEventAgeInSeconds", MAX_EVENT_AGE_SECONDS), ("maximumRetryAttempts", MAX_RETRIES)):
        value = config.number(member)
        if value is None or not 0 <= value <= most:
            yield Finding(member, config.get(member), f"needed: a bound, at most {most}")


def _reserved(function: Resource) -> Iterator[Finding]:
    count = function.number("reservedConcurrentExecutions")
    if count is None or count < 1:
        found = function.get("reservedConcurrentExecutions")
        yield Finding(
            "reservedConcurrentExecutions", found, "needed: a number from 1, so that no function takes all the account may run"
        )


def _no_secrets(function: Resource) -> Iterator[Finding]:
    variables = function.mapping("environment.variables")
    for name in variables:
        if is_secret(name, function.known(f"environment.variables.{name}")):
            masked = mask(str(function.get(f"environment.variables.{name}")))
            allowed = "allowed: no secret; let the function read it from Secrets Manager with its own role"
            yield Finding(f"environment.variables.{name}", Verbatim(masked), allowed)


def _traced(function: Resource) -> Iterator[Finding]:
    yield from must_be(function, "tracingConfig.mode", "Active")


def _signed(function: Resource) -> Iterator[Finding]:
    yield from must_have(function, "codeSigningConfigArn", "needed: the configuration that says who may sign the code")


def _in_vpc(function: Resource) -> Iterator[Finding]:
    if not function.items("vpcConfig.subnetIds"):
        yield Finding("vpcConfig.subnetIds", None, "needed: subnets of a VPC")


def _log_group_declared(function: Resource, stack: Stack) -> Iterator[Finding]:
    expected = function.get("loggingConfig.logGroup") or f"/aws/lambda/{function.get('name')}"
    if not any(group.known("name") == expected for group in stack.of(LOG_GROUP)):
        yield Finding("its LogGroup", None, f"needed: one {LOG_GROUP} named {expected}; Lambda's own keeps logs for ever")


def _kept_for(group: Resource) -> Iterator[Finding]:
    days = group.number("retentionInDays")
    if not days:
        yield Finding("retentionInDays", group.get("retentionInDays"), "needed: for how many days logs are kept")
    elif group.production and days < PRODUCTION_RETENTION_DAYS:
        yield Finding("retentionInDays", days, f"allowed in production: at least {PRODUCTION_RETENTION_DAYS}")


_LOGS = "CKV_AWS_66 CKV_AWS_338 CKV_AWS_158 W84 W86"

CONTROLS = (
    ResourceControl(
        "lambda-permission",
        "Functions are called by our rules and schedules alone",
        "Lambda.1 CKV_AWS_301 CKV_AWS_364 F13 F45 W24",
        (PERMISSION,),
        look=_bound_caller,
    ),
    ResourceControl(
        "lambda-url", "No function has a public address", "Lambda.1 CKV_AWS_258", (FUNCTION_URL,), look=_no_public_url
    ),
    ResourceControl(
        "lambda-runtime", "Runtimes are supported", "Lambda.2 CKV_AWS_363 AwsSolutions-L1", (FUNCTION,), look=_supported
    ),
    StackControl(
        "lambda-failures-kept",
        "Calls that failed are kept",
        "CKV_AWS_116 no_dead_letter_queue",
        (FUNCTION,),
        look=_keeps_failures,
    ),
    ResourceControl(
        "lambda-retries",
        "Calls that fail are tried again for a bounded time",
        "event-delivery",
        (INVOKE_CONFIG,),
        look=_bounded_retries,
    ),
    ResourceControl(
        "lambda-reserved-concurrency",
        "Functions have a share of the account's concurrency",
        "CKV_AWS_115 W92",
        (FUNCTION,),
        look=_reserved,
        stricter_in_production=True,
    ),
    ResourceControl("lambda-no-secrets", "Environments have no secrets", "CKV_AWS_45 ECS.8", (FUNCTION,), look=_no_secrets),
    ResourceControl("lambda-traced", "Calls are traced", "CKV_AWS_50", (FUNCTION,), look=_traced, level=ADVISORY),
    ResourceControl("lambda-code-signing", "Code is signed", "CKV_AWS_272", (FUNCTION,), look=_signed),
    ResourceControl("lambda-vpc", "Functions run in a VPC", "CKV_AWS_117 Lambda.3 W89", (FUNCTION,), look=_in_vpc),
    StackControl("lambda-log-group", "Each function's log group is declared", _LOGS, (FUNCTION,), look=_log_group_declared),
    ResourceControl(
        "log-retention",
        "Logs are kept for a time, in production a year",
        _LOGS,
        (LOG_GROUP,),
        look=_kept_for,
        stricter_in_production=True,
    ),
)
