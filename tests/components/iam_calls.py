"""AWS calls as the emulator receives them, as IAM sees them: who, which action, on which resource."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qs, unquote

from components.policies import applicable
from contracts.permission_model import Actor
from local_run.actors import actor_of
from local_run.emulator import ACCOUNT_ID

CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/([a-z0-9-]+)/([a-z0-9]+)/")
REGION = "eu-central-1"
ITEM_WRITES = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}
#: Members that name what a SageMaker operation works on, and how its ARN begins.
SAGEMAKER_NAMES = {
    "ProcessingJobName": "processing-job", "TrainingJobName": "training-job", "ModelName": "model", "PipelineName": "pipeline",
    "EndpointName": "endpoint", "ModelPackageGroupName": "model-package-group",
}  # fmt: skip


@dataclass(frozen=True)
class Call:
    actor: str
    action: str
    resource: str


class CallRecorder:
    """WSGI middleware that notes every signed call before it is answered."""

    def __init__(self) -> None:
        self.calls: set[Call] = set()

    def __call__(self, app: Callable[..., Any]) -> Callable[..., Any]:
        def recorded(environ: dict[str, Any], start_response: Any) -> Any:
            length = int(environ.get("CONTENT_LENGTH") or 0)
            body = environ["wsgi.input"].read(length) if length else b""
            environ["wsgi.input"] = io.BytesIO(body)
            self.calls |= set(calls_of(environ, body))
            return app(environ, start_response)

        return recorded

    def of(self, actor: str) -> set[Call]:
        return {call for call in self.calls if call.actor == actor}


def calls_of(environ: dict[str, Any], body: bytes) -> Iterator[Call]:
    signed = CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    actor = actor_of(signed[1]) if signed else None
    if actor is None or signed is None:
        return
    target = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    found: Iterable[tuple[str, str]] = ()
    if signed[3] == "s3":
        found = s3_access(environ)
    elif target:
        access = {"dynamodb": dynamodb_access, "sagemaker": sagemaker_access, "logs": logs_access}.get(signed[3])
        found = access(target, json.loads(body or b"{}")) if access else [(f"{signed[3]}:{target}", "*")]
    yield from (Call(actor, action, resource) for action, resource in found)


def s3_access(environ: dict[str, Any]) -> list[tuple[str, str]]:
    bucket, _, key = unquote(environ["PATH_INFO"]).lstrip("/").partition("/")
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    method, root = environ["REQUEST_METHOD"], f"arn:aws:s3:::{bucket}"
    if not key:
        return [("s3:ListBucket" if method in ("GET", "HEAD") else f"s3:{method}", root)]
    actions = {"GET": "GetObject", "HEAD": "GetObject", "PUT": "PutObject", "POST": "PutObject", "DELETE": "DeleteObject"}
    version = "Version" if query.get("versionId") and method in ("GET", "HEAD", "DELETE") else ""
    return [(f"s3:{actions[method]}{version}", f"{root}/{key}")]


def dynamodb_access(operation: str, body: dict[str, Any]) -> Iterator[tuple[str, str]]:
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


def logs_access(operation: str, body: dict[str, Any]) -> Iterator[tuple[str, str]]:
    group = f"arn:aws:logs:{REGION}:{ACCOUNT_ID}:log-group:{body.get('logGroupName', '*')}"
    yield f"logs:{operation}", f"{group}:log-stream:{body.get('logStreamName', '')}"


def sagemaker_access(operation: str, body: dict[str, Any]) -> Iterator[tuple[str, str]]:
    def arn(resource: str) -> str:
        return f"arn:aws:sagemaker:{REGION}:{ACCOUNT_ID}:{resource}"

    action = f"sagemaker:{operation}"
    if "PipelineExecutionArn" in body:
        resource = body["PipelineExecutionArn"]
    else:
        name = next((member for member in SAGEMAKER_NAMES if member in body), None)
        resource = (
            arn(f"{SAGEMAKER_NAMES[name]}/{body[name].rpartition('/')[2]}") if name else body.get("ModelPackageName", "*")
        )
    if operation == "CreateModelPackage":
        yield action, resource.replace("model-package-group/", "model-package/") + "/1"
    yield action, resource
    for member in ("RoleArn", "ExecutionRoleArn"):
        if member in body:
            yield "iam:PassRole", body[member]
    if body.get("Tags") and operation.startswith("Create"):
        yield "sagemaker:AddTags", resource


def allows(statement: dict[str, Any], call: Call) -> bool:
    """Whether an allowing statement covers the call; its conditions are about what the emulator does not tell."""
    actions, resources = statement["Action"], statement["Resource"]
    listed = [[value] if isinstance(value, str) else value for value in (actions, resources)]
    return call.action in listed[0] and any(fnmatchcase(call.resource, pattern) for pattern in listed[1])


def our_statements(actor: Actor) -> list[str]:
    """Sids of the statements that a stack without key and VPC has, and that our own code's calls need."""
    return [statement.sid for statement in applicable(actor, has_key=False, has_vpc=False) if not statement.by]
