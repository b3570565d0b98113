"""AWS inside this process: moto's server on a loopback port, which identifies the actor of every call.

``Emulator`` is a context manager. Child processes find it by environment variables::

    with Emulator(region="eu-central-1") as emulator:
        subprocess.run([...], env=emulator.process_environment("processing"))
        emulator.client("s3").list_buckets()

What moto lacks for SageMaker pipelines is added through ``middleware``, which wraps the WSGI application. In front of both
stands :mod:`local_run.emulator.smithy_cbor`, so that neither meets any protocol but JSON, XML and the query protocol.
"""

from __future__ import annotations

import http.client
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from werkzeug.serving import BaseWSGIServer, make_server

from contracts.problems import one_problem
from local_run.emulator.actors import DEPLOYER, access_key, actor_client
from local_run.emulator.moto_corrections import correct_moto
from local_run.emulator.moto_server import QuietHandler, moto_application
from local_run.emulator.smithy_cbor import SmithyCbor

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    Middleware = Callable[[WSGIApplication], WSGIApplication]

HOST = "127.0.0.1"
ACCOUNT_ID = DEFAULT_ACCOUNT_ID
HEALTH_SECONDS = 10.0
#: Longest time until the server notices a request to stop.
POLL_SECONDS = 0.05

# moto keeps its state in module globals, so two emulators in one process would share it.
_running = threading.Lock()


class Emulator:
    """An AWS endpoint for one account (:data:`ACCOUNT_ID`), reachable from this machine only.

    ``port`` 0 takes any free port. Entering raises :class:`~contracts.problems.ProblemsError` where the port is taken or
    another emulator runs in this process. Leaving stops the server and forgets everything it held.
    """

    def __init__(self, region: str = "us-east-1", port: int = 0, middleware: Middleware | None = None) -> None:
        self.region = region
        self.account_id = ACCOUNT_ID
        self._wanted_port = port
        self._middleware = middleware
        self._secret = secrets.token_hex(20)
        self._entered = False
        self._server: BaseWSGIServer | None = None
        self._thread: threading.Thread | None = None
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._clients_lock = threading.RLock()

    def __enter__(self) -> Self:
        if not _running.acquire(blocking=False):
            raise one_problem("emulator", "process", os.getpid(), "allowed: one emulator per process (moto's state is shared)")
        self._entered = True
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def port(self) -> int:
        if self._server is None:
            raise RuntimeError("the emulator is not running")
        return int(self._server.port)

    @property
    def endpoint(self) -> str:
        """The URL for ``AWS_ENDPOINT_URL``."""
        return f"http://{HOST}:{self.port}"

    def reset(self) -> None:
        """Delete all resources of all services."""
        BackendDict.reset()
        reset_model_data()

    def close(self) -> None:
        """Stop the server and delete all resources. A second call has no effect."""
        if not self._entered:
            return
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
        if self._server is not None:
            self._server.server_close()
        with self._clients_lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()
        self._server = self._thread = None
        self.reset()
        self._entered = False
        _running.release()

    def environment(self, actor: str, region: str | None = None) -> dict[str, str]:
        """Return the variables that direct an AWS client to this emulator as ``actor``, to be added to an environment."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": access_key(actor),
            "AWS_SECRET_ACCESS_KEY": self._secret,
            "AWS_DEFAULT_REGION": region or self.region,
            "AWS_REGION": region or self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "NO_PROXY": HOST,
            "no_proxy": HOST,
        }

    def process_environment(self, actor: str, region: str | None = None) -> dict[str, str]:
        """Return a child process's environment: this one without AWS and Pulumi settings, plus :meth:`environment`."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PULUMI_"))}
        return inherited | self.environment(actor, region)

    @contextmanager
    def ambient(self, actor: str, region: str | None = None) -> Iterator[None]:
        """Direct this process's own environment to the emulator within the block, and restore it afterwards."""
        before = dict(os.environ)
        wanted = self.process_environment(actor, region)
        try:
            for name in before.keys() - wanted.keys():
                del os.environ[name]
            os.environ.update(wanted)
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    def client(self, service: str, actor: str = DEPLOYER, region: str | None = None) -> Any:
        """Return the boto3 client of ``service``. There is one per actor and region; threads can share it."""
        key = (service, actor, region or self.region)
        with self._clients_lock:
            if key not in self._clients:
                self._clients[key] = actor_client(*key, self.endpoint, self._secret)
            return self._clients[key]

    def _start(self) -> None:
        self.reset()
        correct_moto()
        listener = _bind(self._wanted_port)
        try:
            application: WSGIApplication = moto_application()
            if self._middleware is not None:
                application = self._middleware(application)
            application = SmithyCbor(application)
            # werkzeug duplicates the descriptor. Given a port instead, it would end the process if the port is taken.
            self._server = make_server(
                HOST, self._wanted_port, application, threaded=True, request_handler=QuietHandler, fd=listener.fileno()
            )
        finally:
            listener.close()
        serve = self._server.serve_forever
        self._thread = threading.Thread(target=serve, args=(POLL_SECONDS,), name="aws-emulator", daemon=True)
        self._thread.start()
        _await_health(self.port)


def _bind(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        raise one_problem("emulator", "port", port, f"allowed: a free port of this machine, or 0 for any ({error})") from error
    return listener


def _await_health(port: int) -> None:
    """Wait until the server answers.

    Raises:
        ProblemsError: it does not answer within :data:`HEALTH_SECONDS`.
    """
    deadline = time.monotonic() + HEALTH_SECONDS
    while True:
        connection = http.client.HTTPConnection(HOST, port, timeout=HEALTH_SECONDS)
        try:
            connection.request("GET", "/moto-api/")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        except OSError as error:
            if time.monotonic() > deadline:
                message = f"the server did not answer within {HEALTH_SECONDS:g} s ({error})"
                raise one_problem("emulator", "port", port, message) from error
        finally:
            connection.close()
        time.sleep(0.05)
