"""The documented rules of the input: each broken one is named with file, line and what is allowed."""

from __future__ import annotations

import gzip
import json
import math
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from contracts.problems import ProblemsError
from local_run.deepar.config import Config
from local_run.deepar.data import read_channel
from local_run.deepar.dataset import Schema, Statistics, conform_channel
from tests.local_run.deepar.support import SMALL, hyperparameters, seasonal_series

GOOD = {"start": "2020-01-06 00:00:00", "target": [1, 2.5, None, "NaN"], "cat": [0], "dynamic_feat": [[1, 2, 3, 4]]}


def channel(folder: Path, *records: object) -> Path:
    path = folder / "train"
    path.mkdir(exist_ok=True)
    lines = [item if isinstance(item, str) else json.dumps(item) for item in records]
    (path / "train.json").write_text("\n".join(lines) + "\n")
    return path


def test_missing_values_are_null_or_nan(tmp_path: Path) -> None:
    (series,) = read_channel(channel(tmp_path, GOOD))
    np.testing.assert_array_equal(series.target, [1, 2.5, math.nan, math.nan])
    assert series.cat == (0,)
    assert series.num_dynamic_feat == 1


def test_every_file_counts_but_hidden_ones_and_success(tmp_path: Path) -> None:
    folder = channel(tmp_path, GOOD)
    (folder / "part").mkdir()
    (folder / "part" / "b.json.gz").write_bytes(gzip.compress(json.dumps({**GOOD, "cat": [1]}).encode()))
    (folder / "_SUCCESS").write_text("")
    (folder / ".hidden").write_text("nonsense")
    assert [series.cat for series in read_channel(folder)] == [(1,), (0,)]


STARTS = {"YYYY-MM-DD HH:MM:SS": "2020-01-06 00:00:00", "YYYY-MM-DD": "2020-01-06"}


@pytest.mark.parametrize("form", STARTS)
def test_a_start_is_read_in_each_documented_form(tmp_path: Path, form: str) -> None:
    (series,) = read_channel(channel(tmp_path, {**GOOD, "start": STARTS[form]}))
    assert series.start == datetime(2020, 1, 6)
    page = Path(__file__).parents[3] / "docs" / "deepar.md"
    assert f"`{form}`" in page.read_text()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start": "2020-01-06T00:00:00+01:00"}, "start is '2020-01-06T00:00:00+01:00'; allowed: YYYY-MM-DD HH:MM:SS or"),
        ({"start": "2020-01-06 00:00"}, "start is '2020-01-06 00:00'"),
        ({"start": "2020-01"}, "start is '2020-01'"),
        ({"start": "٢٠٢٠-01-06"}, "start is '٢٠٢٠-01-06'"),
        ({"start": "06.01.2020"}, "start is '06.01.2020'"),
        ({"start": "2020-02-30 00:00:00"}, "start is '2020-02-30 00:00:00'"),
        ({"start": 5}, "start is 5"),
        ({"target": []}, "target is []"),
        ({"target": [1, "two", 3, 4]}, "target is \"'two' at position 1\""),
        ({"target": [1, True, 3, 4]}, "target is 'True at position 1'"),
        ({"target": {"a": 1}}, "target is {'a': 1}"),
        ({"cat": [-1]}, "cat is [-1]; allowed: a list of integers from 0"),
        ({"cat": 0}, "cat is 0"),
        ({"dynamic_feat": [[1, 2, 3]]}, "dynamic_feat[0] is '3 values'; allowed: 4 values"),
        ({"dynamic_feat": [[1, 2, 3, 4], [1, None, 3, 4]]}, "dynamic_feat[1] is 'None at position 1'"),
        ({"dynamic_feat": [[1, "NaN", 3, 4]]}, "missing values are not supported in features"),
        ({"dynamic_feat": [1, 2, 3, 4]}, "dynamic_feat is [1, 2, 3, 4]; allowed: a list of lists"),
        ({"feat": [1]}, "feat is [1]; unknown field"),
        ({"target": [1, 10**400, 3, 4]}, "target is '1000"),
        ({"target": [1, None, -(10**400), 4]}, "target is '-1000"),
        ({"dynamic_feat": [[1, 2, 1e39, 4]]}, "dynamic_feat[0] is '1e+39 at position 2'; allowed: finite numbers up to 3.4e"),
        ({"dynamic_feat": [[1, 2, 10**400, 4]]}, "dynamic_feat[0] is '1000"),
        ({"cat": [3_000_000_000]}, "cat is [3000000000]; allowed: a list of integers from 0 to 99999"),
    ],
)
def test_a_broken_rule_is_named(tmp_path: Path, change: dict[str, object], message: str) -> None:
    with pytest.raises(ProblemsError) as caught:
        read_channel(channel(tmp_path, GOOD, {**GOOD, **change}))
    assert message in str(caught.value)
    assert "train/train.json line 2" in str(caught.value)
    assert "line 1" not in str(caught.value)


def test_infinite_numbers_and_broken_lines_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ProblemsError) as caught:
        read_channel(channel(tmp_path, '{"start": "2020-01-06", "target": [1e999]}', '{"start": ', '{"target": [1]}', "[]"))
    text = str(caught.value)
    for part in (
        "(1e999 is too large a number)",
        "line 2 is '{\"start\": \\n'",
        "line 3 start is missing",
        "line 4 is []",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("[" * 100_000, "nested more than 100 levels deep"),
        ('{"start": "2020-01-06", "target": [1, 2], "target": [9, 9]}', "duplicate member: target"),
        ('{"start": "2020-01-06", "target": [1, NaN]}', "NaN is no JSON number"),
    ],
)
def test_a_line_that_readers_would_take_differently_is_refused(tmp_path: Path, line: str, reason: str) -> None:
    with pytest.raises(ProblemsError, match=rf"line 2 is .*a JSON object with start and target \({reason}\)"):
        read_channel(channel(tmp_path, GOOD, line))


@pytest.mark.parametrize(
    ("name", "content"), [("a.csv", b"1"), ("a.json", b"\xff\xfe"), ("a.json.gz", b"no gzip"), ("a.json", b"\n")]
)
def test_unreadable_files_are_named(tmp_path: Path, name: str, content: bytes) -> None:
    folder = tmp_path / "train"
    folder.mkdir()
    (folder / name).write_bytes(content)
    with pytest.raises(ProblemsError, match="allowed: "):
        read_channel(folder)


def test_an_empty_channel_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProblemsError, match="channel none"):
        read_channel(tmp_path / "none")


def conform(config: Config, series: list, channel: str = "train") -> list:
    return conform_channel(channel, series, Schema.derive(config, series), config)


def test_cat_and_features_are_all_or_none_and_of_one_count() -> None:
    series = seasonal_series(4)
    series[0] = replace(series[0], dynamic_feat=np.ones((2, 210), np.float32))
    series[2] = replace(series[2], cat=())
    with pytest.raises(ProblemsError) as caught:
        conform(SMALL, series)
    text = str(caught.value)
    assert "train series 3 cat is []; allowed: 1 categories" in text
    for number in (2, 3, 4):
        assert f"train series {number} dynamic_feat is '0 features'; allowed: 2 features" in text


def test_ignored_fields_are_dropped_and_explicit_ones_checked() -> None:
    series = [replace(item, dynamic_feat=np.ones((1, 210), np.float32)) for item in seasonal_series(3)]
    ignored = conform(Config.from_strings(hyperparameters(cardinality="ignore", num_dynamic_feat="ignore")), series)
    assert [(item.cat, item.num_dynamic_feat) for item in ignored] == [((), 0)] * 3
    with pytest.raises(ProblemsError, match=r"series 3 cat\[0\] is 2; allowed: 0 to 1"):
        conform(Config.from_strings(hyperparameters(cardinality="[2]")), series)
    with pytest.raises(ProblemsError, match="allowed: 5 features"):
        conform(Config.from_strings(hyperparameters(num_dynamic_feat="5")), series)


@pytest.mark.parametrize(
    ("likelihood", "value"), [("beta", 1.5), ("beta", -0.1), ("negative-binomial", -1.0), ("negative-binomial", 2.5)]
)
def test_targets_outside_the_likelihood_are_named(likelihood: str, value: float) -> None:
    config = replace(SMALL, likelihood=likelihood)
    series = [replace(item, target=np.array([0.0, 1.0, math.nan, value])) for item in seasonal_series(1)]
    with pytest.raises(ProblemsError, match=f"target is {value}; likelihood {likelihood} allows"):
        conform(config, series)


def test_test_series_must_be_longer_than_the_forecast() -> None:
    with pytest.raises(ProblemsError, match="'7 values'; allowed: more than prediction_length"):
        conform(SMALL, [replace(item, target=item.target[:7]) for item in seasonal_series(1)], "test")


def test_a_channel_of_missing_values_alone_is_refused() -> None:
    with pytest.raises(ProblemsError, match="only missing values"):
        conform(SMALL, [replace(item, target=np.full(50, math.nan)) for item in seasonal_series(2)])


def test_long_lists_of_problems_are_cut(tmp_path: Path) -> None:
    with pytest.raises(ProblemsError, match="further problems is '30 more'"):
        read_channel(channel(tmp_path, *[{**GOOD, "cat": [-1]}] * 50))


def test_statistics_are_of_observed_values() -> None:
    series = [replace(item, target=np.array([1.0, math.nan, -3.0])) for item in seasonal_series(1)]
    found = Statistics.of(series)
    assert (found.observations, found.mean_length, found.minimum, found.mean, found.maximum) == (2, 3, -3, -1, 1)
    assert (found.mean_abs, found.missing, found.integer) == (2, True, True)
