"""Runs one revision's program with example answers instead of a cloud, and writes what it registers as JSON.

:mod:`deploy_service.pull_request.isolation` runs this file as a script, in a process of its own whose folder is the exported
revision. The file therefore imports nothing of this repository: an import must find the revision's modules. Standard input is a
JSON object with project, stack, config, guard and out.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import os
import runpy
import sys
import traceback
import warnings
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import mocks, rpc
from pulumi.runtime.settings import Settings, configure
from pulumi.runtime.stack import run_in_stack

ACCOUNT = "123456789012"
SECRET = "[secret]"  # noqa: S105 (shown instead of one)
_KEY_ID = "11111111-2222-3333-4444-555555555555"
#: The last part of the ARN of each kind. Other kinds of AWS get an ARN of the same form from their name.
_ARNS = {
    "aws:cloudwatch/eventRule:EventRule": "arn:aws:events:{region}:{account}:rule/{name}",
    "aws:cloudwatch/logGroup:LogGroup": "arn:aws:logs:{region}:{account}:log-group:{name}",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "arn:aws:cloudwatch:{region}:{account}:alarm:{name}",
    "aws:dynamodb/table:Table": "arn:aws:dynamodb:{region}:{account}:table/{name}",
    "aws:ecr/repository:Repository": "arn:aws:ecr:{region}:{account}:repository/{name}",
    "aws:iam/role:Role": "arn:aws:iam::{account}:role/{name}",
    "aws:kms/key:Key": "arn:aws:kms:{region}:{account}:key/" + _KEY_ID,
    "aws:lambda/function:Function": "arn:aws:lambda:{region}:{account}:function:{name}",
    "aws:s3/bucket:Bucket": "arn:aws:s3:::{name}",
    "aws:s3/bucketV2:BucketV2": "arn:aws:s3:::{name}",
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": "arn:aws:sagemaker:{region}:{account}:model-package-group/{name}",
    "aws:sagemaker/pipeline:Pipeline": "arn:aws:sagemaker:{region}:{account}:pipeline/{name}",
    "aws:scheduler/scheduleGroup:ScheduleGroup": "arn:aws:scheduler:{region}:{account}:schedule-group/{name}",
    "aws:sns/topic:Topic": "arn:aws:sns:{region}:{account}:{name}",
    "aws:sqs/queue:Queue": "arn:aws:sqs:{region}:{account}:{name}",
}
#: Inputs that name a physical resource, in this order.
_NAMES = ("bucket", "pipelineName", "modelPackageGroupName", "name")


class Answers(mocks.Mocks):
    """The same answers in every run, so that two revisions differ only where their programs do."""

    def __init__(self, region: str) -> None:
        self.region = region

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        """The inputs, with an id, an ARN, and what the program reads of the new resource."""
        inputs = args.inputs
        name = next((str(inputs[key]) for key in _NAMES if inputs.get(key)), args.name)
        where = {"region": self.region, "account": ACCOUNT, "name": name}
        package, _, kind = args.typ.partition(":")
        computed: dict[str, Any] = {}
        if package == "aws":
            service = kind.partition("/")[0]
            computed["arn"] = _ARNS.get(args.typ, f"arn:aws:{service}:{{region}}:{{account}}:{{name}}").format(**where)
        if args.typ == "aws:sqs/queue:Queue":
            computed["url"] = "https://sqs.{region}.amazonaws.com/{account}/{name}".format(**where)
        elif args.typ == "aws:kms/key:Key":
            computed["keyId"] = _KEY_ID
        elif args.typ == "aws:ecr/repository:Repository":
            computed |= {"repositoryUrl": "{account}.dkr.ecr.{region}.amazonaws.com/{name}".format(**where)}
            computed["registryId"] = ACCOUNT
        return f"{args.name}-id", {**computed, **inputs}

    def call(self, args: mocks.MockCallArgs) -> Any:
        """What an empty account answers. Another function is an error, because a made-up answer could hide a change."""
        answers: dict[str, dict[str, Any]] = {
            "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT, "id": ACCOUNT, "arn": "", "userId": ""},
            "aws:index/getRegion:getRegion": {"name": self.region, "region": self.region, "id": self.region},
            "aws:index/getPartition:getPartition": {"partition": "aws", "dnsSuffix": "amazonaws.com", "id": "aws"},
            "aws:ecr/getRepositories:getRepositories": {"names": [], "id": self.region},
            "aws:ecr/getImages:getImages": {**args.args, "imageIds": []},
            "aws:ecr/getAuthorizationToken:getAuthorizationToken": {
                "userName": "AWS", "password": SECRET, "authorizationToken": SECRET,
                "expiresAt": "", "proxyEndpoint": "", "id": self.region,
            },
        }  # fmt: skip
        if args.token not in answers:
            raise ValueError(f"the offline preview has no answer for the provider function {args.token}")
        return answers[args.token]


class RecordingMonitor(mocks.MockMonitor):
    """The SDK's mock monitor, which forgets options; this one keeps them and the inputs."""

    def __init__(self, answers: Answers, project: str, stack: str) -> None:
        super().__init__(answers)
        self.project, self.stack = project, stack
        #: The base class has a member ``resources`` of its own.
        self.recorded: list[dict[str, Any]] = []

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """As the engine does: the types of the parents, except the stack, precede the type."""
        parents = parent.split("::", 3)[2] if parent else "pulumi:pulumi:Stack"
        qualified = type_ if parents == "pulumi:pulumi:Stack" else f"{parents}${type_}"
        return f"urn:pulumi:{self.stack}::{self.project}::{qualified}::{name}"

    def _alias(self, request: Any, alias: Any) -> str:
        if alias.urn:
            return str(alias.urn)
        spec = alias.spec
        parent = spec.parentUrn or ("" if spec.noParent else request.parent)
        return self.make_urn(parent, spec.type or request.type, spec.name or request.name)

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 (the protocol's name)
        """Note the request, then answer as the mock does."""
        inputs = rpc.deserialize_properties(request.object, keep_unknowns=True)
        self.recorded.append(
            {
                "urn": self.make_urn(request.parent, request.type, request.name),
                "type": request.type,
                "name": request.name,
                "custom": request.custom,
                "protect": request.protect,
                "retain_on_delete": request.retainOnDelete,
                "replace_on_changes": list(request.replaceOnChanges),
                "ignore_changes": list(request.ignoreChanges),
                "aliases": [self._alias(request, alias) for alias in request.aliases],
                "inputs": _plain(inputs),
                "sources": {key: sorted(value.urns) for key, value in request.propertyDependencies.items() if value.urns},
            }
        )
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]


def _plain(value: Any) -> Any:
    """JSON without secrets. Of files and archives only their content's hash is kept."""
    if rpc.is_rpc_secret(value):
        return SECRET
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in sorted(value.items())}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, pulumi.AssetArchive):
        return {"archive": {name: _plain(asset) for name, asset in sorted(value.assets.items())}}
    if isinstance(value, pulumi.StringAsset):
        return f"sha256:{hashlib.sha256(value.text.encode()).hexdigest()}"
    if isinstance(value, (pulumi.FileAsset, pulumi.FileArchive)):
        return f"sha256:{_content_hash(Path(value.path))}"
    if isinstance(value, (pulumi.RemoteAsset, pulumi.RemoteArchive)):
        return value.uri
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, (str, int, float, bool)) or value is None else "(not known)"


def _content_hash(path: Path) -> str:
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.relative_to(path) if file != path else ''}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def _forbid_network() -> None:
    """Where the kernel gives no network namespace: connecting, resolving names and starting programs raise an error.

    This stops mistakes, not an attacker, because native code does not pass through Python's audit events.
    """
    network = ("socket.connect", "socket.getaddrinfo", "socket.sendto")
    programs = ("subprocess.Popen", "os.system", "os.posix_spawn", "os.exec")

    def refuse(event: str, arguments: tuple[object, ...]) -> None:
        if event in (*network, *programs):
            raise PermissionError(f"an offline preview must not use {event}")

    sys.addaudithook(refuse)


def _program() -> None:
    runpy.run_path(os.curdir, run_name="__main__")


def record(job: dict[str, Any]) -> dict[str, Any]:
    """Run the program of the current folder, and return its resources or its error."""
    answers = Answers(job["config"].get("aws:region", ""))
    monitor = RecordingMonitor(answers, job["project"], job["stack"])
    pulumi.runtime.set_all_config(job["config"])
    engine = mocks.MockEngine(logging.getLogger("program"))
    configure(Settings(project=job["project"], stack=job["stack"], monitor=monitor, engine=engine, dry_run=False))
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    error = None
    try:
        loop.run_until_complete(run_in_stack(_program))
    except BaseException as failure:  # whatever a revision raises is its result
        error = _described(failure.__cause__ or failure)
    resources = sorted(monitor.recorded, key=lambda found: found["urn"])
    policies = _judge(resources, answers.region) if error is None else {}
    return {"resources": resources, "error": error, "policies": policies}


def _judge(resources: list[dict[str, Any]], region: str) -> Any:
    """The revision's policies on its own resources."""
    return runpy.run_path(str(Path(__file__).with_name("policy_run.py")))["judge"](resources, region)


def _described(failure: BaseException) -> str:
    """A user's mistake as it is, every other error with the program's line that raised it."""
    if hasattr(failure, "problems"):
        return str(failure)
    here = f"{Path.cwd()}{os.sep}"
    frames = [frame for frame in traceback.extract_tb(failure.__traceback__) if frame.filename.startswith((here, "./"))]
    place = f"{frames[-1].filename.removeprefix(here).removeprefix('./')}, line {frames[-1].lineno}: " if frames else ""
    return f"{place}{type(failure).__name__}: {str(failure).replace(here, '')}"


def main() -> None:
    """Read the job, record, write the result. ``os._exit`` ends threads that the program has left."""
    job = json.load(sys.stdin)
    if job["guard"]:
        _forbid_network()
    result = json.dumps(record(job))
    Path(job["out"]).write_text(result, encoding="utf-8")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
