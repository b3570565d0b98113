from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from components.iam import resources
from components.iam.actors import ACTORS, FUNCTION_ACTORS
from components.iam.deployer import deployer_policies
from components.iam.documents import canonical, one_or_many
from components.iam.statement import LAMBDA, SAGEMAKER, SCHEDULER
from tests.components.iam_lint import findings, missing_dependencies
from tests.components.provider_calls.stack import OWN_KEY
from tests.components.recording import ACCOUNT, Recorder, run_program
from tests.components.test_names import names

#: Actions that AWS gives no resource level, and why each is needed.
WITHOUT_RESOURCE_LEVEL = {
    "ecr:GetAuthorizationToken", "cloudwatch:PutMetricData", "xray:PutTelemetryRecords", "xray:PutTraceSegments",
    "ec2:DescribeDhcpOptions", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
}  # fmt: skip
INLINE_POLICIES_MAX = 10_240
#: (action, dependent action) → why our calls do not need the second.
NOT_NEEDED: dict[tuple[str, str], str] = {
    ("ec2:CreateNetworkInterface", "ec2:CreateTags"): "only to tag the interface; SageMaker does not",
    ("lambda:CreateFunction", "lambda:PassCapacityProvider"): "only for functions on managed instances",
    ("kms:CreateKey", "iam:CreateServiceLinkedRole"): "only for multi-Region keys",
}


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def documents(recorded: Recorder) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every policy document of the program, with the resource that contains it."""
    for resource in recorded.resources:
        for key in ("policy", "assumeRolePolicy"):
            if resource.type != "aws:ecr/lifecyclePolicy:LifecyclePolicy" and key in resource.inputs:
                yield f"{resource.type} {resource.name}", json.loads(resource.inputs[key])


def allowed(recorded: Recorder) -> Iterator[tuple[str, dict[str, Any]]]:
    for where, document in documents(recorded):
        yield from ((where, statement) for statement in document["Statement"] if statement["Effect"] == "Allow")


def test_every_policy_is_canonical_text(recorded: Recorder) -> None:
    for resource in recorded.resources:
        for key in ("policy", "assumeRolePolicy", "eventPattern"):
            if key in resource.inputs:
                text = resource.inputs[key]
                assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":")), resource.name


def test_no_action_is_a_wildcard(recorded: Recorder) -> None:
    for where, statement in allowed(recorded):
        assert not {"NotAction", "NotResource", "NotPrincipal"} & statement.keys(), where
        for action in listed(statement["Action"]):
            if "kms/key" in where and statement["Sid"] in ("LetIamDecide", "EncryptLogs"):
                continue  # a key's policy delegates to the account's own policies, as AWS does by default
            assert re.fullmatch(r"[a-z0-9-]+:[A-Za-z]+", action), f"{where}: {action}"


def test_no_resource_is_a_wildcard_where_one_can_be_named(recorded: Recorder) -> None:
    for where, statement in allowed(recorded):
        if "rolePolicy" in where and "*" in listed(statement["Resource"]):
            assert set(listed(statement["Action"])) <= WITHOUT_RESOURCE_LEVEL, f"{where}: {statement}"


def test_no_principal_is_everybody(recorded: Recorder) -> None:
    for where, statement in allowed(recorded):
        principal = statement.get("Principal")
        assert principal != "*", where
        if principal is not None:
            assert "*" not in json.dumps(principal), where


def test_roles_are_taken_on_by_one_service_for_a_source_of_ours(recorded: Recorder) -> None:
    for resource in recorded.of("aws:iam/role:Role"):
        (statement,) = json.loads(resource.inputs["assumeRolePolicy"])["Statement"]
        service = statement["Principal"]["Service"]
        assert statement["Action"] == "sts:AssumeRole"
        assert service in (SAGEMAKER, LAMBDA, SCHEDULER)
        if service != LAMBDA:
            assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}
            assert all(ACCOUNT in arn for arn in listed(statement["Condition"]["ArnLike"]["aws:SourceArn"]))


def test_roles_are_passed_by_name_and_to_sagemaker_alone(recorded: Recorder) -> None:
    passing = [statement for _, statement in allowed(recorded) if "iam:PassRole" in listed(statement["Action"])]
    (statement,) = passing
    assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": SAGEMAKER}}
    assert all(arn.startswith(f"arn:aws:iam::{ACCOUNT}:role/model-training-") for arn in statement["Resource"])


def test_no_managed_policy_is_attached(recorded: Recorder) -> None:
    assert not [resource for resource in recorded.resources if "Attachment" in resource.type]
    assert not [resource for resource in recorded.of("aws:iam/role:Role") if resource.inputs.get("managedPolicyArns")]


def test_policies_fit_into_a_role(everything: Recorder) -> None:
    sizes = {resource.name: len(resource.inputs["policy"]) for resource in everything.of("aws:iam/rolePolicy:RolePolicy")}
    assert len(sizes) == len(ACTORS)
    assert max(sizes.values()) < INLINE_POLICIES_MAX, sizes


def rights_with(recorded: Recorder, prefix: str) -> dict[str, set[tuple[str, str]]]:
    """By role, the actions of a service and the kinds of resources (ARNs up to the first slash) they are allowed on."""
    found: dict[str, set[tuple[str, str]]] = {}
    for resource in recorded.of("aws:iam/rolePolicy:RolePolicy"):
        for statement in json.loads(resource.inputs["policy"])["Statement"]:
            of_service = [action for action in listed(statement["Action"]) if action.startswith(prefix)]
            on = {arn.rpartition(":")[2].partition("/")[0] for arn in listed(statement["Resource"])}
            rights = {(action.removeprefix(prefix), kind) for action in of_service for kind in on}
            found.setdefault(resource.inputs["role"].removeprefix("model-training-prod-"), set()).update(rights)
    return {role: rights for role, rights in found.items() if rights}


def test_key_and_network_only_where_the_stack_has_them(dev: Recorder, everything: Recorder) -> None:
    assert rights_with(dev, "kms:") == rights_with(dev, "ec2:") == {}
    use = {(action, "key") for action in ("Decrypt", "DescribeKey", "GenerateDataKey")}
    with_volumes = use | {("CreateGrant", "key")}
    jobs = ("processing", "training", "model", "evaluation", "prepare", "publish")
    assert rights_with(everything, "kms:") == {
        "pipeline": with_volumes,
        **dict.fromkeys(jobs, with_volumes),
        **dict.fromkeys(FUNCTION_ACTORS, use),
        "scheduler": use - {("DescribeKey", "key")},
    }
    network = {("CreateNetworkInterface", kind) for kind in ("network-interface", "security-group", "subnet")}
    for action in ("CreateNetworkInterfacePermission", "DeleteNetworkInterface", "DeleteNetworkInterfacePermission"):
        network.add((action, "network-interface"))
    for noun in ("DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs"):
        network.add((f"Describe{noun}", "*"))
    assert rights_with(everything, "ec2:") == dict.fromkeys(jobs, network)


def test_a_key_is_the_stacks_own_and_granted_to_services_alone(everything: Recorder) -> None:
    for where, statement in allowed(everything):
        if "rolePolicy" in where and "kms:" in json.dumps(statement["Action"]):
            assert statement["Resource"] == OWN_KEY, where
        if "rolePolicy" in where and "kms:CreateGrant" in listed(statement["Action"]):
            assert statement["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}, where


@pytest.mark.parametrize("actor", ACTORS, ids=lambda actor: actor.name)
def test_what_an_actor_does_is_said_once_and_explained(actor: Any) -> None:
    sids = [statement.sid for statement in actor.statements]
    assert len(set(sids)) == len(sids)
    granted = [(action, kind) for statement in actor.statements for action in statement.actions for kind in statement.resources]
    assert len(set(granted)) == len(granted)
    assert all(re.fullmatch("[A-Za-z0-9]+", sid) for sid in sids)
    assert all(len(statement.why) > 10 and statement.actions and statement.resources for statement in actor.statements)


def test_one_actor_cannot_do_anothers_work() -> None:
    by_name = {actor.name: actor for actor in ACTORS}

    def grants(name: str) -> set[tuple[str, Any]]:
        return {
            (action, kind)
            for statement in by_name[name].statements
            for action in statement.actions
            for kind in statement.resources
        }

    assert not any(action.startswith("sagemaker:Create") for action, _ in grants("processing") | grants("training"))
    assert not any(action.startswith("dynamodb:") for action, _ in grants("training") | grants("model") | grants("pipeline"))
    assert ("s3:PutObject", resources.execution_objects) not in grants("training")
    assert ("sagemaker:StartPipelineExecution", resources.training_pipeline) not in grants("reconcile")
    assert not any(action.startswith("s3:Put") for action, _ in grants("reconcile") | grants("execution-events"))


def test_every_statement_resolves_in_every_partition() -> None:
    for region, partition in (("eu-central-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")):
        here = names(region=region, given_key_arn=f"arn:{partition}:kms:{region}:{ACCOUNT}:key/x")
        for actor in ACTORS:
            for statement in actor.statements:
                for arn in statement.arns(here):
                    assert arn == "*" or arn.startswith(f"arn:{partition}:"), f"{actor.name} {statement.sid}"


def test_a_single_value_stands_by_itself() -> None:
    assert one_or_many(["b", "a", "b"]) == ["a", "b"]
    assert one_or_many(["a"]) == "a"
    assert canonical([{"Sid": "A"}]) == '{"Statement":[{"Sid":"A"}],"Version":"2012-10-17"}'


def test_a_boundary_is_on_every_role_or_on_none(dev: Recorder) -> None:
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/bound"
    bounded = run_program("dev", permissionsBoundary=boundary)
    assert {role.inputs["permissionsBoundary"] for role in bounded.of("aws:iam/role:Role")} == {boundary}
    assert not [role for role in dev.of("aws:iam/role:Role") if "permissionsBoundary" in role.inputs]


class TestLinter:
    """It knows every action's resource types, condition keys and dependent actions."""

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"Resource": "arn:aws:s3:::bucket-without-key"}, "no resource of the action's types"),
            ({"Resource": "*"}, "could name a resource"),
            ({"Action": "s3:GetObjcet"}, "unknown action"),
            ({"Condition": {"StringEquals": {"s3:NoSuchKey": "x"}}}, "unknown condition key"),
            ({"Resource": ["arn:aws:s3:::b/k", "arn:aws:sqs:eu-central-1:1:q"]}, "no action is about the resource"),
        ],
    )
    def test_it_finds_each_kind_of_fault(self, changes: dict[str, Any], expected: str) -> None:
        right = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/k"}
        assert findings({"Statement": [right]}) == set()
        assert expected in {issue for issue, _, _ in findings({"Statement": [{**right, **changes}]})}

    def test_it_knows_dependent_actions(self) -> None:
        create = {"Effect": "Allow", "Action": "sagemaker:CreateModel", "Resource": "*"}
        assert ("sagemaker:CreateModel", "iam:PassRole") in missing_dependencies({"Statement": [create]})

    def test_every_role(self, recorded: Recorder) -> None:
        for resource in recorded.of("aws:iam/rolePolicy:RolePolicy"):
            document = json.loads(resource.inputs["policy"])
            assert findings(document) == set(), resource.name
            assert missing_dependencies(document) <= NOT_NEEDED.keys(), resource.name

    def test_the_deployer(self) -> None:
        documents = [json.loads(policy) for policy in deployer_policies(names())]
        found = {finding for document in documents for finding in findings(document)}
        # A key that does not exist yet has no ARN; the tags that it is created with restrict the action.
        assert found == {("could name a resource", "kms:TagResource", "*")}

    def test_no_exception_is_out_of_date(self, everything: Recorder) -> None:
        policies = [resource.inputs["policy"] for resource in everything.of("aws:iam/rolePolicy:RolePolicy")]
        deployer = [statement for policy in deployer_policies(names()) for statement in json.loads(policy)["Statement"]]
        found = [missing_dependencies(json.loads(policy)) for policy in policies] + [
            missing_dependencies({"Statement": deployer})
        ]
        assert set().union(*found) == NOT_NEEDED.keys()
