from __future__ import annotations

import pytest

from contracts.problems import ProblemsError
from runs.begin import override_problems, start
from runs.overrides import parse_overrides, read_overrides
from runs.stack import Stack
from tests.fake_sagemaker import FakeSageMaker
from tests.runs.test_begin import stored

__all__ = ["stored"]  # its fixture


def test_values_may_hold_equals_signs_and_be_empty() -> None:
    assert parse_overrides(["a=b=c", "d="]) == {"a": "b=c", "d": ""}


@pytest.mark.parametrize(
    ("texts", "message"), [(["epochs"], "allowed: name=value"), (["=3"], "name=value"), (["a=1", "a=2"], "set to '1' already")]
)
def test_what_sets_nothing_and_what_is_set_twice_is_told(texts: list[str], message: str) -> None:
    with pytest.raises(ProblemsError, match=message):
        parse_overrides(texts)


def test_what_is_wrong_with_the_texts_is_told_with_all_the_rest(stack: Stack, sagemaker: FakeSageMaker) -> None:
    values, problems = read_overrides(["foo", "epochs=0", "epochs=1"])
    with pytest.raises(ProblemsError) as caught:
        start(stack, "daily", "a b", values, problems=problems)
    found = str(caught.value)
    assert len(caught.value.problems) == 4
    assert all(part in found for part in ("'foo'", "set to '0' already", "from 1 to 1000", "'a b'"))
    assert sagemaker.starts == 0


@pytest.mark.parametrize(
    ("name", "good", "bad", "message"),
    [
        ("TrainingInstanceCount", ["1", "100"], ["0", "-1", "two", "101", "1e9", "", "٣"], "a whole number from 1 to 100"),
        ("ProcessingInstanceCount", ["1"], ["2", "0"], "allowed: 1"),
        ("ProcessingVolumeSizeInGB", ["30", "16384"], ["0", "99999"], "from 1 to 16384"),
        ("TrainingVolumeSizeInGB", ["30"], ["1.5"], "from 1 to 16384"),
        ("AssetsS3Uri", ["s3://bucket/assets", "s3://bucket"], ["foo", "s3://", "https://bucket", ""], "s3://bucket/assets"),
        ("ModelPackageGroupName", ["my-models"], ["bad name!!", "-a", "a" * 64, ""], "up to 63 letters"),
        ("TheirOwnCount", ["3", "-3"], ["three", ""], "allowed: a"),
        ("TrainingInstanceType", ["ml.g5.xlarge"], ["c5.xlarge", ""], "such as ml.m5.xlarge"),
    ],
)
def test_a_parameter_takes_what_a_job_can_use(name: str, good: list[str], bad: list[str], message: str) -> None:
    kind = "Integer" if name.endswith(("Count", "InGB")) else "String"
    definition = {"Parameters": [{"Name": name, "Type": kind}], "Steps": []}
    assert [override_problems({name: value}, definition) for value in good] == [[]] * len(good)
    for value in bad:
        (problem,) = override_problems({name: value}, definition)
        assert f"--set {name} is {value!r}" in str(problem)
        assert message in str(problem)
