"""Lambda for the emulator: functions that moto keeps are really invoked, each in a persistent worker process.

The code is the very zip that was deployed, read from moto's Lambda backend; the environment is the function's own, plus AWS
variables for the actor that the function's role names. moto itself would need Docker for it.
"""

from __future__ import annotations

import json
import threading
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import LambdaFunction
from moto.awslambda.utils import get_backend

from local_run.emulator.access import EVENTS_ACTOR, AwsAccess
from local_run.emulator.delivery.function_process import FunctionProcess, Invocation
from local_run.emulator.listener import Listener


class FunctionNotFoundError(Exception):
    """There is no such function."""


class FunctionUnavailableError(Exception):
    """The function exists, but can not be started now."""


class FunctionHost:
    """Invokes the functions of one emulator, one event at a time. ``place``: parent of the folders with their code."""

    def __init__(self, aws: AwsAccess, listener: Listener, place: Path | None = None) -> None:
        self._aws = aws
        self._place = place
        self._listener = listener
        self._lock = threading.Lock()
        self._workers: dict[str, FunctionProcess] = {}
        self._function_locks: dict[str, threading.Lock] = {}

    def invoke(self, name_or_arn: str, event: Any) -> Invocation:
        """Invoke synchronously; a handler's own error is in the result.

        Raises :class:`FunctionNotFoundError`, and :class:`FunctionUnavailableError` where the function can not be started.
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
        """Statements of the function's resource policy; None where the function does not exist."""
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
        """The function's configuration of asynchronous invocation, empty where it has none."""
        configured = self._function(name_or_arn).event_invoke_config
        if not configured:
            return {}
        latest = configured[-1]
        settings: Mapping[str, Any] = latest.config if hasattr(latest, "config") else latest
        return settings

    def close(self) -> None:
        """End every worker."""
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
            started = FunctionProcess(function, version, self._aws, self._listener, self._place)
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
    """The function's name out of a name, an ARN or a partial ARN, without a qualifier."""
    text = name_or_arn.partition("function:")[2] if "function:" in name_or_arn else name_or_arn.rpartition(":function:")[2]
    return text.split(":")[0]
