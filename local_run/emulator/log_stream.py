"""A job's lines into CloudWatch Logs, in batches, as SageMaker's own agent writes them."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

FLUSH_LINES = 200
FLUSH_SECONDS = 1.0


class LogStream:
    """One log stream. Losing the log service never loses the job: a failed write is reported once and the stream goes quiet."""

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
        if not line:
            return  # CloudWatch refuses empty messages
        with self._lock:
            self._pending.append({"timestamp": int(time.time() * 1000), "message": line})
            due = len(self._pending) >= FLUSH_LINES or time.monotonic() - self._flushed > FLUSH_SECONDS
            if due:
                self._flush()

    def flush(self) -> None:
        """Write what is pending, now."""
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
