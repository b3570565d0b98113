from __future__ import annotations

from typing import Any

import pytest

from policies.kinds import FUNCTION, INVOKE_CONFIG, LOG_GROUP, PERMISSION
from tests.policies.cases import UNKNOWN, Case, Member, bad, change, good

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
    good("lambda-permission-source", PERMISSION, CALLED),
    bad("lambda-permission-source", PERMISSION, change(CALLED, "sourceArn"), "sourceArn is missing"),
    bad("lambda-permission-source", PERMISSION, change(CALLED, "sourceAccount"), "sourceAccount is missing"),
    good("lambda-permission-source", PERMISSION, change(CALLED, "sourceArn", RULE)),
    bad("lambda-permission-source", PERMISSION, change(CALLED, "sourceArn", "*"), "sourceArn is '*'"),
    bad("lambda-permission-source", PERMISSION, change(CALLED, "sourceArn", "arn:aws:events:*:*:rule/*"), "sourceArn is 'arn:"),
    bad(
        "lambda-permission-source",
        PERMISSION,
        change(CALLED, "sourceArn", RULE.replace("123", "999")),
        "sourceArn is",
        "account",
    ),
    bad("lambda-permission-source", PERMISSION, change(CALLED, "sourceAccount", "*"), "sourceAccount is '*'"),
    Case("lambda-failures-kept", [HANDLER, Member(INVOKE_CONFIG, CONFIG)]),
    Case("lambda-failures-kept", [Member(FUNCTION, {"deadLetterConfig": {"targetArn": UNKNOWN}})]),
    Case(
        "lambda-failures-kept",
        [HANDLER, Member(INVOKE_CONFIG, {**CONFIG, "functionName": UNKNOWN}, sources={"functionName": [HANDLER.urn]})],
    ),
    Case(
        "lambda-failures-kept",
        [HANDLER],
        (
            "its FunctionEventInvokeConfig is missing",
            "deadLetterConfig.targetArn",
        ),
    ),
    Case("lambda-failures-kept", [HANDLER, Member(INVOKE_CONFIG, change(CONFIG, "functionName", "other"))], ("is missing",)),
    Case("lambda-failures-kept", [HANDLER, Member(INVOKE_CONFIG, change(CONFIG, "destinationConfig"))], ("is missing",)),
    good(
        "lambda-no-secrets",
        FUNCTION,
        environment(EXECUTION_TABLE="executions", SECRET_ARN="arn:aws:secretsmanager:a:1:secret:s"),
    ),
    good("lambda-no-secrets", FUNCTION, {}),
    bad("lambda-no-secrets", FUNCTION, environment(DB_PASSWORD="correct horse"), "DB_PASSWORD is '****' (13 characters"),
    bad("lambda-no-secrets", FUNCTION, environment(KEY="AKIAIOSFODNN7EXAMPLE"), "variables.KEY is '****' (20 characters"),
    Case("lambda-log-group", [HANDLER, Member(LOG_GROUP, {"name": "/aws/lambda/reconcile"})]),
    Case(
        "lambda-log-group",
        [Member(FUNCTION, {"name": "f", "loggingConfig": {"logGroup": "/ours"}}), Member(LOG_GROUP, {"name": "/ours"})],
    ),
    Case("lambda-log-group", [HANDLER, Member(LOG_GROUP, {"name": "/aws/lambda/other"})], ("named /aws/lambda/reconcile",)),
]


@pytest.mark.usefixtures("nothing_exempt")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_functions(case: Case) -> None:
    case.check()
