from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pulumi_policy import StackValidationArgs, StackValidationPolicy
from pulumi_policy.proxy import UnknownValueError

from policies.controls import ADVISORY, as_policy
from policies.exemption_report import NAME as EXEMPTION_POLICY
from policies.exemptions import EXEMPTIONS, NOT_DONE
from policies.kinds import FUNCTION, LOG_GROUP, TABLE
from policies.pack import CONTROLS, policies
from policies.tables import control_table, exemption_table, not_done_table, print_tables, property_table
from tests.policies import (
    test_accounts,
    test_buckets,
    test_customer_keys,
    test_every_resource,
    test_images,
    test_lambda_functions,
    test_permissions,
    test_pipeline_definition,
    test_property_rules,
    test_resource_policies,
)
from tests.policies.cases import BY_NAME, UNKNOWN, Case, Member, judge, stack_of

MODULES = (test_accounts, test_buckets, test_customer_keys, test_every_resource, test_images, test_lambda_functions) + (
    test_permissions,
    test_pipeline_definition,
    test_property_rules,
    test_resource_policies,
)
CASES: list[Case] = [case for module in MODULES for case in module.CASES]
ROOT = Path(__file__).resolve().parents[2]
ID = re.compile(
    r"[A-Z][A-Za-z0-9]+\.\d+|CT\.[A-Z]+\.PR\.\d+|CKV2?_[A-Z]+_\d+|AwsSolutions-[A-Z0-9]+|[WF]\d+|[a-z]+([_-][a-z]+)+"
)


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.name)
def test_each_control_has_a_good_and_a_bad_case(control: object) -> None:
    reported = [bool(case.finds) for case in CASES if BY_NAME[case.control] is control]
    assert True in reported and False in reported


def test_controls_have_unique_names_and_known_ids() -> None:
    assert len(BY_NAME) == len(CONTROLS)
    assert [policy.name for policy in policies()] == [*BY_NAME, EXEMPTION_POLICY]
    for control in CONTROLS:
        assert re.fullmatch(r"[a-z0-9-]+", control.name)
        assert control.ids and all(ID.fullmatch(id_) for id_ in control.ids.split()), control.ids
        assert as_policy(control).enforcement_level is control.level
    assert {control.unknown_reported_by for control in CONTROLS} - {""} <= set(BY_NAME)


def test_advisory_controls() -> None:
    assert {control.name for control in CONTROLS if control.level is ADVISORY} == {
        "s3-logging-exists",
        "s3-logged-elsewhere",
        "image-clean",
        "scheduler-key",
        "lambda-traced",
    }


def test_exemptions_are_for_controls_of_the_pack_and_have_owners() -> None:
    assert {exemption.control for exemption in EXEMPTIONS} <= set(BY_NAME)
    assert len(set(EXEMPTIONS)) == len(EXEMPTIONS)
    assert all(item.reason and item.owner for item in (*EXEMPTIONS, *NOT_DONE))


def test_an_exemption_covers_named_resources_and_one_control() -> None:
    ours, another = Member(FUNCTION, {}, "functions-reconcile-function"), Member(FUNCTION, {}, "another")
    assert judge(BY_NAME["lambda-reserved-concurrency"], [ours]) == []
    assert judge(BY_NAME["lambda-reserved-concurrency"], [another]) != []
    assert judge(BY_NAME["lambda-runtime"], [ours]) != []


def _report(found: list[Member], config: dict[str, Any] | None = None) -> list[str]:
    lines: list[str] = []
    policy = next(policy for policy in policies() if policy.name == EXEMPTION_POLICY)
    assert isinstance(policy, StackValidationPolicy)
    policy.validate(StackValidationArgs(stack_of(found), config), lambda text, urn=None: lines.append(text))
    return lines


def test_a_preview_lists_the_exemptions_that_apply() -> None:
    ours = Member(FUNCTION, {}, "functions-reconcile-function")
    reserved = Member(FUNCTION, {"reservedConcurrentExecutions": 2}, "functions-other-function")
    (exemption, *not_done) = _report([ours, reserved, Member(TABLE, {}, "tables-execution")])
    assert exemption == (
        "lambda-reserved-concurrency does not apply to functions-reconcile-function. Reason: new accounts may run 10 "
        "invocations at once, and Lambda does not let them reserve any of these. Owner: platform engineer (CKV_AWS_115, W92)"
    )
    assert [line.partition(":")[0] for line in not_done] == ["backup plan", "code signing", "functions in a VPC"]
    assert "not done for aws:lambda/function:Function (2). Reason: " in not_done[1]
    assert "Owner: platform engineer (CKV_AWS_272)" in not_done[1]


def test_no_exemption_is_listed_that_does_not_apply() -> None:
    assert _report([Member(LOG_GROUP, {}, "logs")]) == []
    production = Member(FUNCTION, {}, "functions-reconcile-function", stack="live")
    assert "lambda-reserved-concurrency" in _report([production])[0]
    assert not any("lambda-reserved" in line for line in _report([production], {"productionStacks": "live"}))


def test_an_exemption_is_listed_if_the_value_is_not_known_yet() -> None:
    function = Member(FUNCTION, {"reservedConcurrentExecutions": UNKNOWN}, "functions-reconcile-function")
    assert "lambda-reserved-concurrency does not apply to functions-reconcile-function" in _report([function])[0]


def test_all_resources_are_checked_if_one_is_not_known_yet() -> None:
    functions = [Member(FUNCTION, {"name": UNKNOWN}, "a"), Member(FUNCTION, {"name": "b"}, "b")]
    found: list[str] = []
    policy = as_policy(BY_NAME["lambda-log-group"])
    assert isinstance(policy, StackValidationPolicy)
    with pytest.raises(UnknownValueError):
        policy.validate(StackValidationArgs(stack_of(functions)), lambda text, urn=None: found.append(f"{urn} {text}"))
    assert len(found) == 1 and found[0].startswith(functions[1].urn)


@pytest.mark.parametrize("table", [property_table, control_table, exemption_table, not_done_table])
def test_the_document_contains_the_tables(table: Callable[[], str], capsys: pytest.CaptureFixture[str]) -> None:
    documented = (ROOT / "docs" / "policies.md").read_text()
    assert table() in documented, "copy the tables that `python -m policies --list` prints to docs/policies.md"
    print_tables()
    assert table() in capsys.readouterr().out
