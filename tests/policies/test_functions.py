from __future__ import annotations

from typing import Any

import pytest

from policies.functions import FUNCTION, FUNCTION_URL, INVOKE_CONFIG, LOG_GROUP, PERMISSION
from tests.policies.judging import UNKNOWN, Case, Member, bad, change, good

CALLED: dict[str, Any] = {
    "action": "lambda:InvokeFunction",
    "principal": "events.amazonaws.com",
    "sourceArn": UNKNOWN,
    "sourceAccount": "123456789012",
}
RULE = "arn:aws:events:eu-central-1:123456789012:rule/model-training-dev-execution-events"
HANDLER = Member(FUNCTION, {"name": "reconcile"}, "handler")
CONFIG = {"functionName": "reconcile", "destinationConfig": {"onFailure": {"destination": "arn:aws:sqs:a:1:q"}}}


def environment(**variables: str) -> dict[str, Any]:
    return {"environment": {"variables": variables}}


CASES = [
    good("lambda-permission", PERMISSION, CALLED),
    bad("lambda-permission", PERMISSION, change(CALLED, "principal", "*"), "principal is '*'"),
    bad("lambda-permission", PERMISSION, change(CALLED, "principal", "s3.amazonaws.com"), "principal is 's3.amazonaws.com'"),
    bad("lambda-permission", PERMISSION, change(CALLED, "sourceArn"), "sourceArn is missing"),
    bad("lambda-permission", PERMISSION, change(CALLED, "sourceAccount"), "sourceAccount is missing"),
    good("lambda-permission", PERMISSION, change(CALLED, "sourceArn", RULE)),
    bad("lambda-permission", PERMISSION, change(CALLED, "sourceArn", "*"), "sourceArn is '*'"),
    bad("lambda-permission", PERMISSION, change(CALLED, "sourceArn", "arn:aws:events:*:*:rule/*"), "sourceArn is 'arn:"),
    bad("lambda-permission", PERMISSION, change(CALLED, "sourceArn", RULE.replace("123", "999")), "sourceArn is", "account"),
    bad("lambda-permission", PERMISSION, change(CALLED, "sourceAccount", "*"), "sourceAccount is '*'"),
    bad("lambda-permission", PERMISSION, change(CALLED, "action", "lambda:*"), "action is 'lambda:*'"),
    good("lambda-url", FUNCTION_URL, {"authorizationType": "AWS_IAM"}),
    bad("lambda-url", FUNCTION_URL, {"authorizationType": "NONE"}, "authorizationType is 'NONE'"),
    good("lambda-runtime", FUNCTION, {"runtime": "python3.13"}),
    good("lambda-runtime", FUNCTION, {"packageType": "Image"}),
    bad("lambda-runtime", FUNCTION, {"runtime": "python3.8"}, "runtime is 'python3.8'", "python3.13"),
    bad("lambda-runtime", FUNCTION, {}, "runtime is missing"),
    Case("lambda-failures-kept", [HANDLER, Member(INVOKE_CONFIG, CONFIG)]),
    Case("lambda-failures-kept", [Member(FUNCTION, {"deadLetterConfig": {"targetArn": UNKNOWN}})]),
    Case(
        "lambda-failures-kept",
        [HANDLER, Member(INVOKE_CONFIG, {**CONFIG, "functionName": UNKNOWN}, sources={"functionName": [HANDLER.urn]})],
    ),
    Case("lambda-failures-kept", [HANDLER], ("deadLetterConfig.targetArn is missing",)),
    Case("lambda-failures-kept", [HANDLER, Member(INVOKE_CONFIG, change(CONFIG, "functionName", "other"))], ("is missing",)),
    Case("lambda-failures-kept", [HANDLER, Member(INVOKE_CONFIG, change(CONFIG, "destinationConfig"))], ("is missing",)),
    good("lambda-retries", INVOKE_CONFIG, {"maximumEventAgeInSeconds": 3600, "maximumRetryAttempts": 0}),
    bad("lambda-retries", INVOKE_CONFIG, {}, "maximumEventAgeInSeconds is missing", "maximumRetryAttempts is missing"),
    bad("lambda-retries", INVOKE_CONFIG, {"maximumEventAgeInSeconds": 86400, "maximumRetryAttempts": 3}, "is 86400", "is 3"),
    good("lambda-reserved-concurrency", FUNCTION, {"reservedConcurrentExecutions": 5}),
    bad("lambda-reserved-concurrency", FUNCTION, {"reservedConcurrentExecutions": -1}, "reservedConcurrentExecutions is -1"),
    bad("lambda-reserved-concurrency", FUNCTION, {"reservedConcurrentExecutions": 0}, "reservedConcurrentExecutions is 0"),
    bad("lambda-reserved-concurrency", FUNCTION, {}, "reservedConcurrentExecutions is missing"),
    good(
        "lambda-no-secrets",
        FUNCTION,
        environment(EXECUTION_TABLE="executions", SECRET_ARN="arn:aws:secretsmanager:a:1:secret:s"),
    ),
    good("lambda-no-secrets", FUNCTION, {}),
    bad("lambda-no-secrets", FUNCTION, environment(DB_PASSWORD="correct horse"), "DB_PASSWORD is '****' (13 characters"),
    bad("lambda-no-secrets", FUNCTION, environment(KEY="AKIAIOSFODNN7EXAMPLE"), "variables.KEY is '****' (20 characters"),
    good("lambda-traced", FUNCTION, {"tracingConfig": {"mode": "Active"}}),
    bad("lambda-traced", FUNCTION, {"tracingConfig": {"mode": "PassThrough"}}, "tracingConfig.mode is 'PassThrough'"),
    good("lambda-code-signing", FUNCTION, {"codeSigningConfigArn": "arn"}),
    bad("lambda-code-signing", FUNCTION, {}, "codeSigningConfigArn is missing"),
    good("lambda-vpc", FUNCTION, {"vpcConfig": {"subnetIds": ["subnet-1"]}}),
    bad("lambda-vpc", FUNCTION, {"vpcConfig": {"subnetIds": []}}, "vpcConfig.subnetIds is missing"),
    Case("lambda-log-group", [HANDLER, Member(LOG_GROUP, {"name": "/aws/lambda/reconcile"})]),
    Case(
        "lambda-log-group",
        [Member(FUNCTION, {"name": "f", "loggingConfig": {"logGroup": "/ours"}}), Member(LOG_GROUP, {"name": "/ours"})],
    ),
    Case("lambda-log-group", [HANDLER, Member(LOG_GROUP, {"name": "/aws/lambda/other"})], ("named /aws/lambda/reconcile",)),
    good("log-retention", LOG_GROUP, {"retentionInDays": 30}),
    good("log-retention", LOG_GROUP, {"retentionInDays": 365}, stack="prod"),
    bad("log-retention", LOG_GROUP, {}, "retentionInDays is missing"),
    bad("log-retention", LOG_GROUP, {"retentionInDays": 0}, "retentionInDays is 0"),
    bad("log-retention", LOG_GROUP, {"retentionInDays": 30}, "retentionInDays is 30", "365", stack="prod"),
]


@pytest.mark.usefixtures("nothing_exempt")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_functions(case: Case) -> None:
    case.check()
