"""The prediction table: pages of a query, rows that are scored once, and a table that does not exist."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.problems import ProblemsError
from contracts.tables import PREDICTION
from fe_image.forecast.rows import Score
from fe_image.forecast.table import PredictionTable
from tests.fe_image.step_job import REGION, Cloud, cloud
from tests.tables import create_table

__all__ = ["cloud"]  # its fixture


@pytest.fixture
def table(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> PredictionTable:
    for name, value in cloud.environment.items():
        monkeypatch.setenv(name, value)
    if PREDICTION.name not in cloud.dynamodb.list_tables()["TableNames"]:
        create_table(cloud.dynamodb, PREDICTION)
    return PredictionTable(PREDICTION.name, REGION)


def item(series: str, day: int, mean: str = "1.0", size: int = 0) -> dict[str, Any]:
    texts = {"Series": series, "Row": f"2024-01-{day:02d} 00:00:00/run-1", "Mean": mean, "Unit": "x" * size}
    return {name: {"S": text} for name, text in texts.items()}


def test_all_pages_of_rows_up_to_a_time(table: PredictionTable):
    rows = [item("t/A", day, size=300_000) for day in range(1, 8)]  # a page has at most 1 MB
    assert table.put([*rows, item("t/B", 1)]) == 8
    found = table.unscored([("t/A", "2024-01-06 00:00:00")])
    assert [row["Row"] for row in found] == [row["Row"] for row in rows[:6]], "the time itself is included, later ones are not"
    assert len(table.unscored([("t/A", "2024-02-01 00:00:00"), ("t/B", "2024-02-01 00:00:00")])) == 8


def test_a_row_is_scored_once_and_not_replaced_afterwards(table: PredictionTable, cloud: Cloud):
    row = item("t/C", 1)
    assert table.put([row]) == table.put([item("t/C", 1, mean="2.0")]) == 1, "a retried step replaces its rows"
    assert table.score([(row, Score(3.0, 0.5, None))]) == 1
    assert table.score([(row, Score(4.0, 0.6, 0.7))]) == 0
    assert table.put([row]) == 0
    stored = cloud.dynamodb.get_item(TableName=PREDICTION.name, Key={name: row[name] for name in ("Series", "Row")})["Item"]
    texts = {"Mean": "2.0", "Actual": "3.0", "Loss": "0.5"}
    assert stored == {**row, **{name: {"S": text} for name, text in texts.items()}}
    assert table.unscored([("t/C", "2024-02-01 00:00:00")]) == []


def test_a_table_that_does_not_exist_is_named(table: PredictionTable):
    with pytest.raises(ProblemsError, match=r"PREDICTION_TABLE is 'absent'; allowed: a table of this account in eu-central-1"):
        PredictionTable("absent", REGION).unscored([("t/A", "2024-01-01 00:00:00")])
