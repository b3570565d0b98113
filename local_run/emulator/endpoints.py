"""The emulator's endpoints: moto keeps their descriptions, and each model is served by a process of its own.

The process starts with the endpoint's first request and ends with the endpoint.
Source: Amazon SageMaker Runtime API, InvokeEndpoint; SageMaker API, CreateModel and CreateEndpoint.
"""

from __future__ import annotations

import http.client
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_run.emulator.access import MODEL_ACTOR, AwsAccess
from local_run.emulator.log_stream import LogStream
from local_run.emulator.options import Options
from local_run.emulator.pipelines.errors import ApiError, StepFailedError
from local_run.emulator.pipelines.steps.requests import ServerAddress
from local_run.emulator.pipelines.steps.serving import fetch_model, serving_command, serving_environment
from local_run.emulator.processes import OwnedProcess

LOG_GROUP = "/aws/sagemaker/Endpoints"
#: SageMaker gives a container 60 seconds to answer. A process on a busy machine may be slower, above all with its first answer.
ANSWER_SECONDS = 600.0
#: Asks SageMaker (moto): operation and request → response.
Describe = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True)
class Answered:
    """What a model's server answers to a request."""

    status: int
    content_type: str
    body: bytes


def container_of_package(describe: Describe, container: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the container that SageMaker puts in the place of a model package. The version must be approved.

    Raises:
        ApiError: it does not exist, or is not approved.
    """
    package = container.get("ModelPackageName")
    if not package:
        return container
    described = describe("DescribeModelPackage", {"ModelPackageName": package})
    status = described.get("ModelApprovalStatus", "Approved")
    if status != "Approved":
        message = f"Model package {package} is not approved; its ModelApprovalStatus is {status}"
        raise ApiError("ValidationException", message)
    (found,) = described["InferenceSpecification"]["Containers"]
    return {name: found[name] for name in ("Image", "ModelDataUrl", "Environment") if found.get(name)}


class EndpointHost:
    """Serves the models of all endpoints of one emulator."""

    def __init__(self, aws: AwsAccess, options: Options, warn: Callable[[str], None], folder: Path) -> None:
        self._aws, self._options, self._warn, self._folder = aws, options, warn, folder
        self._servers: dict[str, _Server] = {}
        self._lock = threading.Lock()

    def invoke(self, name: str, describe: Describe, headers: Mapping[str, str], body: bytes) -> Answered:
        """Send a request to an endpoint's model.

        Raises:
            ApiError: there is no such endpoint, or its model cannot be served.
        """
        with self._lock:
            server = self._servers.setdefault(name, _Server())
        try:
            address = server.address(lambda: self._start(name, describe))
            return _post(address, headers, body)
        except StepFailedError as error:
            raise ApiError("ModelError", error.reason.removeprefix("ClientError: ")) from error
        except OSError as error:
            server.end(self._options.stop_grace_seconds)  # the next request starts another one
            raise ApiError("ModelError", f"the model server does not answer: {error}") from error

    def forget(self, name: str) -> None:
        """End the process of an endpoint that was deleted."""
        with self._lock:
            server = self._servers.pop(name, None)
        if server is not None:
            server.end(self._options.stop_grace_seconds)

    def close(self) -> None:
        """End all processes."""
        for name in list(self._servers):
            self.forget(name)

    def _start(self, name: str, describe: Describe) -> _Running:
        variant = _only_variant(name, describe)
        container = describe("DescribeModel", {"ModelName": variant["ModelName"]}).get("PrimaryContainer") or {}
        if not {"Image", "ModelDataUrl"} <= container.keys():
            raise ApiError("ModelError", f"the emulator serves only models with one container, not {variant['ModelName']}")
        command = serving_command(self._options, container["Image"])
        root = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self._folder))
        fetch_model(self._aws.client("s3", MODEL_ACTOR), container["ModelDataUrl"], root)
        stream = f"{variant['VariantName']}/i-{int(time.time())}"
        log = LogStream(self._aws.client("logs", MODEL_ACTOR), f"{LOG_GROUP}/{name}", stream, self._warn)
        address = ServerAddress()

        def on_line(line: str) -> None:
            log.write(line)
            address.read(line)

        variables = serving_environment(self._options, root, container.get("Environment") or {})
        process = OwnedProcess(command(root), variables, on_line, directory=root)
        return _Running(process, address, log, root)


@dataclass(frozen=True)
class _Running:
    process: OwnedProcess
    address: ServerAddress
    log: LogStream
    root: Path

    def end(self, grace_seconds: float) -> None:
        self.process.end(grace_seconds)
        self.log.flush()
        shutil.rmtree(self.root, ignore_errors=True)


class _Server:
    """The process of one endpoint. Only one request starts it; a process that has ended is started again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: _Running | None = None

    def address(self, start: Callable[[], _Running]) -> tuple[str, int]:
        """Return host and port of the server, once it serves."""
        with self._lock:
            if self._running is not None and self._running.process.wait(0) is not None:
                self._running.end(0)
                self._running = None
            self._running = self._running or start()
            return self._running.address.wait(self._running.process)

    def end(self, grace_seconds: float) -> None:
        with self._lock:
            if self._running is not None:
                self._running.end(grace_seconds)
                self._running = None


def _only_variant(name: str, describe: Describe) -> Mapping[str, Any]:
    configuration = describe("DescribeEndpoint", {"EndpointName": name})["EndpointConfigName"]
    variants: list[Mapping[str, Any]] = describe("DescribeEndpointConfig", {"EndpointConfigName": configuration})[
        "ProductionVariants"
    ]
    if len(variants) != 1:
        raise ApiError("ModelError", f"the emulator serves only endpoints with one variant; {name} has {len(variants)}")
    return variants[0]


def _post(address: tuple[str, int], headers: Mapping[str, str], body: bytes) -> Answered:
    connection = http.client.HTTPConnection(*address, timeout=ANSWER_SECONDS)
    try:
        connection.request("POST", "/invocations", body=body, headers=dict(headers))
        response = connection.getresponse()
        return Answered(response.status, response.headers.get("Content-Type", "application/json"), response.read())
    except http.client.HTTPException as error:
        raise ConnectionError(f"no complete answer: {error!r}") from error
    finally:
        connection.close()
