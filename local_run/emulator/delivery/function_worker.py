"""Runs one Lambda function's handler, one event after another, in a process that ``functions.py`` starts.

    python -I -S function_worker.py CODE_FOLDER HANDLER SITE_PACKAGES

Reads one JSON request a line from standard input and answers each with one JSON line on standard output. What the handler
prints goes to standard error. Only what the Lambda Python runtime ships can be imported besides the code folder and the
standard library: a handler that needs more fails here as it would on AWS. The first line written says that the module is
loaded: like Lambda's init phase, that does not count towards the function's timeout.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from types import ModuleType
from typing import Any

#: Third-party packages of the managed Python runtimes: boto3 and what it brings.
RUNTIME_PACKAGES = frozenset({"boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six"})


class RuntimePackages(importlib.abc.MetaPathFinder):
    """Finds the runtime's own packages in a site-packages folder, and nothing else there."""

    def __init__(self, site_packages: str) -> None:
        self._path = [site_packages]

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if path is None and fullname in RUNTIME_PACKAGES:
            return importlib.machinery.PathFinder.find_spec(fullname, self._path, target)
        return None


class Context:
    """The context object that a handler gets."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.aws_request_id = request["request_id"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = "$LATEST"
        self.invoked_function_arn = request["arn"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = None
        self.client_context = None
        self._deadline = time.monotonic() + request["timeout"]

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._deadline - time.monotonic()) * 1000))


def load_handler(name: str) -> Callable[[Any, Context], Any]:
    """The function named ``package.module.function``."""
    module_name, _, function = name.rpartition(".")
    handler: Callable[[Any, Context], Any] = getattr(importlib.import_module(module_name.replace("/", ".")), function)
    return handler


def initialised(name: str) -> Callable[[Any, Context], Any]:
    """Return the handler; if it cannot be loaded, a function that raises the reason for every event."""
    try:
        return load_handler(name)
    except BaseException as error:  # noqa: BLE001 - a module may raise anything while it is imported
        traceback.print_exc()
        problem = error

    def unavailable(_event: Any, _context: Context) -> Any:
        raise problem

    return unavailable


def emulated_time(ahead: float, site_packages: str) -> AbstractContextManager[object]:
    """Return a context in which the time of day is ``ahead`` seconds later."""
    if not ahead:
        return nullcontext()
    sys.path.append(site_packages)
    try:
        time_machine = importlib.import_module("time_machine")
    finally:
        sys.path.remove(site_packages)
    travel: AbstractContextManager[object] = time_machine.travel(time.time() + ahead, tick=True)
    return travel


def error_of(error: BaseException) -> dict[str, Any]:
    """An exception in the form that Lambda returns."""
    return {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "stackTrace": traceback.format_tb(error.__traceback__),
    }


def main(folder: str, handler_name: str, site_packages: str) -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.path.insert(0, folder)
    sys.meta_path.append(RuntimePackages(site_packages))
    handler = initialised(handler_name)
    answers.write("ready\n")
    answers.flush()
    for line in sys.stdin:
        request = json.loads(line)
        print(f"START RequestId: {request['request_id']} Version: $LATEST", flush=True)
        try:
            with emulated_time(request["ahead"], site_packages):
                text = json.dumps({"result": handler(request["event"], Context(request))})
        except BaseException as error:  # noqa: BLE001 - every exception of a handler, including SystemExit, is the invocation's error
            traceback.print_exc()
            text = json.dumps({"error": error_of(error)})
        print(f"END RequestId: {request['request_id']}", flush=True)
        answers.write(text + "\n")
        answers.flush()


if __name__ == "__main__":
    main(*sys.argv[1:4])
