"""The WSGI layer over moto: answers SageMaker's pipeline operations, requests to endpoints and Lambda's Invoke.

Other requests pass to moto.

Signatures are not verified: nothing but this machine reaches the emulator.
"""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from local_run.emulator.advance import PATH as ADVANCE
from local_run.emulator.advance import AdvanceApi
from local_run.emulator.delivery.functions import FunctionHost, FunctionUnavailableError
from local_run.emulator.endpoints import Describe, EndpointHost, container_of_package
from local_run.emulator.pipelines.api.operations import JOB_KINDS, JobApi, PipelineApi, pipeline_name
from local_run.emulator.pipelines.errors import ApiError
from local_run.emulator.wsgi import Answer, ask, read_body, send

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

TARGET_PREFIX = "SageMaker."
JSON = "application/x-amz-json-1.1"
_INVOKE = re.compile(r"/2015-03-31/functions/(?P<name>[^/]+)/invocations/?")
_INVOCATIONS = re.compile(r"/endpoints/(?P<name>[^/]+)/invocations")
_SCOPE = re.compile(r"Credential=[^/]+/[^/]+/(?P<region>[^/]+)/")


class Layer:
    """Wraps an application. Requests for other regions than the emulator's pass to moto, which separates regions."""

    def __init__(
        self,
        application: WSGIApplication,
        region: str,
        pipelines: PipelineApi,
        jobs: JobApi,
        endpoints: EndpointHost,
        functions: FunctionHost,
        invoke_later: Callable[[str, Any], None],
        supplements: Mapping[tuple[str, str], Mapping[str, Any]],
        advance: AdvanceApi,
    ) -> None:
        self._advance = advance
        self._application = application
        self._region = region
        self._jobs = jobs
        self._endpoints = endpoints
        self._functions = functions
        self._invoke_later = invoke_later
        self._supplements = supplements
        self._pipelines = pipelines
        self._operations = pipelines.operations()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        posted = environ.get("PATH_INFO", "") if environ.get("REQUEST_METHOD") == "POST" else ""
        if posted == ADVANCE:
            return send(self._advance(environ, read_body(environ)), start_response)
        invoked, served = _INVOKE.fullmatch(posted), _INVOCATIONS.fullmatch(posted)
        ours = target.startswith(TARGET_PREFIX) or invoked is not None or served is not None
        if not ours or _region(environ) not in (None, self._region):
            return self._application(environ, start_response)
        body = read_body(environ)
        if invoked is not None:
            answer = self._invoke(invoked["name"], environ, body)
        elif served is not None:
            answer = self._serve(served["name"], environ, body)
        else:
            answer = self._sagemaker(target.removeprefix(TARGET_PREFIX), environ, body)
        if answer is None:
            environ["wsgi.input"] = io.BytesIO(body)
            return self._application(environ, start_response)
        return send(answer, start_response)

    def _sagemaker(self, operation: str, environ: WSGIEnvironment, body: bytes) -> Answer | None:
        try:
            request = json.loads(body or b"{}")
            if operation in self._operations:
                return _json(200, self._operations[operation](request))
            if operation in ("DescribePipeline", "UpdatePipeline", "DeletePipeline"):
                return self._pipeline(operation, environ, request)
            for kind in JOB_KINDS:
                if operation in (f"Describe{kind}Job", f"Stop{kind}Job", f"List{kind}Jobs"):
                    return self._job(operation, kind, request, environ)
            if operation in ("DescribeModel", "DescribeModelPackage"):
                return self._supplemented(operation, environ, request)
            if operation == "CreateModel":
                return self._create_model(environ, request)
            if operation == "DeleteEndpoint":
                self._endpoints.forget(str(request.get("EndpointName")))
        except ApiError as error:
            return _json(400, {"__type": error.code, "message": error.message})
        return None

    def _job(self, operation: str, kind: str, request: Mapping[str, Any], environ: WSGIEnvironment) -> Answer | None:
        if operation.startswith("List"):
            passed = {"MaxResults": 100}
            others = self._pass(environ, passed)[2]
            return _json(200, self._jobs.list(kind, request, json.loads(others).get(f"{kind}JobSummaries", [])))
        act = self._jobs.stop if operation.startswith("Stop") else self._jobs.describe
        response = act(kind, request)
        return None if response is None else _json(200, response)

    def _pipeline(self, operation: str, environ: WSGIEnvironment, request: Mapping[str, Any]) -> Answer:
        """Answer a call on a pipeline. moto finds pipelines only by name and has another error if one does not exist."""
        name = pipeline_name(str(request.get("PipelineName")))
        answer = self._pass(environ, {**request, "PipelineName": name})
        if answer[0] == 400 and b"Could not find pipeline with" in answer[2]:
            return _json(400, {"__type": "ResourceNotFound", "message": f"Pipeline '{name}' does not exist."})
        if operation == "DeletePipeline" and answer[0] == 200:
            self._pipelines.forget(name)
        last_run = self._pipelines.last_run(name)
        if operation == "DescribePipeline" and answer[0] == 200 and last_run is not None:
            return _json(200, {**json.loads(answer[2]), "LastRunTime": last_run})
        return answer

    def _supplemented(self, operation: str, environ: WSGIEnvironment, request: Mapping[str, Any]) -> Answer:
        """Return moto's description, with the parts of the step's request that moto does not store."""
        answer = self._pass(environ, request)
        if answer[0] != 200:
            return answer
        described = json.loads(answer[2])
        key = described.get("ModelPackageArn") or described.get("ModelName")
        kept = self._supplements.get((operation, key), {})
        described = {**kept, **described}
        if kept.get("EnableNetworkIsolation") is not None:
            described["EnableNetworkIsolation"] = kept["EnableNetworkIsolation"]
        return _json(200, described)

    def _create_model(self, environ: WSGIEnvironment, request: Mapping[str, Any]) -> Answer:
        """Create a model, also from a model package, which moto does not know."""
        container = container_of_package(self._asking(environ), request.get("PrimaryContainer") or {})
        return self._pass(environ, {**request, "PrimaryContainer": container})

    def _serve(self, name: str, environ: WSGIEnvironment, body: bytes) -> Answer:
        """SageMaker Runtime's InvokeEndpoint. An answer of the model's server other than 200 is a ModelError."""
        headers = {"Content-Type": environ.get("CONTENT_TYPE", ""), "Accept": environ.get("HTTP_ACCEPT", "")}
        try:
            answered = self._endpoints.invoke(name, self._asking(environ), headers, body)
        except ApiError as error:
            return _runtime_error(error.code, error.message)
        if answered.status != 200:
            return _runtime_error("ModelError", answered.body.decode("utf-8", "replace").strip(), answered.status)
        return 200, {"Content-Type": answered.content_type, "x-Amzn-Invoked-Production-Variant": "model"}, answered.body

    def _asking(self, environ: WSGIEnvironment) -> Describe:
        """Return a function that asks moto in the name of the request's caller."""

        def ask_sagemaker(operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
            asked = {**environ, "HTTP_X_AMZ_TARGET": f"{TARGET_PREFIX}{operation}", "PATH_INFO": "/", "QUERY_STRING": ""}
            asked["CONTENT_TYPE"] = JSON
            status, _, body = self._pass(asked, request)
            answer: dict[str, Any] = json.loads(body)
            if status != 200:
                code = str(answer.get("__type", "ValidationException")).rpartition("#")[2]
                raise ApiError(code, str(answer.get("message") or answer.get("Message", "")))
            return answer

        return ask_sagemaker

    def _pass(self, environ: WSGIEnvironment, request: Mapping[str, Any]) -> Answer:
        """Pass the request to moto and return its answer."""
        return ask(self._application, environ, json.dumps(request).encode())

    def _invoke(self, name: str, environ: WSGIEnvironment, body: bytes) -> Answer | None:
        """Lambda's Invoke: synchronous, asynchronous (Event) or DryRun. moto answers for a function that does not exist."""
        if not self._functions.exists(name):
            return None
        try:
            event = json.loads(body) if body.strip() else {}
        except ValueError as error:
            message = f"Could not parse request body into json: {error}"
            return _lambda_error(400, "InvalidRequestContentException", message)
        kind = environ.get("HTTP_X_AMZ_INVOCATION_TYPE", "RequestResponse")
        if kind == "DryRun":
            return 204, {}, b""
        if kind == "Event":
            self._invoke_later(self._functions.function_arn(name), event)
            return 202, {}, b""
        try:
            result = self._functions.invoke(name, event)
        except FunctionUnavailableError as error:
            return _lambda_error(429, "TooManyRequestsException", str(error))
        headers = {"Content-Type": "application/json", "X-Amz-Executed-Version": "$LATEST"}
        if result.error is not None:
            headers["X-Amz-Function-Error"] = "Unhandled"
        if environ.get("HTTP_X_AMZ_LOG_TYPE") == "Tail":
            headers["X-Amz-Log-Result"] = base64.b64encode(result.log.encode()).decode()
        return 200, headers, json.dumps(result.payload if result.error is None else result.error).encode()


def _region(environ: WSGIEnvironment) -> str | None:
    match = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    return match["region"] if match else None


def _runtime_error(code: str, message: str, original: int = 500) -> Answer:
    """An error of InvokeEndpoint: of the model itself, or one of SageMaker's about the endpoint."""
    if code == "ModelError":
        content = {"Message": f"Received error ({original}) from model: {message}", "OriginalStatusCode": original}
        body = json.dumps({**content, "OriginalMessage": message})
        return 424, {"Content-Type": JSON, "x-amzn-errortype": code}, body.encode()
    body = json.dumps({"Message": message})
    return 400, {"Content-Type": JSON, "x-amzn-errortype": "ValidationError"}, body.encode()


def _json(status: int, body: Mapping[str, Any]) -> Answer:
    headers = {"Content-Type": JSON}
    if "__type" in body:
        headers["x-amzn-errortype"] = str(body["__type"])
    return status, headers, json.dumps(body).encode()


def _lambda_error(status: int, code: str, message: str) -> Answer:
    body = json.dumps({"Type": "User", "Message": message}).encode()
    return status, {"Content-Type": "application/json", "x-amzn-errortype": code}, body
