from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.ids import (
    ABLATED_ID_MAX,
    ABLATED_TEMPLATE_ID_MAX,
    EXECUTION_ID_PATTERN,
    ablation_id,
    client_request_token,
    execution_id_problem,
    new_execution_id,
    promoted_execution_id,
    template_id_problem,
)
from contracts.layout import ExecutionLayout, executor_key
from contracts.problems import ProblemsError

IDS = st.from_regex(r"\A[A-Za-z0-9](-*[A-Za-z0-9]){0,20}\Z").filter(lambda value: len(value) <= 63)


@given(IDS)
def test_allowed_ids_are_accepted(value: str) -> None:
    assert execution_id_problem(value) is None


@given(st.text(max_size=70))
def test_what_is_accepted_matches_the_pattern_in_full(value: str) -> None:
    if execution_id_problem(value) is None:
        assert re.fullmatch(EXECUTION_ID_PATTERN.strip("^$"), value)
        assert len(value) <= 63


@pytest.mark.parametrize("value", ["", "-a", "a-", "a b", "a\n", "a/b", "..", "ä", "a" * 64, None, 7])
def test_other_ids_are_refused(value: object) -> None:
    assert execution_id_problem(value) is not None
    with pytest.raises(ProblemsError):
        ExecutionLayout(value)  # type: ignore[arg-type]


@given(IDS, IDS)
def test_two_executions_share_no_key(one: str, other: str) -> None:
    if one == other:
        return
    first, second = ExecutionLayout(one), ExecutionLayout(other)
    properties = [name for name, kind in vars(ExecutionLayout).items() if isinstance(kind, property)]
    keys = {f"{getattr(first, name)}/x" for name in properties}
    assert len(keys) > 15
    assert not any(key.startswith(f"{second.prefix}/") for key in keys)
    assert all(key.startswith(f"executions/{one}/") for key in keys)


@given(IDS)
def test_new_ids_are_ids_and_fit(template: str) -> None:
    if template_id_problem(template) is None:
        assert execution_id_problem(new_execution_id(template)) is None


def test_a_scheduled_id_depends_on_its_moment_alone() -> None:
    moment = datetime(2026, 3, 1, 2, tzinfo=UTC)
    assert new_execution_id("t", moment, "s") == new_execution_id("t", moment, "s") == "t-20260301-020000-s"
    assert new_execution_id("t", moment) != new_execution_id("t", moment)


def test_a_token_has_a_length_that_sagemaker_takes() -> None:
    assert 32 <= len(client_request_token("a")) <= 128
    assert client_request_token("a") == client_request_token("a") != client_request_token("b")


def test_a_changed_executor_is_another_key() -> None:
    assert executor_key("a.py", b"1") != executor_key("a.py", b"2") != executor_key("b.py", b"2")


def test_every_id_of_a_template_with_ablation_leaves_room_for_the_ablations():
    longest = new_execution_id("t" * ABLATED_TEMPLATE_ID_MAX, suffix="f1234")
    assert execution_id_problem(ablation_id(longest)) is None
    assert execution_id_problem(ablation_id("x" * ABLATED_ID_MAX)) is None
    assert execution_id_problem(ablation_id("x" * (ABLATED_ID_MAX + 1))) is not None


@pytest.mark.parametrize("execution_id", ["demo", "a", "x" * 63, f"{'x' * 49}-{'y' * 13}"])
def test_the_files_of_a_promoted_model_have_an_id_of_their_own(execution_id: str) -> None:
    arn = "arn:aws:sagemaker:eu-central-1:123456789012:model-package/group/"
    made = [promoted_execution_id(execution_id, f"{arn}{version}") for version in (1, 1, 2)]
    assert made[0] == made[1] != made[2]
    assert execution_id_problem(made[0]) is None
    assert made[0] != execution_id
    assert made[0].startswith(execution_id[:49])
