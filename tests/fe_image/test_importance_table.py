"""The importance rows of an execution: bounded in number and in time, even if the table fails or hangs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fe_image import importance_table
from fe_image.container.step_environment import StepEnvironment
from fe_image.importance_table import MAX_ROWS, store_importance
from fe_image.model.importance import ImportanceReport
from tests.patience import PATIENCE_SECONDS

WHERE = StepEnvironment("run-1", "executions", "importance", "models", 1.0, (0.1, 0.5, 0.9), Path("/"), "eu-central-1", None)


class Clock:
    """Stands for ``time``: passes when it is slept by."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Table:
    """Stands for DynamoDB's client; ``untaken`` says how many of a batch's rows the table is too busy for."""

    def __init__(self, untaken: Callable[[int], int] = lambda call: 0, clock: Any = time) -> None:
        self.rows: list[dict[str, Any]] = []
        self.calls: list[float] = []
        self._untaken = untaken
        self._clock = clock

    def batch_write_item(self, RequestItems: dict[str, list[Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's own name
        requests = RequestItems["importance"]
        assert 1 <= len(requests) <= 25, "DynamoDB's own limit"
        self.calls.append(self._clock.monotonic())
        taken = len(requests) - self._untaken(len(self.calls))
        self.rows += [request["PutRequest"]["Item"] for request in requests[:taken]]
        return {"UnprocessedItems": {"importance": requests[taken:]} if requests[taken:] else {}}


def report(features: int) -> ImportanceReport:
    return ImportanceReport({f"f{number}": 1.0 / (number + 1) for number in range(features)}, 0.1, 500)


def test_rows_that_a_busy_table_leaves_are_written_later():
    table = Table(lambda call: 5 if call <= 3 else 0)
    assert store_importance(WHERE, report(40), table)
    assert sorted(int(row["Rank"]["N"]) for row in table.rows) == list(range(1, 41))


def test_the_best_hundred_are_enough():
    table = Table()
    assert store_importance(WHERE, report(MAX_ROWS + 30), table)
    assert max(int(row["Rank"]["N"]) for row in table.rows) == MAX_ROWS == len(table.rows)


def test_a_table_that_takes_nothing_is_asked_ever_more_rarely_and_given_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    limits: list[tuple[float, float]] = []
    clock = Clock()
    monkeypatch.setattr(importance_table, "time", clock)
    monkeypatch.setattr(importance_table.random, "uniform", lambda low, high: limits.append((low, high)) or high)
    table = Table(lambda call: 25, clock)
    assert not store_importance(WHERE, report(30), table, seconds=0.6)
    assert table.calls == pytest.approx([0, 0.05, 0.15, 0.35]), "the next, at 0.75 s, would be too late"
    assert limits == [(0, 0.05), (0, 0.1), (0, 0.2), (0, 0.4)], "each pause is drawn from twice the range"
    assert "not in table importance" in caplog.text


def test_a_table_that_hangs_is_not_waited_for(caplog: pytest.LogCaptureFixture):
    release, answers = threading.Event(), []

    def hangs(call: int) -> int:
        answers.append(release.wait(PATIENCE_SECONDS))
        return 0

    assert not store_importance(WHERE, report(3), Table(hangs), seconds=0.2)
    assert answers == [], "the table still hangs"
    release.set()
    assert "no answer within 0.2 s; importance.json has it" in caplog.text
