"""A registry on the loopback whose tags cannot be moved, as ECR's can be made: a registry process and a proxy before it.

The registry program is ``docker-registry`` (Debian) or ``registry`` on PATH. The proxy refuses a PUT of a tag that exists with
another digest, in ECR's words, and can hold uploads back, so that a push can be interrupted in the middle.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import re
import shutil
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PROGRAMS = ("docker-registry", "registry")
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
ACCEPTED = f"{MANIFEST}, application/vnd.oci.image.manifest.v1+json"
_MANIFEST_PATH = re.compile(r"/v2/(?P<name>.+)/manifests/(?P<tag>[^/?:]+)")
_LISTENING = re.compile(r"listening on 127\.0\.0\.1:(\d+)")
_HOP_BY_HOP = {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "expect"}
_CHUNK = 1 << 16
_START_SECONDS = 30
_UPSTREAM_SECONDS = 120
_CONFIGURATION = """
version: 0.1
storage:
  filesystem:
    rootdirectory: {folder}
http:
  addr: 127.0.0.1:0
  relativeurls: true
"""


def find_program() -> str | None:
    return next((path for name in PROGRAMS if (path := shutil.which(name))), None)


class ImmutableRegistry:
    """``address`` begins the images' names; ``pushed`` lists the tags that were accepted, ``refused`` the others."""

    def __init__(self, upstream_port: int) -> None:
        self.upstream_port = upstream_port
        self.pushed: list[str] = []
        self.refused: list[str] = []
        self.uploads_allowed = threading.Event()
        self.uploads_allowed.set()
        self.upload_begun = threading.Event()
        self.manifest_lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_address[1]}"

    def serve(self) -> None:
        self._server.serve_forever(poll_interval=0.1)

    def close(self) -> None:
        self.uploads_allowed.set()
        self._server.shutdown()
        self._server.server_close()

    def repositories(self) -> list[str]:
        return list(self._get("/v2/_catalog")["repositories"])

    def tags(self, repository: str) -> list[str]:
        try:
            return list(self._get(f"/v2/{repository}/tags/list")["tags"] or [])
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return []
            raise

    def manifest(self, repository: str, tag: str) -> dict[str, Any]:
        return self._get(f"/v2/{repository}/manifests/{tag}")

    def _get(self, path: str) -> dict[str, Any]:
        request = urllib.request.Request(f"http://127.0.0.1:{self.upstream_port}{path}", headers={"Accept": ACCEPTED})
        with urllib.request.urlopen(request, timeout=_UPSTREAM_SECONDS) as answer:  # noqa: S310 - our own, on the loopback
            return dict(json.load(answer))


@contextlib.contextmanager
def immutable_registry(program: str, folder: Path) -> Iterator[ImmutableRegistry]:
    """Start registry and proxy on free loopback ports; end both after the block."""
    configuration = folder / "registry.yml"
    configuration.write_text(_CONFIGURATION.format(folder=folder / "data"))
    environment = {"PATH": os.environ["PATH"], "OTEL_TRACES_EXPORTER": "none"}
    log = folder / "registry.log"
    with log.open("wb") as sink:
        process = subprocess.Popen([program, "serve", str(configuration)], env=environment, stdout=sink, stderr=sink)
    registry: ImmutableRegistry | None = None
    try:
        registry = ImmutableRegistry(_port(process, log))
        threading.Thread(target=registry.serve, name="immutable-registry", daemon=True).start()
        yield registry
    finally:
        if registry is not None:
            registry.close()
        process.terminate()
        process.wait(timeout=_START_SECONDS)


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    """The port that the system chose, as the registry's log says it."""
    for _ in range(_START_SECONDS * 10):
        if found := _LISTENING.search(log.read_text(errors="replace")):
            return int(found[1])
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.1)
            break
    raise RuntimeError(f"the registry did not start:\n{log.read_text(errors='replace')}")


def _handler(registry: ImmutableRegistry) -> type[BaseHTTPRequestHandler]:
    class Handler(_Proxy):
        owner = registry

    return Handler


class _Proxy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: ImmutableRegistry

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Nothing: requests are many and say little."""

    def _serve(self) -> None:
        found = _MANIFEST_PATH.fullmatch(self.path)
        try:
            if self.command == "PUT" and found:
                self._put_manifest(found["name"], found["tag"])
            else:
                self._forward(self._body())
        except (OSError, http.client.HTTPException):
            self.close_connection = True  # one of both ends went away: what an interrupted push looks like from here

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = _serve

    def _put_manifest(self, name: str, tag: str) -> None:
        content = b"".join(self._body() or ())
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        with self.owner.manifest_lock:
            existing = self._existing(name, tag)
            if existing not in (None, digest):
                self.owner.refused.append(tag)
                self._refuse(name, tag)
            elif self._forward(iter([content]), len(content)) == 201:
                self.owner.pushed.append(tag)

    def _existing(self, name: str, tag: str) -> str | None:
        connection = self._upstream()
        try:
            connection.request("HEAD", f"/v2/{name}/manifests/{tag}", headers={"Accept": ACCEPTED})
            answer = connection.getresponse()
            return answer.getheader("Docker-Content-Digest") if answer.status == 200 else None
        finally:
            connection.close()

    def _refuse(self, name: str, tag: str) -> None:
        exists = f"The image tag '{tag}' already exists in the '{name}' repository"
        message = f"{exists} and cannot be overwritten because the tag is immutable."
        body = json.dumps({"errors": [{"code": "TAG_INVALID", "message": message}]}).encode()
        self.send_response(400)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _upstream(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.owner.upstream_port, timeout=_UPSTREAM_SECONDS)

    def _body(self) -> Iterator[bytes] | None:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._chunks()
        length = int(self.headers.get("Content-Length") or 0)
        return self._pieces(length) if length else None

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline(1024).split(b";")[0] or b"0", 16):
            yield from self._pieces(size)
            self.rfile.readline(4)
        while self.rfile.readline(4096).strip():
            continue

    def _pieces(self, left: int) -> Iterator[bytes]:
        while left:
            piece = self.rfile.read(min(_CHUNK, left))
            if not piece:
                raise OSError("the client went away")
            left -= len(piece)
            yield piece

    def _forward(self, body: Iterator[bytes] | None, length: int | None = None) -> int:
        """Pass the request on and the answer back; the answer's status. Uploads wait where they are held back."""
        length = length if length is not None else int(self.headers.get("Content-Length") or 0)
        chunked = body is not None and not length
        connection = self._upstream()
        try:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in _HOP_BY_HOP | {"content-length"}:
                    connection.putheader(name, value)
            connection.putheader(*(("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(length))))
            connection.endheaders(self._held(body) if body is not None else None, encode_chunked=chunked)
            return self._answer(connection.getresponse())
        finally:
            connection.close()

    def _held(self, body: Iterator[bytes]) -> Iterator[bytes]:
        for piece in body:
            yield piece
            if self.command == "PATCH":
                self.owner.upload_begun.set()
                if not self.owner.uploads_allowed.wait(_UPSTREAM_SECONDS):
                    raise OSError("held back for too long")

    def _answer(self, answer: http.client.HTTPResponse) -> int:
        length = answer.getheader("Content-Length")
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in _HOP_BY_HOP | {"content-length"}:
                self.send_header(name, value)
        content = b"" if self.command == "HEAD" else answer.read()
        self.send_header("Content-Length", length if self.command == "HEAD" and length else str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        return answer.status
