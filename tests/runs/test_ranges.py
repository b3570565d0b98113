"""A start whose prices do not suit its template is refused from their metadata, and nothing is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contracts.problems import ProblemsError
from contracts.snapshot import AssetVersion, from_attribute
from contracts.tables import ExecutionAttribute
from contracts.template import parse_template
from handlers import scheduled_start
from runs import assets, templates
from runs.begin import start
from runs.price_files import read_price_files
from runs.ranges import metadata_notes
from runs.stack import Stack
from runs.store import execution_store
from tests.fake_sagemaker import FakeSageMaker


def put_prices(stack: Stack, folder: Path, asset: str, first: str, last: str) -> None:
    days = np.arange(np.datetime64(first), np.datetime64(last) + 1)
    rows = [f"{day},1.5\n" for day in days[np.is_busday(days)]]
    (folder / f"{asset}.csv").write_text("Date,Close\n" + "".join(rows))
    assets.put(stack, read_price_files([folder / f"{asset}.csv"]))


def put_template(stack: Stack, **changes: Any) -> None:
    data: dict[str, Any] = {
        "id": "daily",
        "baseAssets": ["ACME", "sp500"],
        "predictedAsset": "ACME",
        "startDataset": "2010-01-01",
        "endTraining": "2018-06-29",
        "predictionLength": 10,
        "calibrationWindows": 1,
        "testWindows": 3,
        "features": {"rsi": {}},
    }
    templates.put(stack, parse_template(data | changes))


@pytest.fixture(autouse=True)
def prices(stack: Stack, tmp_path: Path) -> None:
    put_prices(stack, tmp_path, "ACME", "2012-01-02", "2024-07-26")
    put_prices(stack, tmp_path, "sp500", "2010-01-04", "2018-12-28")


ACME = "ACME: 2012-01-02 to 2024-07-26 (3280 rows)"
SP500 = "sp500: 2010-01-04 to 2018-12-28 (2345 rows)"
WRONG_TIMES: dict[str, tuple[dict[str, Any], str]] = {
    "prices end before the training": (
        {"endTraining": "2024-03-29"},
        "endTraining is '2024-03-29'; the prices of sp500 end 2018-12-28, and the windows need 40 steps of 1D after "
        f"endTraining; use 2018-11-18 or earlier; {ACME}; {SP500}",
    ),
    "prices end with the training": (
        {"endTraining": "2018-12-28"},
        "endTraining is '2018-12-28'; the prices of sp500 end 2018-12-28, and the windows need 40 steps of 1D after "
        "endTraining; use 2018-11-18 or earlier",
    ),
    "prices end before the last window": (
        {"endTraining": "2024-07-20", "baseAssets": ["ACME"]},
        "testWindows is 3; the prices of ACME, which end 2024-07-26, have 6 steps of 1D after endTraining (2024-07-20), and "
        "(calibrationWindows + testWindows) · predictionLength is 40; use endTraining 2024-06-16 or earlier, or a shorter "
        "predictionLength; " + ACME,
    ),
    "prices end within a window": (
        {"endTraining": "2018-12-01"},
        f"40; use endTraining 2018-11-18 or earlier, or at most 1 testWindows; {ACME}; {SP500}",
    ),
    "prices begin after the training": (
        {"endTraining": "2011-12-30"},
        "endTraining is '2011-12-30'; allowed: a date after 2012-01-02, where the prices of ACME begin; " + ACME,
    ),
    "the training is one day": (
        {"startDataset": "2015-01-05", "endTraining": "2015-01-05"},
        "endTraining is '2015-01-05'; allowed: a date after 2015-01-05, which is startDataset; ",
    ),
}


@pytest.mark.parametrize(("changes", "expected"), WRONG_TIMES.values(), ids=WRONG_TIMES)
def test_what_cannot_work_is_refused_before_anything_is_written(
    stack: Stack, sagemaker: FakeSageMaker, changes: dict[str, Any], expected: str
) -> None:
    put_template(stack, **changes)
    with pytest.raises(ProblemsError) as caught:
        start(stack, "daily", "e1")
    assert expected in str(caught.value)
    assert len(caught.value.problems) == 1
    assert (execution_store(stack).all(), sagemaker.starts) == ([], 0)


def test_it_is_said_with_all_else_that_is_wrong(stack: Stack, sagemaker: FakeSageMaker) -> None:
    put_template(stack, endTraining="2024-03-29", baseAssets=["ACME", "sp500", "GAMMA"])
    with pytest.raises(ProblemsError) as caught:
        start(stack, "daily", "e1", {"epochs": "0"})
    assert [problem.where for problem in caught.value.problems] == ["--set epochs", "asset GAMMA", "endTraining"]


def test_what_may_work_is_started(stack: Stack, sagemaker: FakeSageMaker) -> None:
    put_template(stack, endTraining="2018-11-18")
    assert start(stack, "daily", "e1").new


def test_metadata_of_other_bytes_than_those_that_are_there_say_nothing(stack: Stack, sagemaker: FakeSageMaker) -> None:
    stack.s3.put_object(Bucket="assets", Key="assets/sp500.csv", Body=b"Date,Close\n2010-01-04,1\n2024-07-26,1\n")
    put_template(stack, endTraining="2024-03-29")
    assert start(stack, "daily", "e1").new


def test_the_retraining_schedule_is_refused_likewise(
    stack: Stack, sagemaker: FakeSageMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduled_start, "stack", lambda: stack)
    put_template(stack, endTraining="2024-03-29")
    with pytest.raises(ProblemsError, match="the prices of sp500 end 2018-12-28, and .*; use 2018-11-18 or earlier"):
        scheduled_start.handle({"templateId": "daily", "scheduledTime": "2026-03-01T02:00:00Z"})
    assert (execution_store(stack).all(), sagemaker.starts) == ([], 0)


FACTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "another frequency": ("", {"frequency": "1H"}, "prices of FACTS: the data look like 1D; use frequency 1D"),
    "a step that is too large": (
        "2024-02-01,500\n2024-02-02,505\n",
        {"data": {"maxStep": 4}},
        "data.maxStep is 4.0; prices of FACTS: a price changes by a factor of 5 in one step; if that is right",
    ),
    "rows without a price": (
        "2024-02-01,\n2024-02-02,\n2024-02-03,\n",
        {},
        "data.maxMissingShare is 0.05; prices of FACTS: 3 of 33 rows have no price",
    ),
    "a live last row": (
        "2024-01-30 16:00:02,100\n",
        {},
        "data.duplicates is 'error'; prices of FACTS: 1 row shares its step with another row; use 'first' or 'last'",
    ),
    "a price below zero": (
        "2024-01-31,-0.5\n",
        {"targetTransform": "level"},
        "targetTransform is 'level'; prices of FACTS: the lowest price is -0.5, and features.returns need prices above 0",
    ),
    "a count below zero": (
        "2024-01-31,-0.5\n",
        {"targetTransform": "log1p", "features": {"calendar": {}}},
        "targetTransform is 'log1p'; prices of FACTS: the lowest value is -0.5, and log1p needs values of 0 or above",
    ),
    "too few rows for a feature": (
        "",
        {"features": {"sma": {"windows": [100]}}},
        "features.sma is 'windows of 100 rows'; FACTS has at most 20 rows from 2010-01-01 to 2024-01-20 (FACTS: 2024-01-01",
    ),
}


@pytest.mark.parametrize(("more", "changes", "expected"), FACTS.values(), ids=FACTS)
def test_what_the_stored_file_shows_is_reported_before_a_job_is_paid_for(
    stack: Stack, sagemaker: FakeSageMaker, tmp_path: Path, more: str, changes: dict[str, Any], expected: str
) -> None:
    days = "".join(f"2024-01-{day:02},100\n" for day in range(1, 31))
    (tmp_path / "FACTS.csv").write_text(f"Date,Close\n{days}{more}")
    assets.put(stack, read_price_files([tmp_path / "FACTS.csv"]))
    fields = {"baseAssets": ["FACTS"], "endTraining": "2024-01-20", "predictionLength": 1, "contextLength": 2, "testWindows": 6}
    put_template(stack, **({"features": {"returns": {}}, "predictedAsset": "FACTS"} | fields | changes))
    with pytest.raises(ProblemsError) as caught:
        start(stack, "daily")
    (problem,) = caught.value.problems
    assert expected in str(problem)
    assert (execution_store(stack).all(), sagemaker.starts) == ([], 0)


@pytest.mark.parametrize(
    ("item", "found"),
    [
        (None, "s3://assets/assets/ACME.csv was not stored by `runs assets put`"),
        (
            {"Sha256": "0123456789abcdef", "StoredAt": "2024-07-27T08:00:00.000+00:00"},
            "s3://assets/assets/ACME.csv is not the file that `runs assets put` stored at 2024-07-27T08:00:00.000+00:00 "
            "(SHA-256 fedcba987654…, recorded 0123456789ab…)",
        ),
        (
            {},
            "s3://assets/assets/ACME.csv is not the file that `runs assets put` stored at an unknown time "
            "(SHA-256 fedcba987654…, recorded …)",
        ),
    ],
    ids=["never recorded", "replaced", "an item without attributes"],
)
def test_a_note_names_an_object_that_differs_from_its_metadata(stack: Stack, item: dict[str, str] | None, found: str) -> None:
    version: AssetVersion = {"Key": "assets/ACME.csv", "VersionId": "v", "Sha256": "fedcba9876543210", "Size": 1}
    assert metadata_notes(stack, {"ACME": version}, {} if item is None else {"ACME": item}) == [
        f"asset ACME: {found}. The execution reads the object as it is now, and its dates were not checked. "
        "To use your own file, run `runs assets put ACME.csv` and start again."
    ]


def test_there_is_no_note_about_an_object_that_matches_its_metadata(stack: Stack) -> None:
    version: AssetVersion = {"Key": "assets/ACME.csv", "VersionId": "v", "Sha256": "fedcba9876543210", "Size": 1}
    assert metadata_notes(stack, {"ACME": version}, {"ACME": {"Sha256": "fedcba9876543210"}}) == []


def frozen_end(stack: Stack, execution_id: str) -> str:
    start(stack, "daily", execution_id)
    item = execution_store(stack).get(execution_id)
    assert item is not None
    return str(from_attribute(item[ExecutionAttribute.SNAPSHOT])["Template"]["endTraining"])


def test_each_start_trains_until_the_last_date_that_leaves_all_windows(
    stack: Stack, sagemaker: FakeSageMaker, tmp_path: Path
) -> None:
    put_template(stack, endTraining="latest")
    assert frozen_end(stack, "e1") == "2018-11-08"
    put_prices(stack, tmp_path, "sp500", "2010-01-04", "2019-01-02")
    assert frozen_end(stack, "e2") == "2018-11-13"


def test_latest_needs_the_dates_of_all_assets(stack: Stack, sagemaker: FakeSageMaker) -> None:
    put_template(stack, endTraining="latest")
    stack.s3.put_object(Bucket=stack.outputs.assets_bucket, Key="assets/sp500.csv", Body=b"Date,Close\n2020-01-01,1\n")
    with pytest.raises(ProblemsError, match="endTraining is 'latest'; .*store sp500 with `runs assets put`, or give a date"):
        start(stack, "daily", "e1")
    stack.s3.delete_object(Bucket=stack.outputs.assets_bucket, Key="assets/sp500.csv")
    with pytest.raises(ProblemsError, match="start: 1 problem"):
        start(stack, "daily", "e1")
    assert execution_store(stack).all() == []


def test_prices_that_are_too_short_for_latest_are_refused_in_its_words(stack: Stack, sagemaker: FakeSageMaker) -> None:
    put_template(stack, endTraining="latest", predictionLength=400, testWindows=9, calibrationWindows=1)
    with pytest.raises(ProblemsError, match="endTraining is 'latest'; the windows need 4010 steps of 1D before 2018-12-28"):
        start(stack, "daily", "e1")
