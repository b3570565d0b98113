"""Requests to the server of a model's container: its address, and one answer per record."""

from __future__ import annotations

import http.client
import re
import threading

from local_run.emulator.pipelines.errors import StepFailedError
from local_run.emulator.processes import OwnedProcess

_SERVING = re.compile(r"serving on (?P<host>[\d.]+):(?P<port>\d+)")
_POLL_SECONDS = 0.05
_SHOWN_CHARS = 500


class ServerAddress:
    """The address that a server prints once it answers requests."""

    def __init__(self) -> None:
        self._found = threading.Event()
        self._address = ("", 0)
        self._last = ""

    def read(self, line: str) -> None:
        """Look for the address in a line of the server's output."""
        match = _SERVING.search(line)
        if match:
            self._address = (match["host"], int(match["port"]))
            self._found.set()
        elif line.strip():
            self._last = line

    def wait(self, process: OwnedProcess) -> tuple[str, int]:
        """Return host and port.

        Raises:
            StepFailedError: the process has ended without serving.
        """
        while not self._found.wait(_POLL_SECONDS):
            code = process.wait(0)
            if code is not None and not self._found.is_set():
                reason = self._last[:_SHOWN_CHARS] or "See job logs for more information"
                raise StepFailedError(f"ClientError: AlgorithmError: the model server ended before it served: {reason}")
        return self._address


class ModelServer:
    """A client of ``/invocations``. It keeps one connection, because the emulator sends one request at a time."""

    def __init__(self, address: tuple[str, int], *, content_type: str, accept: str, payload_bytes: int, timeout: float) -> None:
        self._headers = {"Content-Type": content_type, "Accept": accept}
        self._payload_bytes = payload_bytes
        self._connection = http.client.HTTPConnection(*address, timeout=timeout)

    def answer(self, record: bytes, where: str) -> bytes:
        """Return the answer to one record. ``where`` names the record in messages.

        Raises:
            StepFailedError: the record is too large, or the model rejects it.
            OSError: the server does not answer.
        """
        if len(record) > self._payload_bytes:
            limit = f"{len(record)} bytes; MaxPayloadInMB allows {self._payload_bytes}"
            raise StepFailedError(f"ClientError: ClientError: Too much data for max payload size: {where} has {limit}")
        try:
            self._connection.request("POST", "/invocations", body=record, headers=self._headers)
            response = self._connection.getresponse()
            body = response.read()
        except http.client.HTTPException as error:
            raise ConnectionError(f"the model server gave no complete answer to {where}: {error!r}") from error
        if response.status != http.client.OK:
            text = body.decode("utf-8", "replace").strip()[:_SHOWN_CHARS]
            kind = "ClientError" if response.status < http.client.INTERNAL_SERVER_ERROR else "AlgorithmError"
            status = f"Bad HTTP status received from algorithm: {response.status}"
            raise StepFailedError(f"ClientError: {kind}: {where}: {status}: {text}")
        return body
