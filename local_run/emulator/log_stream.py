"""Writes a job's lines to CloudWatch Logs in batches, like SageMaker's agent."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

FLUSH_LINES = 200
FLUSH_SECONDS = 1.0


class LogStream:
    """One log stream. A failed write never fails the job: it is reported once, and the stream then writes nothing more."""

    def __init__(self, logs: Any, group: str, stream: str, warn: Callable[[str], None]) -> None:
        self._logs = logs
        self._group = group
        self._stream = stream
        self._warn = warn
        self._lock = threading.Lock()
        self._pending: list[dict[str, Any]] = []
        self._flushed = time.monotonic()
        self._broken = not self._attempt(self._create)

    def write(self, line: str) -> None:
        """Add a line. It is written with the next batch."""
        if not line:
            return  # CloudWatch refuses empty messages
        with self._lock:
            self._pending.append({"timestamp": int(time.time() * 1000), "message": line})
            due = len(self._pending) >= FLUSH_LINES or time.monotonic() - self._flushed > FLUSH_SECONDS
            if due:
                self._flush()

    def flush(self) -> None:
        """Write all pending lines."""
        with self._lock:
            self._flush()

    def _flush(self) -> None:
        batch, self._pending, self._flushed = self._pending, [], time.monotonic()
        if batch and not self._broken:
            self._broken = not self._attempt(lambda: self._put(batch))

    def _put(self, batch: list[dict[str, Any]]) -> None:
        self._logs.put_log_events(logGroupName=self._group, logStreamName=self._stream, logEvents=batch)

    def _create(self) -> None:
        with contextlib.suppress(self._logs.exceptions.ResourceAlreadyExistsException):
            self._logs.create_log_group(logGroupName=self._group)
        with contextlib.suppress(self._logs.exceptions.ResourceAlreadyExistsException):
            self._logs.create_log_stream(logGroupName=self._group, logStreamName=self._stream)

    def _attempt(self, action: Callable[[], None]) -> bool:
        try:
            action()
        except Exception as error:  # noqa: BLE001 - reported, and by contract never the job's failure
            self._warn(f"log {self._group} {self._stream}: {error}")
            return False
        return True
