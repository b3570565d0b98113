"""The algorithm's HTTP server: ``/ping``, ``/execution-parameters`` and ``/invocations``, on the loopback address only.

Source: Amazon SageMaker developer guide, "Custom inference code with hosting services", "… with batch transform" and
"DeepAR inference formats".
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from contracts.problems import ProblemsError, one_problem
from local_run.deepar.inference import Configuration, answer, answer_lines
from local_run.deepar.model import CONFIG_FILE, Model

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
JSON, JSON_LINES = "application/json", "application/jsonlines"
MODEL_FOLDER = Path("opt/ml/model")
MODEL_ARCHIVE = "model.tar.gz"
#: The largest payload of a batch transform, in MB.
PAYLOAD_MAX_MB = 100
#: One request at a time, because a single forecast uses all cores.
EXECUTION_PARAMETERS = {"MaxConcurrentTransforms": 1, "BatchStrategy": "SINGLE_RECORD", "MaxPayloadInMB": 6}


def load_model(root: Path) -> Model:
    """Load the model from ``opt/ml/model/`` under ``root``: unpacked, or as ``model.tar.gz``.

    Raises:
        ProblemsError: there is no model, or it is damaged.
    """
    folder = root / MODEL_FOLDER
    archive = folder / MODEL_ARCHIVE
    if (folder / CONFIG_FILE).is_file():
        return Model.load(folder)
    if archive.is_file():
        return Model.load(archive)
    allowed = f"allowed: a folder with {MODEL_FOLDER}/ that holds an unpacked model or {MODEL_ARCHIVE}, as written by training"
    raise one_problem("serve", "--root", str(root), allowed)


@dataclass(frozen=True)
class Service:
    """A loaded model and the configuration of JSON Lines requests."""

    model: Model
    configuration: Configuration
    lock: threading.Lock = field(default_factory=threading.Lock)

    def invoke(self, content_type: str, body: bytes) -> str:
        """Return the response to a request of one of the two content types.

        Raises:
            ProblemsError: everything that is wrong in the request.
        """
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError as error:
            raise one_problem("request", "body", str(error), "allowed: UTF-8 text") from error
        with self.lock:
            if content_type == JSON:
                return answer(self.model, text)
            return answer_lines(self.model, text, self.configuration)


class _RefusedError(Exception):
    """A request that is refused before its body is read."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Server(ThreadingHTTPServer):
    """A server of one model on the loopback address. Port 0 chooses a free port."""

    def __init__(self, service: Service, port: int = 0) -> None:
        super().__init__((HOST, port), Handler)
        self.service = service


class Handler(BaseHTTPRequestHandler):
    """Answers the requests of a :class:`Server`."""

    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        answers: dict[str, Callable[[], str]] = {
            "/ping": lambda: "",
            "/execution-parameters": lambda: json.dumps(EXECUTION_PARAMETERS),
        }
        found = answers.get(self.path)
        if found is None:
            self._send(HTTPStatus.NOT_FOUND, f"{self.path} is unknown; GET allows {' and '.join(answers)}\n", "text/plain")
        else:
            self._send(HTTPStatus.OK, found(), JSON)

    def do_POST(self) -> None:
        try:
            content_type, body = self._request()
        except _RefusedError as error:
            self.close_connection = True  # the unread body would be taken for the next request
            self._send(error.status, f"{error}\n", "text/plain")
            return
        try:
            made = self.server.service.invoke(content_type, body)
        except ProblemsError as error:
            self._send(HTTPStatus.BAD_REQUEST, f"{error}\n", "text/plain")
        except Exception as error:  # the client must get an answer, and the server must go on
            log.exception("Algorithm Error")
            reason = f"AlgorithmError: {type(error).__name__}: {error}\n"
            self._send(HTTPStatus.INTERNAL_SERVER_ERROR, reason, "text/plain")
        else:
            self._send(HTTPStatus.OK, made, content_type)

    def _request(self) -> tuple[str, bytes]:
        """Return content type and body of an invocation."""
        if self.path != "/invocations":
            raise _RefusedError(HTTPStatus.NOT_FOUND, f"{self.path} is unknown; POST allows /invocations")
        content_type = self.headers.get_content_type()
        if content_type not in (JSON, JSON_LINES):
            reason = f"Content-Type is {content_type!r}; allowed: {JSON} or {JSON_LINES}"
            raise _RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, reason)
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit():
            reason = f"Content-Length is {length!r}; allowed: the number of bytes of the body"
            raise _RefusedError(HTTPStatus.LENGTH_REQUIRED, reason)
        if int(length) > PAYLOAD_MAX_MB * 1024**2:
            reason = f"the body has {length} bytes; allowed: at most {PAYLOAD_MAX_MB} MB"
            raise _RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, reason)
        return content_type, self.rfile.read(int(length))

    def _send(self, status: HTTPStatus, text: str, content_type: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        log.info("%s %s", self.address_string(), format % args)


def serve(root: Path, port: int, environment: str) -> None:
    """Serve the model under ``root`` until interrupted. ``environment`` is the text of ``DEEPAR_INFERENCE_CONFIG``.

    Raises:
        ProblemsError: there is no model, the configuration is wrong, or the port is taken.
    """
    service = Service(load_model(root), Configuration.from_environment(environment))
    try:
        server = Server(service, port)
    except OSError as error:
        allowed = f"allowed: a free port of {HOST}, or 0 to choose one ({error.strerror})"
        raise one_problem("serve", "--port", port, allowed) from error
    with server:
        print(f"serving on {HOST}:{server.server_port}", flush=True)
        server.serve_forever()
