"""Translates Smithy RPC v2 CBOR, the protocol of newer AWS clients, to the AWS JSON protocol, which moto supports.

The AWS SDK for Go, and therefore the AWS provider, calls CloudWatch only with this protocol, which moto 5 does not support.
boto3 still prefers JSON. A request ``POST /service/<service>/operation/<operation>`` becomes ``X-Amz-Target:
<service>.<operation>``. The answer or error is converted back to CBOR with the types of the service's model, because JSON does
not distinguish times from numbers, or bytes from text.

Source: Smithy, "Smithy RPC v2 CBOR protocol" and "AWS JSON 1.0 protocol".
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import cbor2
from botocore.exceptions import UnknownServiceError
from botocore.utils import parse_timestamp
from moto.core.utils import get_service_model

from local_run.emulator.moto_server import moto_application
from local_run.emulator.wsgi import Answer, ask, read_body, send

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PROTOCOL = "rpc-v2-cbor"
CONTENT_TYPE = "application/cbor"
_PATH = re.compile(r"(?:/.*)?/service/(?P<service>[^/]+)/operation/(?P<operation>[^/]+)")
#: Headers about the original body. If DynamoDB's checksum does not match, clients repeat the call.
_OF_THE_JSON = frozenset({"content-type", "x-amz-crc32"})
_EPOCH_TIME = 1  # CBOR's tag for seconds since 1970


class SmithyCbor:
    """Wraps an application. Requests of other protocols pass unchanged."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("HTTP_SMITHY_PROTOCOL") != PROTOCOL:
            return self._application(environ, start_response)
        status, headers, body = self._answer(environ)
        headers = {name: value for name, value in headers.items() if name.lower() not in _OF_THE_JSON}
        return send((status, {**headers, "Content-Type": CONTENT_TYPE, "Smithy-Protocol": PROTOCOL}, body), start_response)

    def _answer(self, environ: WSGIEnvironment) -> Answer:
        path = environ.get("PATH_INFO", "")
        named = _PATH.fullmatch(path)
        target = f"{named['service']}.{named['operation']}" if named else ""
        inner = {**environ, "HTTP_X_AMZ_TARGET": target, "PATH_INFO": "/", "REQUEST_URI": "/", "RAW_URI": "/"}
        model = _service_model(inner)
        if named is None or model is None or not _has(model, named["service"], named["operation"]):
            return _refusal(404, "UnknownOperationException", f"There is no operation at {path}.")
        try:
            request = _json_of(read_body(environ))
        except (cbor2.CBORDecodeError, TypeError, ValueError) as error:
            return _refusal(400, "SerializationException", f"The request is not CBOR with a JSON equivalent: {error}")
        # moto derives the protocol of the request and of the answer from the content type.
        inner["CONTENT_TYPE"] = f"application/x-amz-json-{model.metadata['jsonVersion']}"
        status, headers, content = ask(self._application, inner, request)
        try:
            answer = json.loads(content or b"{}")
        except ValueError:
            return _refusal(500, "InternalFailure", content.decode(errors="replace"))
        return status, headers, cbor2.dumps(_cbor_of(model, named["operation"], status, answer))


def _service_model(environ: WSGIEnvironment) -> Any | None:
    """Return the model of the service that the request is signed for; None if moto or botocore does not know it."""
    dispatcher = moto_application()
    service = dispatcher.get_backend_for_host(dispatcher.infer_service_region_host(environ, "/"))
    try:
        return get_service_model(service)
    except UnknownServiceError:
        return None


def _has(model: Any, service: str, operation: str) -> bool:
    """Return whether the model is that of the service, has the operation, and also supports JSON."""
    metadata = model.metadata
    return metadata.get("targetPrefix") == service and "jsonVersion" in metadata and operation in model.operation_names


def _refusal(status: int, code: str, message: str) -> Answer:
    return status, {}, cbor2.dumps({"__type": code, "message": message})


def _json_of(body: bytes) -> bytes:
    """Convert a request to JSON. CBOR values carry their types."""

    def plain(value: object) -> object:
        if isinstance(value, bytes):
            return base64.b64encode(value).decode()
        if isinstance(value, datetime):
            return value.timestamp()
        raise TypeError(f"{value!r} cannot be converted to JSON")

    request = cbor2.loads(body) if body else {}
    if not isinstance(request, Mapping):
        raise TypeError(f"{request!r} is not a structure")
    return json.dumps(request, default=plain).encode()


def _cbor_of(model: Any, operation: str, status: int, answer: Mapping[str, Any]) -> object:
    """Return the answer's members that the model defines, with the model's types."""
    if status < 300:
        shape = model.operation_model(operation).output_shape
        return {} if shape is None else _typed(shape, answer)
    kind = str(answer.get("__type", "InternalFailure"))
    error = next((shape for shape in model.error_shapes if shape.name == kind.rpartition("#")[2]), None)
    details = _structure(error, answer) if error is not None else {}
    message = answer.get("message", answer.get("Message", ""))
    return {**details, "__type": kind, "message": message}


def _typed(shape: Any, value: Any) -> object:
    match shape.type_name:
        case "structure":
            return _structure(shape, value)
        case "list":
            return [_typed(shape.member, item) for item in value]
        case "map":
            return {key: _typed(shape.value, item) for key, item in value.items()}
        case "timestamp":
            return cbor2.CBORTag(_EPOCH_TIME, parse_timestamp(value).timestamp())
        case "blob":
            return base64.b64decode(value)
        case "float" | "double":
            return float(value)
        case "integer" | "long":
            return int(value)
    return value


def _structure(shape: Any, value: Mapping[str, Any]) -> dict[str, object]:
    """Convert a structure. JSON can have other member names than CBOR; null members are omitted."""
    names = {member: inner.serialization.get("name", member) for member, inner in shape.members.items()}
    return {member: _typed(shape.members[member], value[name]) for member, name in names.items() if value.get(name) is not None}
