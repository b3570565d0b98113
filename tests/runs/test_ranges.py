"""A start whose prices can not serve its template is refused from their metadata, and nothing is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contracts.problems import ProblemsError
from contracts.template import parse_template
from handlers import scheduled_start
from runs import assets, templates
from runs.begin import start
from runs.stack import Stack
from runs.store import execution_store
from tests.fake_sagemaker import FakeSageMaker


def put_prices(stack: Stack, folder: Path, asset: str, first: str, last: str) -> None:
    days = np.arange(np.datetime64(first), np.datetime64(last) + 1)
    rows = [f"{day},1.5\n" for day in days[np.is_busday(days)]]
    (folder / f"{asset}.csv").write_text("Date,Close\n" + "".join(rows))
    assets.put(stack, assets.read_price_files([folder / f"{asset}.csv"]))


def put_template(stack: Stack, **changes: Any) -> None:
    data: dict[str, Any] = {
        "id": "daily",
        "baseAssets": ["ACME", "sp500"],
        "predictedAsset": "ACME",
        "startDataset": "2010-01-01",
        "endTraining": "2018-06-29",
        "predictionLength": 10,
        "testWindows": 4,
        "features": {"rsi": {}},
    }
    templates.put(stack, parse_template(data | changes))


@pytest.fixture(autouse=True)
def prices(stack: Stack, tmp_path: Path) -> None:
    put_prices(stack, tmp_path, "ACME", "2012-01-02", "2024-07-26")
    put_prices(stack, tmp_path, "sp500", "2010-01-04", "2018-12-28")


ACME = "ACME: 2012-01-02 to 2024-07-26 (3280 rows)"
SP500 = "sp500: 2010-01-04 to 2018-12-28 (2345 rows)"
MISFITS: dict[str, tuple[dict[str, Any], str]] = {
    "prices end before the training": (
        {"endTraining": "2024-03-29"},
        "endTraining is '2024-03-29'; allowed: a date before 2018-12-28, where the prices of sp500 end, by testWindows · "
        f"predictionLength = 40 steps of 1D; {ACME}; {SP500}",
    ),
    "prices end with the training": (
        {"endTraining": "2018-12-28"},
        "endTraining is '2018-12-28'; allowed: a date before 2018-12-28, where the prices of sp500 end",
    ),
    "prices end before the last window": (
        {"endTraining": "2024-07-20", "baseAssets": ["ACME"]},
        "testWindows is 4; testWindows · predictionLength needs 40 steps of 1D after endTraining (2024-07-20), and the prices "
        "of ACME, which end 2024-07-26, have 6; allowed: an earlier endTraining, a shorter predictionLength or prices that "
        f"reach on; {ACME}",
    ),
    "prices end within a window": (
        {"endTraining": "2018-12-01"},
        f"and the prices of sp500, which end 2018-12-28, have 27; allowed: at most 2; {ACME}; {SP500}",
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


@pytest.mark.parametrize(("changes", "expected"), MISFITS.values(), ids=MISFITS)
def test_what_can_not_work_is_refused_before_anything_is_written(
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
    with pytest.raises(ProblemsError, match="allowed: a date before 2018-12-28, where the prices of sp500 end"):
        scheduled_start.handle({"templateId": "daily", "scheduledTime": "2026-03-01T02:00:00Z"})
    assert (execution_store(stack).all(), sagemaker.starts) == ([], 0)
