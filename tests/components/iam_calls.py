"""AWS calls as the emulator receives them, as the rights that IAM asks for: who, which action, on which resource.

Source: Service Authorization Reference. Calls that these tables do not know are collected separately, and a test fails on them.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote

from components.iam.people import PEOPLE
from components.iam.statement import SAGEMAKER
from contracts.tables import PREDICTION
from local_run.emulator.actors import actor_of
from local_run.emulator.server import ACCOUNT_ID

CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/([a-z0-9-]+)/([a-z0-9]+)/")
REGION = "eu-central-1"
#: Python's AWS SDK sends AWS_EXECUTION_ENV with each call; it is set in our functions and containers here. The
#: emulator's own clients, which stand for SageMaker and Lambda under the same key, do not have it.
OUR_CODE = "exec-env/"
_LISTING = {"list-type", "prefix", "delimiter", "encoding-type", "continuation-token", "start-after", "max-keys", "fetch-owner"}
#: Method, and whether a key is named → the action, and the query parameters that do not make another operation of it.
S3_OPERATIONS: Mapping[tuple[str, bool], tuple[str, set[str]]] = {
    ("GET", True): ("GetObject", {"versionId"}),
    ("HEAD", True): ("GetObject", {"versionId"}),
    ("PUT", True): ("PutObject", {"partNumber", "uploadId"}),
    ("POST", True): ("PutObject", {"uploads", "uploadId"}),
    ("DELETE", True): ("DeleteObject", {"versionId"}),
    ("GET", False): ("ListBucket", _LISTING),
    ("HEAD", False): ("ListBucket", set()),
}
ITEM_WRITES = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}
#: Members that name what a SageMaker operation works on, and how its ARN begins.
SAGEMAKER_NAMES = {
    "ProcessingJobName": "processing-job", "TrainingJobName": "training-job",
    "TransformJobName": "transform-job", "ModelName": "model", "PipelineName": "pipeline",
    "EndpointName": "endpoint", "EndpointConfigName": "endpoint-config", "ModelPackageGroupName": "model-package-group",
}  # fmt: skip
INVOCATIONS = re.compile(r"/endpoints/([^/]+)/invocations")
PEOPLE_NAMES = {actor.name for actor in PEOPLE}
Right = tuple[str, str]


class UnknownCallError(Exception):
    """A request that these tables say nothing about."""


@dataclass(frozen=True)
class Call:
    """A right that a request asks for. ``by_code``: our code made it, not the emulator in the place of an AWS service."""

    actor: str
    action: str
    resource: str
    by_code: bool = True
    context: tuple[tuple[str, str], ...] = ()


class CallRecorder:
    """WSGI middleware that notes every signed call: ``calls``, and what it does not know, by actor, in ``unknown``."""

    def __init__(self) -> None:
        self.calls: set[Call] = set()
        self.unknown: set[tuple[str, str]] = set()

    def __call__(self, app: Callable[..., Any]) -> Callable[..., Any]:
        def recorded(environ: dict[str, Any], start_response: Any) -> Any:
            signed = CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
            if signed is None:
                return app(environ, start_response)
            length = int(environ.get("CONTENT_LENGTH") or 0)
            body = environ["wsgi.input"].read(length) if length else b""
            environ["wsgi.input"] = io.BytesIO(body)
            actor = actor_of(signed[1]) or signed[1]
            by_code = actor in PEOPLE_NAMES or OUR_CODE in environ.get("HTTP_USER_AGENT", "")

            def note(found: Iterable[Right]) -> None:
                self.calls |= {Call(actor, *right, by_code, _context(right[0], body)) for right in found}

            try:
                note(rights(signed[3], environ, body))
            except UnknownCallError as error:
                self.unknown.add((actor, str(error)))
            if signed[3] != "s3":
                return app(environ, start_response)

            def answered(status: str, *rest: Any) -> Any:
                note(rights_to_be_told(environ, status))
                return start_response(status, *rest)

            return app(environ, answered)

        return recorded

    def of(self, actor: str) -> set[Call]:
        return {call for call in self.calls if call.actor == actor}


def _context(action: str, body: bytes) -> tuple[tuple[str, str], ...]:
    """What else IAM learns of a request: roles are passed in SageMaker's own calls only."""
    if action == "sagemaker:CreateModelPackage" and (status := json.loads(body).get("ModelApprovalStatus")):
        return (("sagemaker:ModelApprovalStatus", str(status)),)
    if action in ("dynamodb:GetItem", "dynamodb:PutItem"):
        request = json.loads(body)
        named = request.get("Key") or request.get("Item") or {}
        # Of the tables with this hash key, only the predictions' is shared by two kinds of rows.
        return (("dynamodb:LeadingKeys", named[PREDICTION.hash_key]["S"]),) if PREDICTION.hash_key in named else ()
    return (("iam:PassedToService", SAGEMAKER),) if action == "iam:PassRole" else ()


def rights(service: str, environ: Mapping[str, Any], body: bytes) -> list[Right]:
    """Raises :class:`UnknownCallError` where no table names the operation or what it works on."""
    target = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    if invoked := INVOCATIONS.fullmatch(environ["PATH_INFO"]):
        return list(sagemaker_rights("InvokeEndpoint", {"EndpointName": invoked[1]}))
    described = f"{service}: {target or environ['REQUEST_METHOD']} {environ['PATH_INFO']}?{environ.get('QUERY_STRING', '')}"
    access = {"dynamodb": dynamodb_rights, "sagemaker": sagemaker_rights, "logs": logs_rights}.get(service)
    if service not in ("s3", "sns") and (access is None or not target):
        raise UnknownCallError(described)
    try:
        if service == "sns":
            return [sns_right(parse_qs(body.decode()))]
        return list(access(target, json.loads(body or b"{}"))) if access else [s3_right(environ)]
    except KeyError as error:
        raise UnknownCallError(described) from error


def sns_right(form: Mapping[str, list[str]]) -> Right:
    """SNS gets its operation and its topic as fields of a form."""
    return f"sns:{form['Action'][0]}", form["TopicArn"][0]


def s3_right(environ: Mapping[str, Any]) -> Right:
    bucket, _, key = unquote(environ["PATH_INFO"]).lstrip("/").partition("/")
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    action, parameters = S3_OPERATIONS[environ["REQUEST_METHOD"], bool(key)]
    other = query.keys() - parameters - {"x-id"}
    if other or "HTTP_X_AMZ_COPY_SOURCE" in environ:
        raise KeyError(*other)
    version = "Version" if "versionId" in query else ""
    return f"s3:{action}{version}", f"arn:aws:s3:::{bucket}{'/' if key else ''}{key}"


def rights_to_be_told(environ: Mapping[str, Any], status: str) -> Iterator[Right]:
    """S3 reports a missing object (404) only to callers that may list its bucket; others get 403."""
    bucket, _, key = unquote(environ["PATH_INFO"]).lstrip("/").partition("/")
    if key and environ["REQUEST_METHOD"] in ("GET", "HEAD") and status.startswith("404"):
        yield "s3:ListBucket", f"arn:aws:s3:::{bucket}"


def dynamodb_rights(operation: str, body: dict[str, Any]) -> Iterator[Right]:
    def arn(named: dict[str, Any]) -> str:
        name = named["TableName"].rpartition("/")[2]
        index = f"/index/{named['IndexName']}" if "IndexName" in named else ""
        return f"arn:aws:dynamodb:{REGION}:{ACCOUNT_ID}:table/{name}{index}"

    if operation == "TransactWriteItems":
        for item in body["TransactItems"]:
            for kind, request in item.items():
                yield f"dynamodb:{ITEM_WRITES[kind]}", arn(request)
    elif operation in ("BatchWriteItem", "BatchGetItem"):
        yield from ((f"dynamodb:{operation}", arn({"TableName": table})) for table in body["RequestItems"])
    else:
        yield f"dynamodb:{operation}", arn(body)


def logs_rights(operation: str, body: dict[str, Any]) -> Iterator[Right]:
    stream = f"log-stream:{body.get('logStreamName', '')}"
    yield f"logs:{operation}", f"arn:aws:logs:{REGION}:{ACCOUNT_ID}:log-group:{body['logGroupName']}:{stream}"


def sagemaker_rights(operation: str, body: dict[str, Any]) -> Iterator[Right]:
    resource = _sagemaker_resource(body)
    if operation == "ListModelPackages":  # IAM asks about the versions, not about their group
        resource = resource.replace("model-package-group/", "model-package/") + "/1"
    yield f"sagemaker:{operation}", resource
    if operation == "CreateEndpoint":
        yield f"sagemaker:{operation}", _sagemaker_resource({"EndpointConfigName": body["EndpointConfigName"]})
    if operation == "CreateModelPackage":
        resource = resource.replace("model-package-group/", "model-package/") + "/1"
        yield f"sagemaker:{operation}", resource
    yield from (("iam:PassRole", body[member]) for member in ("RoleArn", "ExecutionRoleArn") if member in body)
    if body.get("Tags") and operation.startswith("Create"):
        yield "sagemaker:AddTags", resource


def _sagemaker_resource(body: dict[str, Any]) -> str:
    """The ARN of what the operation is about; KeyError where no member known here names it."""
    for member in ("PipelineExecutionArn", "ModelPackageName", "ModelPackageArn", "ResourceArn"):
        if str(body.get(member, "")).startswith("arn:"):
            return str(body[member])
    for member, kind in SAGEMAKER_NAMES.items():
        if member in body:
            return f"arn:aws:sagemaker:{REGION}:{ACCOUNT_ID}:{kind}/{body[member].rpartition('/')[2]}"
    raise KeyError("no resource is named")
