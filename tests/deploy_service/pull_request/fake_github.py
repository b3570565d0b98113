"""A GitHub on loopback: comments in pages, pull requests, and failures on demand."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "a-token"
REPOSITORY = "octo/forecasts"


@dataclass
class FakeGitHub:
    """``failures`` are answered first: status, headers, and whether the request takes effect all the same."""

    url: str = ""
    author: str = "github-actions[bot]"
    comments: list[dict[str, Any]] = field(default_factory=list)
    pulls: list[dict[str, Any]] = field(default_factory=list)
    failures: list[tuple[int, dict[str, str], bool]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    page_size: int = 100

    def add(self, body: str, author: str | None = None) -> int:
        number = 1 + max((comment["id"] for comment in self.comments), default=0)
        self.comments.append({"id": number, "body": body, "user": {"login": author or self.author}})
        return number

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: dict[str, Any]) -> tuple[int, Any]:
        own = rf"/repos/{REPOSITORY}"
        if match := re.fullmatch(rf"{own}/issues/7/comments", path):
            if method == "POST":
                return 201, {"id": self.add(body["body"]), "body": body["body"], "user": {"login": self.author}}
            first = (int(query["page"][0]) - 1) * int(query["per_page"][0])
            return 200, self.comments[first : first + int(query["per_page"][0])]
        if match := re.fullmatch(rf"{own}/issues/comments/(\d+)", path):
            comment = next((found for found in self.comments if found["id"] == int(match[1])), None)
            if comment is None:
                return 404, {"message": "Not Found"}
            if method == "DELETE":
                self.comments.remove(comment)
                return 204, None
            comment["body"] = body["body"]
            return 200, comment
        if re.fullmatch(rf"{own}/commits/[0-9a-f]+/pulls", path):
            return 200, [pull for pull in self.pulls if not pull.get("fork")]
        if path == f"{own}/pulls":
            return 200, [pull for pull in self.pulls if pull["label"] == query["head"][0]]
        return 404, {"message": "Not Found"}


@contextmanager
def fake_github() -> Iterator[FakeGitHub]:
    fake = FakeGitHub()

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            split = urlsplit(self.path)
            fake.requests.append(f"{self.command} {split.path}")
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, effect = fake.failures.pop(0) if fake.failures else (0, {}, True)
            if self.headers["Authorization"] != f"Bearer {TOKEN}":
                self._send(401, {"message": "Bad credentials"}, {})
                return
            normal = (0, None)
            if effect:
                normal = fake.answer(self.command, split.path, parse_qs(split.query), json.loads(content or b"{}"))
            self._send(status, {"message": "no\x1b[31m luck"}, headers) if status else self._send(*normal, {})

        def _send(self, status: int, answer: Any, headers: dict[str, str]) -> None:
            data = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_DELETE = _handle  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
