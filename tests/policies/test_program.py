"""The whole program passes the pack for every kind of stack, and needs each exemption."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from pulumi_policy.proxy import UnknownValueError

from policies.controls import ADVISORY, MANDATORY
from policies.exemptions import EXEMPTIONS, NOT_DONE, Exemption, NotDone
from policies.kinds import BUCKET, TABLE
from policies.pack import CONTROLS
from policies.permissions import UNRESTRICTABLE, is_specific
from policies.policy_documents import IDENTITY_DOCUMENTS, allowing
from policies.resources import read_resource
from tests.policies.cases import BY_NAME, Member, change, judge
from tests.policies.programs import STACKS, first_preview, members


@pytest.mark.parametrize("stack", STACKS)
def test_the_program_passes(stack: str) -> None:
    found = members(stack)
    assert len(found) > 60
    refused = {control.name: judge(control, found) for control in CONTROLS if control.level is MANDATORY}
    assert {name: messages for name, messages in refused.items() if messages} == {}


def test_remaining_advice() -> None:
    left = {
        stack: Counter(
            control.name for control in CONTROLS if control.level is ADVISORY for _ in judge(control, members(stack))
        )
        for stack in STACKS
    }
    no_logs = Counter({"s3-logging-exists": 3})
    assert left == {"dev": no_logs, "dev with a key": no_logs, "prod": Counter(), "prod with everything": Counter()}


@pytest.mark.parametrize("stack", STACKS)
def test_a_first_preview_reports_nothing_that_is_not_known_yet(stack: str) -> None:
    found = first_preview(members(stack))
    undecided = []
    for control in CONTROLS:
        try:
            assert judge(control, found) == [] or control.level is ADVISORY
        except UnknownValueError:
            undecided.append(control.name)
    assert len(undecided) < len(CONTROLS) / 3, f"nothing could be decided on {undecided}"


@pytest.mark.parametrize("exemption", EXEMPTIONS, ids=lambda exemption: exemption.control)
def test_an_exemption_is_still_needed(exemption: Exemption, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(exemption.reason) > 40
    others = tuple(other for other in EXEMPTIONS if other is not exemption)
    monkeypatch.setattr("policies.exemptions.EXEMPTIONS", others)
    assert any(judge(BY_NAME[exemption.control], members(stack)) for stack in STACKS), "the program passes without it"


@pytest.mark.parametrize("item", NOT_DONE, ids=lambda item: item.control)
def test_what_is_not_done_is_about_resources_of_the_program(item: NotDone) -> None:
    assert len(item.reason) > 40
    assert any(member.kind == item.kind for stack in STACKS for member in members(stack))


def test_an_exemption_outside_production_does_not_hold_there() -> None:
    (function, *_) = [member for member in members("dev") if member.kind == "aws:lambda/function:Function"]
    control = BY_NAME["lambda-reserved-concurrency"]
    assert judge(control, [function]) == []
    production = replace(function, stack="prod")
    assert "reservedConcurrentExecutions is -1" in judge(control, [production])[0]


def test_every_action_without_named_resources_is_still_in_use() -> None:
    used = {
        action
        for stack in STACKS
        for member in members(stack)
        for statement in allowing(read_resource(member.args()), IDENTITY_DOCUMENTS)
        if not all(map(is_specific, statement.resources))
        for action in statement.actions
    }
    assert used == set(UNRESTRICTABLE)


def _without(kind: str) -> Callable[[list[Member]], list[Member]]:
    """Remove the first resource of a kind."""

    def tampered(found: list[Member]) -> list[Member]:
        first = next(member for member in found if member.kind == kind)
        return [member for member in found if member is not first]

    return tampered


def _with(kind: str, path: str, value: object) -> Callable[[list[Member]], list[Member]]:
    """Change a value in the first resource of a kind."""

    def tampered(found: list[Member]) -> list[Member]:
        first = next(member for member in found if member.kind == kind)
        changed = replace(first, inputs=change(first.inputs, path, value))
        return [changed if member is first else member for member in found]

    return tampered


def _unprotected(found: list[Member]) -> list[Member]:
    return [replace(member, protect=False) for member in found]


def _in_definition(old: str, new: str) -> Callable[[list[Member]], list[Member]]:
    def tampered(found: list[Member]) -> list[Member]:
        """In the training pipeline, which has every kind of step."""
        pipeline = next(member for member in found if '"Type":"Training"' in str(member.inputs.get("pipelineDefinition")))
        text = str(pipeline.inputs["pipelineDefinition"])
        assert old in text
        changed = replace(pipeline, inputs=change(pipeline.inputs, "pipelineDefinition", text.replace(old, new)))
        return [changed if member is pipeline else member for member in found]

    return tampered


@pytest.mark.parametrize(
    ("stack", "tamper", "control"),
    [
        ("dev", _without("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"), "s3-public-access-block-exists"),
        ("dev", _without("aws:s3/bucketPolicy:BucketPolicy"), "s3-policy-exists"),
        ("dev", _without("aws:s3/bucketVersioning:BucketVersioning"), "s3-versioning-exists"),
        ("dev", _without("aws:ecr/lifecyclePolicy:LifecyclePolicy"), "ecr-lifecycle-exists"),
        ("dev", _without("aws:cloudwatch/logGroup:LogGroup"), "lambda-log-group"),
        ("dev", _without("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"), "lambda-failures-kept"),
        ("dev", _without("aws:sqs/queuePolicy:QueuePolicy"), "sqs-policy-exists"),
        ("dev", _without("aws:sns/topicPolicy:TopicPolicy"), "sns-policy-exists"),
        ("dev", _with(TABLE, "tags.owner", None), "required-tags"),
        ("dev", _with(TABLE, "tags.note", "AKIAIOSFODNN7EXAMPLE"), "no-secrets"),
        ("dev with a key", _with(TABLE, "serverSideEncryption.kmsKeyArn", None), "kms-key-everywhere"),
        ("dev", _with(TABLE, "serverSideEncryption.kmsKeyArn", "arn:aws:kms:eu-central-1:1:key/k"), "kms-key-everywhere"),
        ("prod", _with(TABLE, "serverSideEncryption.kmsKeyArn", None), "kms-key-in-production"),
        ("prod", _with(TABLE, "deletionProtectionEnabled", False), "dynamodb-deletion-protection"),
        ("prod", _with(BUCKET, "forceDestroy", True), "protected-data"),
        ("prod", _unprotected, "protected-data"),
        ("prod", _with("aws:cloudwatch/logGroup:LogGroup", "retentionInDays", 30), "log-retention-in-production"),
        ("dev", _in_definition('"EnableNetworkIsolation":true', '"EnableNetworkIsolation":false'), "pipeline-training"),
        ("dev", _in_definition('"EnableNetworkIsolation":true', '"EnableNetworkIsolation":false'), "pipeline-model-isolation"),
        ("dev", _in_definition("forecasting-deepar:1", "forecasting-deepar:latest"), "pipeline-definition"),
        ("prod", _in_definition("VolumeKmsKeyId", "Other"), "kms-key-in-production"),
    ],
)
def test_a_weakened_program_is_reported(stack: str, tamper: Callable[[list[Member]], list[Member]], control: str) -> None:
    found = judge(BY_NAME[control], tamper(members(stack)))
    assert found, f"{control} accepts a program that it should report"
    assert not any("AKIAIOSFODNN7EXAMPLE" in message for message in found)
