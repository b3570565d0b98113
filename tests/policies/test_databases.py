from __future__ import annotations

import pytest

from policies.databases import TABLE
from tests.policies.judging import BY_NAME, Case, Member, bad, good, judge

CASES = [
    good("dynamodb-point-in-time-recovery", TABLE, {"pointInTimeRecovery": {"enabled": True}}),
    bad(
        "dynamodb-point-in-time-recovery",
        TABLE,
        {"pointInTimeRecovery": {"enabled": False}},
        "pointInTimeRecovery.enabled is False",
    ),
    bad("dynamodb-point-in-time-recovery", TABLE, {}, "pointInTimeRecovery.enabled is missing"),
    good("dynamodb-encrypted", TABLE, {"serverSideEncryption": {"enabled": True}}),
    bad("dynamodb-encrypted", TABLE, {"serverSideEncryption": {"enabled": False}}, "serverSideEncryption.enabled is False"),
    good("dynamodb-on-demand", TABLE, {"billingMode": "PAY_PER_REQUEST"}),
    bad("dynamodb-on-demand", TABLE, {"billingMode": "PROVISIONED"}, "billingMode is 'PROVISIONED'"),
    good("dynamodb-deletion-protection", TABLE, {"deletionProtectionEnabled": True}, stack="prod"),
    good("dynamodb-deletion-protection", TABLE, {}, stack="dev"),
    good("dynamodb-deletion-protection", TABLE, {}, stack="product-demo"),
    bad("dynamodb-deletion-protection", TABLE, {}, "deletionProtectionEnabled is missing", stack="prod"),
    bad("dynamodb-deletion-protection", TABLE, {}, "deletionProtectionEnabled is missing", stack="production-eu"),
    bad("dynamodb-deletion-protection", TABLE, {}, "is missing", stack="live", config={"productionStacks": "live|prod"}),
    good("dynamodb-backup-plan", TABLE, {"tags": {"backup-plan": "monthly"}}),
    bad("dynamodb-backup-plan", TABLE, {"tags": {"owner": "me"}}, "tags.backup-plan is missing"),
]


def test_a_wrong_option_is_told() -> None:
    with pytest.raises(ValueError, match=r"option productionStacks is '\('; allowed: a regular expression"):
        judge(BY_NAME["dynamodb-deletion-protection"], [Member(TABLE, {})], {"productionStacks": "("})


@pytest.mark.usefixtures("nothing_exempt")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_tables(case: Case) -> None:
    case.check()
