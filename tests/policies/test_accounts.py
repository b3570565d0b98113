from __future__ import annotations

from typing import Any

import pytest

from policies.accounts import TRUSTED_ACCOUNTS
from policies.kinds import BUCKET_POLICY, KEY, PERMISSION, ROLE, ROLE_POLICY
from tests.policies.cases import BY_NAME, Case, Member, change, judge
from tests.policies.documents import ACCOUNT, allow, document, grant
from tests.policies.programs import members

FOREIGN = "999999999999"
DEEPAR = "arn:aws:ecr:eu-central-1:495149712605:repository/forecasting-deepar"
SAGEMAKER = {"Service": "sagemaker.amazonaws.com"}


def key(account: str) -> Member:
    return Member(KEY, {"policy": document(grant({"AWS": f"arn:aws:iam::{account}:root"}, "kms:*", "*"))})


def may(resource: str) -> Member:
    return Member(ROLE_POLICY, {"policy": document(allow("kms:Decrypt", resource))})


def trusts(**condition: dict[str, Any]) -> Member:
    statement = {"Effect": "Allow", "Principal": SAGEMAKER, "Action": "sts:AssumeRole", "Condition": condition}
    return Member(ROLE, {"assumeRolePolicy": document(statement)})


def called(account: str) -> Member:
    return Member(PERMISSION, {"sourceAccount": account, "sourceArn": f"arn:aws:events:eu-central-1:{account}:rule/r"})


#: The account that occurs most often is the stack's own.
OURS = [
    Member(ROLE_POLICY, {"policy": document(allow("sqs:SendMessage", f"arn:aws:sqs:eu-central-1:{ACCOUNT}:q"))}, f"ours-{name}")
    for name in range(4)
]
CASES = [
    Case("one-account", [*OURS, key(ACCOUNT), called(ACCOUNT), trusts(StringEquals={"aws:SourceAccount": ACCOUNT})]),
    Case("one-account", [*OURS, may(DEEPAR), may("*"), may("arn:aws:s3:::models/*")]),
    Case("one-account", [*OURS, key(FOREIGN)], config={TRUSTED_ACCOUNTS: [FOREIGN]}),
    Case("one-account", [*OURS, key(FOREIGN)], (f"Principal is 'arn:aws:iam::{FOREIGN}:root'", f"the stack's own, {ACCOUNT}")),
    Case(
        "one-account",
        [*OURS, may(f"arn:aws:kms:eu-central-1:{FOREIGN}:key/k")],
        (f"policy.Statement[0].Resource is 'arn:aws:kms:eu-central-1:{FOREIGN}:key/k'",),
    ),
    Case("one-account", [*OURS, may(DEEPAR.replace("ecr", "kms"))], ("Resource is",)),
    Case("one-account", [*OURS, trusts(StringEquals={"aws:SourceAccount": FOREIGN})], (f"Condition is '{FOREIGN}'",)),
    Case(
        "one-account",
        [*OURS, trusts(ArnLike={"aws:SourceArn": f"arn:aws:sagemaker:eu-central-1:{FOREIGN}:*"})],
        ("Condition is 'arn:aws:sagemaker",),
    ),
    Case("one-account", [*OURS, called(FOREIGN)], (f"sourceAccount is '{FOREIGN}'", "sourceArn is 'arn:aws:events")),
    Case(
        "one-account",
        [*OURS, Member(BUCKET_POLICY, {"policy": document(grant({"AWS": FOREIGN}, "s3:GetObject", "arn:aws:s3:::models/*"))})],
        (f"Principal is '{FOREIGN}'",),
    ),
]


@pytest.mark.usefixtures("nothing_exempt")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_accounts(case: Case) -> None:
    case.check()


@pytest.mark.parametrize("stack", ["dev", "dev with a key"])
def test_a_role_that_another_account_may_use_is_reported(stack: str) -> None:
    found = members(stack)
    role = next(member for member in found if member.name == "roles-pipeline-role")
    foreign = change(role.inputs, "assumeRolePolicy", str(role.inputs["assumeRolePolicy"]).replace(ACCOUNT, FOREIGN))
    tampered = [Member(role.kind, foreign, role.name) if member is role else member for member in found]
    messages = judge(BY_NAME["one-account"], tampered)
    assert messages
    assert all("roles-pipeline-role" in message for message in messages)
