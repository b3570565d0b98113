"""Contract 6: the tail and the whole log are synced, and a failing sync never fails or slows the step."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.tables import LOG_TAIL_BYTES
from fe_image.container.log_sync import FINAL_TRIES, LogBuffer, LogSync, tail
from fe_image.container.step_environment import StepEnvironment
from tests.patience import PATIENCE_SECONDS, wait_until

WHERE = StepEnvironment("run-1", "executions", "models", 0.02, (0.1, 0.5, 0.9), Path("/"), "eu-central-1", None)


class Recorder:
    """Replaces both clients. ``fails`` may raise or wait."""

    def __init__(self, fails: Callable[[str], None] = lambda call: None) -> None:
        self.items: list[dict[str, Any]] = []
        self.objects: list[dict[str, Any]] = []
        self._fails = fails

    def update_item(self, **request: Any) -> None:
        self._fails("update_item")
        self.items.append(request)

    def put_object(self, **request: Any) -> None:
        self._fails("put_object")
        self.objects.append(request)


def logger(buffer: LogBuffer) -> logging.Logger:
    made = logging.Logger("test")
    made.addHandler(buffer)
    return made


def test_tail_and_whole_arrive_while_the_step_runs_and_at_its_end():
    buffer, service = LogBuffer(), Recorder()
    log = logger(buffer)
    sync = LogSync(WHERE, buffer, lambda _: service)
    sync.start()
    log.info("first")
    wait_until(lambda: len(service.items) == 1, "the log is not stored")
    log.info("second")
    # The first upload may hold both lines already: the object is up to date, whether by one upload or by two.
    wait_until(
        lambda: len(service.items) == 2 and [o["Body"] for o in service.objects][-1:] == [buffer.content()],
        "the log is not stored",
    )
    log.info("last words")
    assert sync.close()
    assert sync.failures == 0
    assert len(service.items) == 3
    assert "last words" in service.items[-1]["ExpressionAttributeValues"][":tail"]["S"]
    assert service.objects[-1]["Key"] == "executions/run-1/logs/feature-engineering.log"
    assert service.objects[-1]["Body"] == buffer.content()
    assert all(request["UpdateExpression"].endswith("ADD #revision :one") for request in service.items)
    assert all(request["ConditionExpression"] == "attribute_exists(#id)" for request in service.items)


def test_nothing_new_is_not_sent_again():
    buffer, service = LogBuffer(), Recorder()
    logger(buffer).info("once")
    sync = LogSync(WHERE, buffer, lambda _: service)
    sync.start()
    time.sleep(0.2)
    sync.close()
    assert (len(service.items), len(service.objects)) == (1, 1)


def test_failures_are_said_on_stderr_and_tried_again(capsys: pytest.CaptureFixture[str]):
    calls = []

    def fails(call: str) -> None:
        calls.append(call)
        if call == "update_item" and calls.count(call) <= 3:
            raise ConnectionError("throttled")

    buffer, service = LogBuffer(), Recorder(fails)
    logger(buffer).info("a line")
    sync = LogSync(WHERE, buffer, lambda _: service)
    sync.start()
    wait_until(lambda: len(service.items) == 1, "the log is not stored")
    assert sync.close()
    assert sync.failures == 3
    assert len(service.objects) == 1, "one of the two that fails does not keep the other"
    assert "log sync of the item failed: ConnectionError: throttled" in capsys.readouterr().err


def test_clients_that_cannot_be_made_fail_nothing():
    def no_clients(service: str) -> Any:
        raise OSError("no credentials")

    buffer = LogBuffer()
    logger(buffer).info("a line")
    sync = LogSync(WHERE, buffer, no_clients)
    sync.start()
    assert sync.close()
    assert sync.failures >= 2


def test_the_final_flush_is_tried_again():
    """A busy machine may not get the first answer in time; without another try the log's end would be lost."""
    calls = []

    def fails(call: str) -> None:
        calls.append(call)
        if calls.count(call) < FINAL_TRIES:
            raise ConnectionError("no answer")

    buffer, service = LogBuffer(), Recorder(fails)
    sync = LogSync(replace(WHERE, sync_seconds=3600), buffer, lambda _: service)
    sync.start()
    logger(buffer).info("last words")
    assert sync.close(seconds=PATIENCE_SECONDS)
    assert "last words" in service.items[-1]["ExpressionAttributeValues"][":tail"]["S"]
    assert service.objects[-1]["Body"] == buffer.content()
    assert sync.failures == 2 * (FINAL_TRIES - 1)


def test_a_flush_that_always_fails_ends_the_step_nevertheless():
    def fails(call: str) -> None:
        raise ConnectionError("no answer")

    buffer = LogBuffer()
    sync = LogSync(replace(WHERE, sync_seconds=3600), buffer, lambda _: Recorder(fails))
    sync.start()
    logger(buffer).info("last words")
    assert sync.close(seconds=PATIENCE_SECONDS)
    assert sync.failures == 2 * FINAL_TRIES


def test_a_service_that_hangs_slows_neither_logging_nor_the_end():
    called, release, answers = threading.Event(), threading.Event(), []

    def hangs(call: str) -> None:
        called.set()
        answers.append(release.wait(PATIENCE_SECONDS))

    buffer, service = LogBuffer(), Recorder(hangs)
    log = logger(buffer)
    sync = LogSync(WHERE, buffer, lambda _: service)
    sync.start()
    log.info("begin")
    assert called.wait(PATIENCE_SECONDS)
    for number in range(1000):
        log.info("line %d", number)
    assert not sync.close(seconds=0.2)
    assert answers == [], "all of it happened while the service still hung"
    release.set()


def test_a_table_that_hangs_does_not_keep_the_bucket():
    release = threading.Event()
    buffer, service = LogBuffer(), Recorder(lambda call: call == "update_item" and release.wait(PATIENCE_SECONDS) and None)
    log = logger(buffer)
    sync = LogSync(WHERE, buffer, lambda _: service)
    sync.start()
    log.info("begin")
    time.sleep(0.05)
    log.info("last words")
    assert not sync.close(seconds=0.5)
    wait_until(lambda: [stored["Body"] for stored in service.objects][-1:] == [buffer.content()], "the object is not stored")
    release.set()


def test_a_short_log_is_its_own_tail():
    assert tail(b"one\ntwo\n") == "one\ntwo\n"


@given(st.lists(st.text(max_size=300), max_size=80), st.integers(1, 4000))
def test_the_tail_is_bounded_whole_and_last(lines: list[str], limit: int):
    content = "".join(line.replace("\n", " ") + "\n" for line in lines).encode()
    text = tail(content, limit)
    assert len(text.encode()) <= max(limit, 0) or len(content) <= limit
    assert content.decode().endswith(text)


def test_a_line_longer_than_the_tail_keeps_its_end():
    content = b"x" * (2 * LOG_TAIL_BYTES) + b"END\n"
    assert tail(content).endswith("END\n")
    assert len(tail(content)) <= LOG_TAIL_BYTES
