"""Helpers of the WSGI layers: read a request, pass it to the wrapped application, send an answer."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: Status, headers, body.
Answer = tuple[int, dict[str, str], bytes]


def read_body(environ: WSGIEnvironment) -> bytes:
    length = environ.get("CONTENT_LENGTH") or "0"
    content: bytes = environ["wsgi.input"].read(int(length))
    return content


def ask(application: WSGIApplication, environ: WSGIEnvironment, body: bytes) -> Answer:
    """Return the application's answer to the request with this body, without the Content-Length header."""
    inner = {**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    taken: list[tuple[int, dict[str, str]]] = []

    def start(status: str, headers: list[tuple[str, str]], _error: Any = None) -> Callable[[bytes], object]:
        taken.append((int(status.split()[0]), dict(headers)))
        return lambda _data: None

    parts = application(inner, start)
    try:
        content = b"".join(parts)
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            close()
    status, headers = taken[-1]
    return status, {name: value for name, value in headers.items() if name.lower() != "content-length"}, content


def send(answer: Answer, start_response: StartResponse) -> Iterable[bytes]:
    status, headers, body = answer
    headers = {name: value for name, value in headers.items() if name.lower() != "content-length"}
    start_response(f"{status} {'OK' if status < 300 else 'Error'}", [*headers.items(), ("Content-Length", str(len(body)))])
    return [body]
