from __future__ import annotations

import pytest

from contracts.problems import ProblemsError
from runs.begin import start
from runs.overrides import parse_overrides, read_overrides
from runs.stack import Stack
from tests.fake_sagemaker import FakeSageMaker
from tests.runs.test_begin import stored

__all__ = ["stored"]  # its fixture


def test_values_may_hold_equals_signs_and_be_empty() -> None:
    assert parse_overrides(["a=b=c", "d="]) == {"a": "b=c", "d": ""}


@pytest.mark.parametrize(
    ("texts", "said"), [(["epochs"], "allowed: name=value"), (["=3"], "name=value"), (["a=1", "a=2"], "set to '1' already")]
)
def test_what_sets_nothing_and_what_is_set_twice_is_told(texts: list[str], said: str) -> None:
    with pytest.raises(ProblemsError, match=said):
        parse_overrides(texts)


def test_what_is_wrong_with_the_texts_is_told_with_all_the_rest(stack: Stack, sagemaker: FakeSageMaker) -> None:
    values, problems = read_overrides(["foo", "epochs=0", "epochs=1"])
    with pytest.raises(ProblemsError) as caught:
        start(stack, "daily", "a b", values, problems=problems)
    found = str(caught.value)
    assert len(caught.value.problems) == 4
    assert all(part in found for part in ("'foo'", "set to '0' already", "from 1 to 1000", "'a b'"))
    assert sagemaker.starts == 0
