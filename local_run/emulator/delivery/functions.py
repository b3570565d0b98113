"""Lambda for the emulator: invokes the functions that moto stores, each in a persistent worker process.

The code is the deployed zip file, read from moto's Lambda backend. The environment is the function's own, plus AWS variables
for the actor of the function's role. moto itself would need Docker.
"""

from __future__ import annotations

import json
import threading
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import LambdaFunction
from moto.awslambda.utils import get_backend

from local_run.emulator.access import EVENTS_ACTOR, AwsAccess
from local_run.emulator.delivery.function_process import FunctionProcess, Invocation


class FunctionNotFoundError(Exception):
    """The function does not exist."""


class FunctionUnavailableError(Exception):
    """The function exists but cannot be started now."""


class FunctionHost:
    """Invokes the functions of one emulator, one event at a time.

    ``warn`` is called with a text if a function's log cannot be written. ``parent`` is the folder in which the
    functions' code is unpacked.
    """

    def __init__(self, aws: AwsAccess, warn: Callable[[str], None], parent: Path | None = None) -> None:
        self._aws = aws
        self._parent = parent
        self._warn = warn
        self._lock = threading.Lock()
        self._workers: dict[str, FunctionProcess] = {}
        self._function_locks: dict[str, threading.Lock] = {}

    def invoke(self, name_or_arn: str, event: Any) -> Invocation:
        """Invoke synchronously. The result contains the handler's error, if it raises one.

        Raises:
            FunctionNotFoundError: the function does not exist.
            FunctionUnavailableError: the function cannot be started.
        """
        function = self._function(name_or_arn)
        if str(function.reserved_concurrency) == "0":
            raise FunctionUnavailableError(f"{function.function_name}: reserved concurrency is 0")
        with self._lock:
            guard = self._function_locks.setdefault(function.function_name, threading.Lock())
        with guard:
            worker = self._worker(function)
            result = worker.handle(event)
            if worker.ended:
                self._discard(function.function_name)
            return result

    def exists(self, name_or_arn: str) -> bool:
        try:
            self._function(name_or_arn)
        except FunctionNotFoundError:
            return False
        return True

    def function_arn(self, name_or_arn: str) -> str:
        return str(self._function(name_or_arn).function_arn)

    def resource_policy(self, name_or_arn: str) -> Sequence[Mapping[str, Any]] | None:
        """Return the statements of the function's resource policy; None if the function does not exist."""
        client = self._aws.client("lambda", EVENTS_ACTOR)
        try:
            document = json.loads(client.get_policy(FunctionName=plain_name(name_or_arn))["Policy"])
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            return [] if self.exists(name_or_arn) else None
        statements: Sequence[Mapping[str, Any]] = document["Statement"]
        return statements

    def event_invoke_configuration(self, name_or_arn: str) -> Mapping[str, Any]:
        """Return the function's configuration of asynchronous invocations; empty if it has none."""
        configured = self._function(name_or_arn).event_invoke_config
        if not configured:
            return {}
        latest = configured[-1]
        settings: Mapping[str, Any] = latest.config if hasattr(latest, "config") else latest
        return settings

    def close(self) -> None:
        """End all worker processes."""
        with self._lock:
            names = list(self._workers)
        for name in names:
            self._discard(name)

    def _function(self, name_or_arn: str) -> LambdaFunction:
        try:
            return get_backend(self._aws.account_id, self._aws.region).get_function(plain_name(name_or_arn))
        except UnknownFunctionException as error:
            raise FunctionNotFoundError(f"Function not found: {name_or_arn}") from error

    def _worker(self, function: LambdaFunction) -> FunctionProcess:
        name = function.function_name
        settings = (function.handler, function.role, function.timeout, sorted(function.environment_vars.items()))
        version = f"{function.code_sha_256} {settings}"
        with self._lock:
            present = self._workers.get(name)
        if present is not None and present.version == version and not present.ended:
            return present
        self._discard(name)
        try:
            started = FunctionProcess(function, version, self._aws, self._warn, self._parent)
        except (OSError, zipfile.BadZipFile) as error:
            raise FunctionUnavailableError(f"{name}: {error}") from error
        with self._lock:
            self._workers[name] = started
        return started

    def _discard(self, name: str) -> None:
        with self._lock:
            worker = self._workers.pop(name, None)
        if worker is not None:
            worker.close()


def plain_name(name_or_arn: str) -> str:
    """Return the function's name, given a name, an ARN or a partial ARN, without a qualifier."""
    text = name_or_arn.partition("function:")[2] if "function:" in name_or_arn else name_or_arn.rpartition(":function:")[2]
    return text.split(":")[0]
