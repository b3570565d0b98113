from __future__ import annotations

import re
from pathlib import Path

import pytest
from pulumi_policy import StackValidationArgs
from pulumi_policy.proxy import UnknownValueError

from policies.controls import ADVISORY, as_policy
from policies.exemptions import EXEMPTIONS
from policies.listing import print_controls
from policies.pack import CONTROLS, policies
from tests.policies import (
    test_accounts,
    test_databases,
    test_definition,
    test_delivery,
    test_encryption,
    test_functions,
    test_hygiene,
    test_identity,
    test_models,
    test_registry,
    test_storage,
)
from tests.policies.judging import BY_NAME, UNKNOWN, Case, Member, judge, stack_of

CASES: list[Case] = [
    case
    for module in (
        test_accounts,
        test_storage,
        test_databases,
        test_registry,
        test_identity,
        test_models,
        test_encryption,
        test_functions,
        test_delivery,
        test_definition,
        test_hygiene,
    )
    for case in module.CASES
]
ROOT = Path(__file__).resolve().parents[2]
ID = re.compile(
    r"[A-Z][A-Za-z0-9]+\.\d+|CT\.[A-Z]+\.PR\.\d+|CKV2?_[A-Z]+_\d+|AwsSolutions-[A-Z0-9]+|[WF]\d+|[a-z]+([_-][a-z]+)+"
)


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.name)
def test_a_control_has_a_resource_that_passes_and_one_that_fails(control: object) -> None:
    finds = [bool(case.finds) for case in CASES if BY_NAME[case.control] is control]
    assert True in finds and False in finds


def test_controls_have_names_and_ids_of_their_own() -> None:
    assert len(BY_NAME) == len(CONTROLS) == len(policies())
    for control in CONTROLS:
        assert re.fullmatch(r"[a-z0-9-]+", control.name)
        assert control.ids and all(ID.fullmatch(id_) for id_ in control.ids.split()), control.ids
        assert as_policy(control).enforcement_level is control.level
    told_by = {control.unknown_told_by for control in CONTROLS} - {""}
    assert told_by <= set(BY_NAME)


def test_these_controls_only_advise() -> None:
    assert {control.name for control in CONTROLS if control.level is ADVISORY} == {
        "s3-logging-exists",
        "s3-logged-elsewhere",
        "dynamodb-backup-plan",
        "image-clean",
        "scheduler-key",
        "lambda-traced",
        "event-bus-policy-exists",
        "event-bus-closed",
    }


def test_exemptions_name_controls() -> None:
    assert {exemption.control for exemption in EXEMPTIONS} <= set(BY_NAME)
    assert len(set(EXEMPTIONS)) == len(EXEMPTIONS)


def test_an_exemption_is_for_named_resources_and_one_control() -> None:
    table = "aws:dynamodb/table:Table"
    ours, another = Member(table, {"tags": {}}, "tables-execution"), Member(table, {"tags": {}}, "another")
    assert judge(BY_NAME["dynamodb-backup-plan"], [ours]) == []
    assert judge(BY_NAME["dynamodb-backup-plan"], [another]) != []
    assert judge(BY_NAME["dynamodb-on-demand"], [ours]) != []


def test_a_stack_is_asked_to_the_end_though_one_resource_is_not_known() -> None:
    functions = [
        Member("aws:lambda/function:Function", {"name": UNKNOWN}, "a"),
        Member("aws:lambda/function:Function", {"name": "b"}, "b"),
    ]
    found: list[str] = []
    policy = as_policy(BY_NAME["lambda-log-group"])
    with pytest.raises(UnknownValueError):
        policy.validate(StackValidationArgs(stack_of(functions)), lambda text, urn=None: found.append(f"{urn} {text}"))
    assert len(found) == 1 and found[0].startswith(functions[1].urn)


def test_the_list_and_the_document_name_every_control(capsys: pytest.CaptureFixture[str]) -> None:
    print_controls()
    listed = capsys.readouterr().out
    documented = (ROOT / "docs" / "policies.md").read_text()
    for control in CONTROLS:
        assert control.name in listed
        assert f"`{control.name}`" in documented
    for exemption in EXEMPTIONS:
        assert exemption.reason in listed
