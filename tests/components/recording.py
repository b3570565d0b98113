"""The program run under the SDK's own mocks, every registration and invoke kept."""

from __future__ import annotations

import asyncio
import contextvars
import json
import runpy
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pulumi.runtime import mocks, rpc
from pulumi.runtime.settings import Settings, configure
from pulumi.runtime.stack import run_in_stack

from contracts.problems import ProblemsError
from tests.patience import PATIENCE_SECONDS

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT = "123456789012"
PROJECT = "model-training"
#: A stack that uses every option there is.
EVERYTHING: dict[str, Any] = {
    "subnetIds": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    "securityGroupIds": ["sg-0123456789abcdef0"],
    "accessLogsBucket": "access-logs-of-the-account",
    "executionExpiryDays": 90,
    "managedSpot": True,
    "retrainingSchedule": "cron(0 6 ? * MON *)",
    "retrainingTemplate": "weekly",
    "forecastSchedule": "cron(0 7 ? * MON-FRI *)",
    "forecastTemplate": "weekly",
    "alarmEmail": "team@example.org",
}


def configuration(stack_name: str, **changes: object) -> dict[str, str]:
    """The defaults of Pulumi.yaml, the stack's file, and changes by key (``None`` takes a key away), all as text."""
    block = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    values = {f"{PROJECT}:{key}": entry["default"] for key, entry in block.items()}
    values |= yaml.safe_load((ROOT / f"Pulumi.{stack_name}.yaml").read_text())["config"]
    values |= {key if ":" in key else f"{PROJECT}:{key}": value for key, value in changes.items()}
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items() if value is not None}


@dataclass
class Registered:
    type: str
    name: str
    inputs: dict[str, Any]


@dataclass
class Recorder(mocks.Mocks):
    """Answers as AWS would in the account; ``held_tags`` is what the registry has already."""

    region: str
    held_tags: tuple[str, ...] = ()
    repository_exists: bool = False
    resources: list[Registered] = field(default_factory=list)
    invokes: list[str] = field(default_factory=list)
    requests: dict[tuple[str, str], Any] = field(default_factory=dict)
    exports: dict[str, Any] = field(default_factory=dict)
    #: Types of components and of the stack, as the engine's protocol names them.
    outputs: list[Any] = field(default_factory=list)
    #: Keys that the stack's file keeps encrypted.
    secret_keys: tuple[str, ...] = ()
    #: What the program logs, which a preview shows.
    messages: list[str] = field(default_factory=list)
    stack: str = "dev"
    project: str = PROJECT

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.resources.append(Registered(args.typ, args.name, dict(args.inputs)))
        return f"{args.name}-id", {**args.inputs, **self._computed(args)}

    def _computed(self, args: mocks.MockResourceArgs) -> dict[str, Any]:
        inputs = args.inputs
        here = f"{self.region}:{ACCOUNT}"
        known = {
            "aws:s3/bucket:Bucket": lambda: {"arn": f"arn:aws:s3:::{inputs['bucket']}"},
            "aws:iam/role:Role": lambda: {"arn": f"arn:aws:iam::{ACCOUNT}:role/{inputs['name']}"},
            "aws:lambda/function:Function": lambda: {"arn": f"arn:aws:lambda:{here}:function:{inputs['name']}"},
            "aws:sqs/queue:Queue": lambda: {
                "arn": f"arn:aws:sqs:{here}:{inputs['name']}",
                "url": f"https://sqs.{self.region}.amazonaws.com/{ACCOUNT}/{inputs['name']}",
            },
            "aws:sns/topic:Topic": lambda: {"arn": f"arn:aws:sns:{here}:{inputs['name']}"},
            "aws:sagemaker/pipeline:Pipeline": lambda: {"arn": f"arn:aws:sagemaker:{here}:pipeline/{inputs['pipelineName']}"},
            "aws:sagemaker/modelPackageGroup:ModelPackageGroup": lambda: {
                "arn": f"arn:aws:sagemaker:{here}:model-package-group/{inputs['modelPackageGroupName']}"
            },
            "aws:cloudwatch/eventRule:EventRule": lambda: {"arn": f"arn:aws:events:{here}:rule/{inputs['name']}"},
            "aws:kms/key:Key": lambda: {
                "arn": f"arn:aws:kms:{here}:key/11111111-2222-3333-4444-555555555555",
                "keyId": "11111111-2222-3333-4444-555555555555",
            },
            "aws:ecr/repository:Repository": lambda: {
                "repositoryUrl": f"{ACCOUNT}.dkr.ecr.{self.region}.amazonaws.com/{inputs['name']}",
                "registryId": ACCOUNT,
            },
        }
        return known.get(args.typ, dict)()

    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:
        self.invokes.append(args.token)
        answers: dict[str, dict[str, Any]] = {
            "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT, "arn": "", "id": ACCOUNT, "userId": ""},
            "aws:ecr/getRepositories:getRepositories": {
                "names": [f"{PROJECT}-dev-features"] if self.repository_exists else [],
                "id": self.region,
            },
            "aws:ecr/getImages:getImages": {
                "imageIds": [{"imageTag": tag, "imageDigest": "sha256:0"} for tag in self.held_tags],
                **args.args,
            },
            "aws:ecr/getAuthorizationToken:getAuthorizationToken": {
                "userName": "AWS",
                "password": "a-secret-password",
                "authorizationToken": "QVdTOmE=",
                "expiresAt": "",
                "proxyEndpoint": "",
                "id": self.region,
            },
        }
        return answers[args.token]

    def of(self, type_: str) -> list[Registered]:
        return [resource for resource in self.resources if resource.type == type_]

    def named(self, name: str) -> Registered:
        (found,) = [resource for resource in self.resources if resource.name == name]
        return found

    def one(self, type_: str) -> Registered:
        (found,) = self.of(type_)
        return found


class RecordingEngine(mocks.MockEngine):
    """The SDK's mock engine, with the program's log messages kept."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__(None)
        self.recorder = recorder

    def Log(self, request: Any) -> Any:  # noqa: N802
        self.recorder.messages.append(request.message)
        return super().Log(request)


class RecordingMonitor(mocks.MockMonitor):
    """The SDK's mock monitor, which forgets options and the stack's outputs; this one keeps them."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__(recorder)
        self.recorder = recorder

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 (the protocol's name)
        self.recorder.requests[(request.type, request.name)] = request
        return super().RegisterResource(request)

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        self.recorder.outputs.append(request.outputs)
        if request.urn.endswith("pulumi:pulumi:Stack::" + f"{self.recorder.project}-{self.recorder.stack}"):
            self.recorder.exports |= rpc.deserialize_properties(request.outputs)
        return super().RegisterResourceOutputs(request)


def run_program(stack_name: str = "dev", recorder: Recorder | None = None, **changes: object) -> Recorder:
    """Run ``__main__.py`` with a stack's configuration, in a thread and context of its own as one process would."""
    config = configuration(stack_name, **changes)
    found = recorder or Recorder(region=config.get("aws:region", ""))
    found.stack = stack_name
    run_in_context(lambda: runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__"), found, config)
    return found


def run_in_context(program: Callable[[], object], recorder: Recorder, config: dict[str, str]) -> None:
    errors: list[BaseException] = []

    def body() -> None:
        pulumi.runtime.set_all_config(config, list(recorder.secret_keys))
        monitor = RecordingMonitor(recorder)
        configure(
            Settings(
                project=recorder.project,
                stack=recorder.stack,
                monitor=monitor,
                engine=RecordingEngine(recorder),
                dry_run=False,
            )
        )
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            with warnings.catch_warnings():
                # The AWS SDK warns of its own deprecated classes when it is imported.
                warnings.filterwarnings("ignore", category=DeprecationWarning, module="pulumi_aws")
                loop.run_until_complete(run_in_stack(program))
        except BaseException as error:
            errors.append(error)
        finally:
            loop.close()

    thread = threading.Thread(target=contextvars.Context().run, args=(body,))
    thread.start()
    thread.join(timeout=PATIENCE_SECONDS)
    assert not thread.is_alive(), "the program did not end within a minute"
    if errors:
        raise errors[0].__cause__ if isinstance(errors[0].__cause__, ProblemsError) else errors[0]
