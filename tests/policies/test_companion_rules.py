from __future__ import annotations

from dataclasses import replace

import pytest

from policies.companion_rules import RULES, CompanionRule
from tests.policies.cases import BY_NAME, Member, judge


@pytest.mark.usefixtures("nothing_exempt")
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
@pytest.mark.parametrize("value", [None, True, 5, "", "another", [], ["models"], {}, {"a": "models"}])
def test_a_companion_that_refers_to_nothing_does_not_count(rule: CompanionRule, value: object) -> None:
    resource = Member(rule.kind, {"name": "models"}, "models")
    has = {rule.must_have.partition(".")[0]: {"onFailure": {"destination": "arn"}}} if rule.must_have else {}
    companion = Member(rule.companion, {rule.by: "models", **has}, "companion")
    assert judge(BY_NAME[rule.name], [resource, companion]) == []
    (message,) = judge(BY_NAME[rule.name], [resource, replace(companion, inputs={**companion.inputs, rule.by: value})])
    assert f"{rule.kind} models: its {rule.companion.rpartition(':')[2]} is missing; needed: one {rule.companion}" in message
