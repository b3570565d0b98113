"""The worker process of one Lambda function, which gets events through a line protocol."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess  # noqa: S404 - running the functions is what this is for
import sys
import tempfile
import threading
import uuid
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from queue import Empty, Queue
from typing import IO, Any

import boto3
from moto.awslambda.models import LambdaFunction

from local_run.emulator import virtual_time
from local_run.emulator.access import AwsAccess
from local_run.emulator.log_stream import LogStream
from local_run.emulator.processes import inherited_environment, read_lines, signal_group

WORKER = Path(__file__).with_name("function_worker.py")
SITE_PACKAGES = Path(boto3.__file__).resolve().parents[1]
LOG_TAIL_CHARS = 4096
END_SECONDS = 2.0
#: Lambda allows 10 seconds for the init phase; a developer's machine may run a training at the same time.
INIT_SECONDS = 60.0


@dataclass(frozen=True)
class Invocation:
    """Result of an invocation: ``payload`` (any JSON value), or ``error`` in Lambda's form, and the end of the log."""

    payload: Any
    error: Mapping[str, Any] | None
    log: str

    @property
    def error_text(self) -> str:
        return "" if self.error is None else f"{self.error.get('errorType', 'Error')}: {self.error.get('errorMessage', '')}"


class FunctionProcess:
    """One worker process. It is not thread-safe: the host passes one event after another."""

    def __init__(
        self,
        function: LambdaFunction,
        version: str,
        aws: AwsAccess,
        warn: Callable[[str], None],
        parent: Path | None = None,
    ) -> None:
        self.version = version
        self.ended = False
        self._arn = function.function_arn
        self._timeout = float(function.timeout)
        self._tail = ""
        self._logged = threading.Event()
        self._answers: Queue[bytes | None] = Queue()
        self._folder = Path(tempfile.mkdtemp(prefix="function-", dir=parent))
        actor = actor_of_role(function.role)
        group, stream = f"/aws/lambda/{function.function_name}", f"[$LATEST]{uuid.uuid4().hex}"
        try:
            with zipfile.ZipFile(BytesIO(function.code_bytes)) as packed:
                packed.extractall(self._folder)
            self._log = LogStream(aws.client("logs", actor), group, stream, warn)
            environment = _runtime_variables(function, group, stream) | aws.environment(actor)
            self._process = self._start(function, environment)
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        self._threads = [
            threading.Thread(target=self._read_answers, name=f"answers-of-{self._process.pid}", daemon=True),
            threading.Thread(target=self._read_log, name=f"log-of-{self._process.pid}", daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        self._await_init()

    def handle(self, event: Any) -> Invocation:
        """Pass an event to the function and wait for the answer, at most for the function's timeout."""
        self._tail = ""
        self._logged.clear()
        request = {"request_id": str(uuid.uuid4()), "arn": self._arn, "timeout": self._timeout, "event": event}
        request["ahead"] = virtual_time.offset().total_seconds()
        try:
            stdin = _pipe(self._process.stdin)
            stdin.write(json.dumps(request).encode() + b"\n")
            stdin.flush()
            line = self._answers.get(timeout=self._timeout)
        except Empty:
            return self._failed("Sandbox.Timedout", f"Task timed out after {self._timeout:.2f} seconds")
        except OSError as error:
            return self._failed("Runtime.ExitError", f"the runtime exited: {error}")
        if line is None:
            return self._failed("Runtime.ExitError", "the runtime exited without an answer")
        self._logged.wait(END_SECONDS)
        self._log.flush()
        answer = json.loads(line)
        return Invocation(answer.get("result"), answer.get("error"), self._tail)

    def close(self) -> None:
        """End the process by closing its input, and remove its code."""
        self.ended = True
        try:
            _pipe(self._process.stdin).close()
            self._process.wait(END_SECONDS)
        except (subprocess.TimeoutExpired, BrokenPipeError):
            signal_group(self._process.pid, signal.SIGKILL)
            self._process.wait()
        for thread in self._threads:
            thread.join(END_SECONDS)
        for stream in (self._process.stdout, self._process.stderr):
            _pipe(stream).close()
        self._log.flush()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _await_init(self) -> None:
        """Wait until the handler's module is loaded. If that fails, the first invocation reports it."""
        try:
            if self._answers.get(timeout=INIT_SECONDS) is None:
                self._answers.put(None)
        except Empty:
            self._failed("Sandbox.Timedout", "init")
            self._answers.put(None)

    def _start(self, function: LambdaFunction, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(WORKER), str(self._folder), function.handler, str(SITE_PACKAGES)],
            env=inherited_environment() | function.environment_vars | dict(environment),
            cwd=self._folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def _failed(self, kind: str, message: str) -> Invocation:
        self.ended = True
        signal_group(self._process.pid, signal.SIGKILL)
        return Invocation(None, {"errorType": kind, "errorMessage": message}, self._tail)

    def _read_answers(self) -> None:
        for line in _pipe(self._process.stdout):
            self._answers.put(line)
        self._answers.put(None)

    def _read_log(self) -> None:
        for line in read_lines(_pipe(self._process.stderr)):
            self._log.write(line)
            self._tail = (self._tail + line + "\n")[-LOG_TAIL_CHARS:]
            if line.startswith("END RequestId: "):
                self._logged.set()


def actor_of_role(role_arn: str) -> str:
    """Return the actor of a function's role: the role's name in the form of an actor's name."""
    words = re.findall(r"[a-z0-9]+", role_arn.rpartition("/")[2].lower())
    return "-".join(words) if words and words[0][0].isalpha() else "-".join(["role", *words])


def _runtime_variables(function: LambdaFunction, group: str, stream: str) -> dict[str, str]:
    """Return the variables that the Lambda runtime adds to the function's own."""
    return {
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
        "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "AWS_LAMBDA_LOG_GROUP_NAME": group,
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "_HANDLER": function.handler,
        "TZ": ":UTC",
    }


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise RuntimeError("the worker was started without its pipes")
    return stream
