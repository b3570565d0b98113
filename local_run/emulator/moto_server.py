"""The WSGI application of moto, created once per process and prepared before the first request.

moto creates a service's application and routes at the first request, in the thread of that request. Creating routes compiles
Python syntax trees, which fails in CPython 3.11 if two threads do it at once (gh-106905: "AST constructor recursion depth
mismatch"). A deployment calls ten services at the same time. All applications are therefore created here, in one thread.
"""

from __future__ import annotations

import functools
import http
import json
import logging
from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

from flask import request
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.test import Client, EnvironBuilder

#: Services that deployments and executions use, by the names in request signatures (CloudWatch is ``monitoring``).
_REST = {"s3": "/", "lambda": "/2015-03-31/functions/", "scheduler": "/schedules"}
_BY_ACTION = ("monitoring", "dynamodb", "ecr", "events", "iam", "kms", "logs", "sagemaker", "sns", "sqs", "sts")
_REGION = "us-east-1"


class Dispatcher(DomainDispatcherApplication):  # type: ignore[misc]  # moto has no types
    """Caches each host's backend. moto compares about a hundred patterns at each request and blocks all other requests."""

    def __init__(self, create_app: Callable[[Any], Any]) -> None:
        super().__init__(create_app)
        self._backends: dict[str | None, Any] = {}

    def get_backend_for_host(self, host: str | None) -> Any:
        if host not in self._backends:
            self._backends[host] = super().get_backend_for_host(host)
        return self._backends[host]


class QuietHandler(MotoRequestHandler):  # type: ignore[misc]
    """Does not print requests, but still logs errors."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        logging.getLogger(__name__).debug("%s %s", self.requestline, code)


@functools.cache
def moto_application() -> Dispatcher:
    """Return the application. It has no state of its own; the state is in moto's backends, which all emulators share."""
    dispatcher = Dispatcher(_application)
    for service in _BY_ACTION:
        # moto uses this header to distinguish the versions of DynamoDB's interface.
        headers = {**_signed(service), "X-Amz-Target": "DynamoDB_20120810."}
        dispatcher.get_application(EnvironBuilder(path="/", headers=headers).get_environ())
    client = Client(dispatcher)
    for service, path in _REST.items():
        client.get(path, headers=_signed(service))
    return dispatcher


def _application(service: Any) -> Any:
    application = create_backend_app(service)
    application.register_error_handler(NotImplementedError, _not_implemented)
    return application


def _not_implemented(error: NotImplementedError) -> tuple[str, int, dict[str, str]]:
    """Report an operation that moto lacks as NotImplemented, because clients retry an internal error."""
    if "X-Amz-Target" in request.headers or (request.content_type or "").startswith("application/json"):
        body = json.dumps({"__type": "NotImplemented", "message": str(error)})
        return body, http.HTTPStatus.NOT_IMPLEMENTED, {"Content-Type": "application/x-amz-json-1.1"}
    body = f"<Error><Code>NotImplemented</Code><Message>{escape(str(error))}</Message></Error>"
    body = f"<ErrorResponse>{body}<RequestId>none</RequestId></ErrorResponse>"
    return body, http.HTTPStatus.NOT_IMPLEMENTED, {"Content-Type": "text/xml"}


def _signed(service: str) -> dict[str, str]:
    """Return a signature's scope, from which moto derives the service."""
    scope = f"Credential=AKIALOCAL/20200101/{_REGION}/{service}/aws4_request"
    return {"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"}
