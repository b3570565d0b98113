"""Syncs the step's log while it runs: a bounded tail into the execution item, the whole into the models bucket.

A thread of its own does it, with clients of its own and little patience. Whatever fails there is counted and said on stderr; it
never fails or slows the step.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from contracts.layout import ExecutionLayout
from contracts.tables import LOG_TAIL_BYTES
from contracts.tables import ExecutionAttribute as Attribute
from fe_image.aws_clients import client
from fe_image.step_environment import StepEnvironment

#: How long the end of the step may wait for the last sync.
CLOSE_SECONDS = 5.0
_ATTEMPTS, _CONNECT_SECONDS, _READ_SECONDS = 1, 1.5, 2.5
_FORMAT = "%(asctime)s %(levelname)s %(message)s"


class LogBuffer(logging.Handler):
    """Keeps what was logged, as UTF-8."""

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
        """All that was logged so far."""
        with self._guard:
            return bytes(self._bytes)


def tail(content: bytes, limit: int = LOG_TAIL_BYTES) -> str:
    """The last lines that fit into ``limit`` bytes of UTF-8; of a single longer line, its end."""
    if len(content) <= limit:
        return content.decode("utf-8", "replace")
    cut = content[-limit:]
    newline = cut.find(b"\n")
    whole_lines = cut[newline + 1 :] if 0 <= newline < len(cut) - 1 else cut
    return whole_lines.decode("utf-8", "ignore")


class LogSync:
    """Syncs a buffer every few seconds until it is closed. ``clients`` makes the DynamoDB and S3 clients, in the thread."""

    def __init__(self, where: StepEnvironment, buffer: LogBuffer, clients: Callable[[], tuple[Any, Any]] | None = None) -> None:
        self._where = where
        self._buffer = buffer
        self._clients = clients or self._make_clients
        self._made: tuple[Any, Any] | None = None
        self._synced = {"item": 0, "object": 0}  # bytes of the log that have arrived
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log-sync", daemon=True)
        self.failures = 0

    def start(self) -> None:
        self._thread.start()

    def close(self, seconds: float = CLOSE_SECONDS) -> bool:
        """Sync what is left and end; False when that took longer than allowed, and is left to itself."""
        self._ending.set()
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._ending.wait(self._where.sync_seconds):
            self._sync()
        self._sync()

    def _sync(self) -> None:
        content = self._buffer.content()
        for name, send in (("item", self._send_tail), ("object", self._send_whole)):
            if len(content) == self._synced[name]:
                continue
            try:
                send(content)
                self._synced[name] = len(content)
            except Exception as error:  # noqa: BLE001 - by contract nothing that fails here reaches the step
                self.failures += 1
                print(f"log sync of the {name} failed: {type(error).__name__}: {error}", file=sys.stderr, flush=True)

    def _send_tail(self, content: bytes) -> None:
        self._ready()[0].update_item(
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

    def _send_whole(self, content: bytes) -> None:
        key = ExecutionLayout(self._where.execution_id).step_log
        self._ready()[1].put_object(
            Bucket=self._where.models_bucket, Key=key, Body=content, ContentType="text/plain; charset=utf-8"
        )

    def _ready(self) -> tuple[Any, Any]:
        if self._made is None:
            self._made = self._clients()
        return self._made

    def _make_clients(self) -> tuple[Any, Any]:
        patience = {"attempts": _ATTEMPTS, "connect_seconds": _CONNECT_SECONDS, "read_seconds": _READ_SECONDS}
        region = self._where.region
        return client("dynamodb", region, **patience), client("s3", region, **patience)  # type: ignore[arg-type]
