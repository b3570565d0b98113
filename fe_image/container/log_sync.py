"""Sync the step's log while it runs: a bounded tail to the execution item, the whole log to the models bucket.

Each target has its own thread and client, so a target that hangs does not delay the other. Failures are counted and printed to
stderr; they never fail the step. The final flush is part of ending the step: it is tried several times, and waited for.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from contracts.layout import ExecutionLayout
from contracts.tables import LOG_TAIL_BYTES
from contracts.tables import ExecutionAttribute as Attribute
from fe_image.container.aws_clients import client
from fe_image.container.step_environment import StepEnvironment

#: Longest time that the end of the step waits for the final flush. A busy machine needs several seconds for one request, and
#: SageMaker kills a stopped container 30 s after SIGTERM.
CLOSE_SECONDS = 15.0
FINAL_TRIES = 3
_FINAL_PAUSE_SECONDS = 0.2
_ATTEMPTS, _CONNECT_SECONDS, _READ_SECONDS = 1, 2.0, 5.0
_FORMAT = "%(asctime)s %(levelname)s %(message)s"


class LogBuffer(logging.Handler):
    """Keeps all log lines, as UTF-8."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter(_FORMAT))
        self._bytes = bytearray()
        self._guard = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record).encode("utf-8", "replace") + b"\n"
        with self._guard:
            self._bytes += line

    def content(self) -> bytes:
        """Return all log lines so far."""
        with self._guard:
            return bytes(self._bytes)


def tail(content: bytes, limit: int = LOG_TAIL_BYTES) -> str:
    """Return the last lines that fit into ``limit`` bytes of UTF-8; if one line is longer, its end."""
    if len(content) <= limit:
        return content.decode("utf-8", "replace")
    cut = content[-limit:]
    newline = cut.find(b"\n")
    whole_lines = cut[newline + 1 :] if 0 <= newline < len(cut) - 1 else cut
    return whole_lines.decode("utf-8", "ignore")


class LogSync:
    """Syncs a buffer every few seconds until closed.

    ``log_name`` is the property of ``ExecutionLayout`` with the whole log's key. ``clients`` creates a
    service's client, in the thread that uses it.
    """

    def __init__(
        self, where: StepEnvironment, buffer: LogBuffer, clients: Callable[[str], Any] | None = None, log_name: str = "step_log"
    ) -> None:
        self._key = getattr(ExecutionLayout(where.execution_id), log_name)
        self._where = where
        self._buffer = buffer
        self._clients = clients or self._make_client
        self._ending = threading.Event()
        targets = (("item", "dynamodb", self._send_tail), ("object", "s3", self._send_whole))
        self._threads = [
            threading.Thread(target=self._run, args=target, name=f"log-sync-{target[0]}", daemon=True) for target in targets
        ]
        self._failures = {"item": 0, "object": 0}

    @property
    def failures(self) -> int:
        """Number of failed attempts."""
        return sum(self._failures.values())

    def start(self) -> None:
        """Start syncing in the background."""
        for thread in self._threads:
            thread.start()

    def close(self, seconds: float = CLOSE_SECONDS) -> bool:
        """Flush the rest of the log and end. Returns False if that takes too long; the threads then end with the process."""
        until = time.monotonic() + seconds
        self._ending.set()
        for thread in self._threads:
            thread.join(max(until - time.monotonic(), 0))
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self, name: str, service: str, send: Callable[[Any, bytes], None]) -> None:
        made: Any = None
        sent = 0  # bytes of the log

        def sync() -> bool:
            nonlocal made, sent
            content = self._buffer.content()
            if len(content) == sent:
                return True
            try:
                made = made or self._clients(service)
                send(made, content)
            except Exception as error:  # noqa: BLE001 - by contract no failure here reaches the step
                self._failures[name] += 1
                print(f"log sync of the {name} failed: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
                return False
            sent = len(content)
            return True

        while not self._ending.wait(self._where.sync_seconds):
            sync()
        for attempt in range(FINAL_TRIES):
            if attempt > 0:
                time.sleep(_FINAL_PAUSE_SECONDS)
            if sync():
                return

    def _send_tail(self, dynamodb: Any, content: bytes) -> None:
        dynamodb.update_item(
            TableName=self._where.execution_table,
            Key={Attribute.ID: {"S": self._where.execution_id}},
            UpdateExpression="SET #tail = :tail, #at = :at ADD #revision :one",
            ConditionExpression="attribute_exists(#id)",
            ExpressionAttributeNames={
                "#id": Attribute.ID,
                "#tail": Attribute.LOG_TAIL,
                "#at": Attribute.LOG_AT,
                "#revision": Attribute.LOG_REVISION,
            },
            ExpressionAttributeValues={
                ":tail": {"S": tail(content)},
                ":at": {"S": datetime.now(UTC).isoformat(timespec="milliseconds")},
                ":one": {"N": "1"},
            },
        )

    def _send_whole(self, s3: Any, content: bytes) -> None:
        s3.put_object(Bucket=self._where.models_bucket, Key=self._key, Body=content, ContentType="text/plain; charset=utf-8")

    def _make_client(self, service: str) -> Any:
        return client(
            service, self._where.region, attempts=_ATTEMPTS, connect_seconds=_CONNECT_SECONDS, read_seconds=_READ_SECONDS
        )
