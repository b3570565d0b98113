"""How far the deployer's rights reach: this stack's names, tags and boundary, and no further."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase

import pytest

from components.iam.actors import ACTORS, FUNCTION_ACTORS
from components.iam.deployer import GRANTS, MANAGED_POLICY_MAX, deployer_policies
from components.names import ALARM_TOPIC, ALARMS, DEAD_LETTERS, EVENT_RULE, REPOSITORY, Names
from contracts.tables import TABLES
from tests.components.iam_policy import listed
from tests.components.recording import ACCOUNT
from tests.components.test_names import names


def test_policies_fit_iams_limit() -> None:
    policies = deployer_policies(names())
    assert all(len(policy) <= MANAGED_POLICY_MAX for policy in policies)
    sids = [statement["Sid"] for policy in policies for statement in json.loads(policy)["Statement"]]
    assert sids == [grant.sid for grant in GRANTS]


def test_no_wildcard_where_one_can_be_named() -> None:
    for grant in GRANTS:
        document = grant.document(names())
        if document["Resource"] == "*":
            assert set(listed(document["Action"])) <= {
                "logs:DescribeLogGroups",
                "sns:GetSubscriptionAttributes",
                "sns:Unsubscribe",
                "ecr:GetAuthorizationToken", "kms:CreateKey", "kms:TagResource", "kms:ListAliases",
            }  # fmt: skip


def test_a_given_key_is_used_by_its_arn_and_never_changed() -> None:
    """Somebody else's key does not carry this stack's tags, which bind what may be done to a key of the stack's own."""
    key = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
    here = names(given_key_arn=key)
    statements = [s for policy in deployer_policies(here) for s in json.loads(policy)["Statement"] if s["Resource"] == key]
    allowed = {action: s.get("Condition") for s in statements for action in listed(s["Action"])}
    assert {"kms:DescribeKey", "kms:Decrypt", "kms:GenerateDataKey", "kms:CreateGrant", "kms:RetireGrant"} <= set(allowed)
    assert not set(allowed) & {"kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"}
    assert allowed["kms:CreateGrant"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    assert allowed["kms:DescribeKey"] is None
    assert not [s for policy in deployer_policies(names()) for s in json.loads(policy)["Statement"] if "Given" in s["Sid"]]


def test_a_stack_whose_name_begins_with_this_ones_is_out_of_reach() -> None:
    there = names(stack="dev-2")
    theirs = [there.role(actor.name) for actor in ACTORS] + [there.function(function) for function in FUNCTION_ACTORS]
    theirs += [there.queue(DEAD_LETTERS), there.topic(ALARM_TOPIC), there.rule(EVENT_RULE), *map(there.alarm, ALARMS)]
    theirs += [there.arn("ecr", f"repository/{there.of(REPOSITORY)}"), there.sagemaker(f"pipeline/{there.pipeline}")]
    theirs += [there.arn("logs", f"log-group:{there.log_group(function)}") for function in FUNCTION_ACTORS]
    theirs += [there.arn("dynamodb", f"table/{there.table(table)}") for table in TABLES]
    for grant in GRANTS:
        if grant.sid in ("ListRepositories", "Key", "KeyGrants"):  # a list, and keys, which are bound by their tags
            continue
        patterns = [pattern for pattern in grant.arns(names(stack="dev")) if pattern != "*"]
        assert not [arn for arn in theirs for pattern in patterns if fnmatchcase(arn, pattern)], grant.sid


def test_roles_are_handed_to_the_services_that_act_under_them_alone() -> None:
    statements = [s for policy in deployer_policies(names()) for s in json.loads(policy)["Statement"]]
    (passing,) = [s for s in statements if "iam:PassRole" in listed(s["Action"])]
    services = sorted({actor.service for actor in ACTORS if actor.service})
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": services}}
    assert passing["Action"] == "iam:PassRole"
    assert all(arn.startswith(f"arn:aws:iam::{ACCOUNT}:role/model-training-dev-") for arn in passing["Resource"])


def test_a_boundary_bounds_what_a_deployer_can_give() -> None:
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/bound"
    statements = [s for policy in deployer_policies(names(boundary=boundary)) for s in json.loads(policy)["Statement"]]
    giving = [s for s in statements if "iam:PutRolePolicy" in s["Action"]]
    assert [s["Condition"] for s in giving] == [{"StringEquals": {"iam:PermissionsBoundary": boundary}}]
    assert {"iam:CreateRole", "iam:PutRolePermissionsBoundary"} <= set(giving[0]["Action"])
    everything = [action for s in statements for action in listed(s["Action"])]
    assert "iam:DeleteRolePermissionsBoundary" not in everything
    assert everything.count("iam:PutRolePolicy") == everything.count("iam:CreateRole") == 1


@pytest.mark.parametrize("stack", ["dev", "a" * 40])
def test_every_named_resource_of_a_stack_is_within_reach(stack: str) -> None:
    here: Names = names(stack=stack)
    patterns = [pattern for grant in GRANTS for pattern in grant.arns(here)]
    wanted = [here.role(actor.name) for actor in ACTORS] + [here.function("endpoint-cleanup"), here.queue("dead-letters")]
    wanted += [here.topic("alarms"), here.rule("execution-events"), here.alarm("reconciler-late")]
    wanted += [here.arn("ecr", f"repository/{here.of('features')}"), here.sagemaker(f"pipeline/{here.pipeline}")]
    for arn in wanted:
        assert any(re.fullmatch(pattern.replace("*", ".*"), arn) for pattern in patterns if pattern != "*"), arn
