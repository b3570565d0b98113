"""The Pulumi CLI on one stack of one checkout."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TIMEOUT_SECONDS = 180
#: How the protocol writes what a preview does not know.
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


@dataclass(frozen=True)
class Result:
    code: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def text(self) -> str:
        return self.stdout + self.stderr


@dataclass(frozen=True)
class Step:
    """One resource in a plan: what is to be done with it, and with which of its properties."""

    operation: str
    urn: str
    paths: tuple[str, ...]
    old: Mapping[str, Any]
    new: Mapping[str, Any]

    @property
    def type(self) -> str:
        return self.urn.split("::")[2].rsplit("$", 1)[-1]

    @property
    def name(self) -> str:
        return self.urn.rsplit("::", 1)[1]


@dataclass(frozen=True)
class Cli:
    """``environment`` is all that the CLI gets; ``project`` is where it runs."""

    project: Path
    stack: str
    environment: Mapping[str, str]
    umask: int = -1
    extra: Mapping[str, str] = field(default_factory=dict)

    def run(self, *arguments: str, check: bool = True, timeout: float = TIMEOUT_SECONDS) -> Result:
        started = time.monotonic()
        process = self.start(*arguments)
        try:
            stdout, stderr = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            kill(process)
            stdout, stderr = process.communicate()
            raise AssertionError(f"pulumi {' '.join(arguments)} took over {timeout} s\n{stdout}\n{stderr}") from None
        result = Result(process.returncode, stdout, stderr, time.monotonic() - started)
        if check and result.code != 0:
            raise AssertionError(f"pulumi {' '.join(arguments)} ended with {result.code}\n{result.text}")
        return result

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        command = ["pulumi", *arguments, "--non-interactive", "--color", "never"]
        environment = {**self.environment, "PULUMI_STACK": self.stack, **self.extra}
        if arguments[:2] == ("stack", "init"):
            del environment["PULUMI_STACK"]
        return subprocess.Popen(
            command,
            cwd=self.project,
            env=environment,
            umask=self.umask,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def init(self) -> None:
        self.run("stack", "init", self.stack)

    def up(self, *arguments: str) -> Result:
        return self.run("up", "--yes", "--skip-preview", *arguments)

    def plan(self, *arguments: str) -> list[Step]:
        """What a preview would do: every resource that does not stay as it is."""
        answer = json.loads(self.run("preview", "--json", *arguments).stdout)
        return [_step(entry) for entry in answer["steps"] if entry["op"] not in ("same", "read")]

    def require_unchanged(self) -> Result:
        return self.run("preview", "--expect-no-changes")

    def resources(self) -> list[dict[str, Any]]:
        return self.export()["deployment"].get("resources", [])

    def export(self) -> dict[str, Any]:
        exported: dict[str, Any] = json.loads(self.run("stack", "export").stdout)
        return exported

    def outputs(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run("stack", "output", "--json").stdout)
        return found


def _step(entry: Mapping[str, Any]) -> Step:
    old, new = entry.get("oldState") or {}, entry.get("newState") or {}
    paths = tuple(sorted(entry.get("detailedDiff") or {}))
    return Step(entry["op"], entry["urn"], paths, old.get("inputs") or {}, new.get("inputs") or {})


def kill(process: subprocess.Popen[str]) -> None:
    """SIGKILL to the CLI alone, as when a machine's memory runs out: it can not tell anyone."""
    os.kill(process.pid, signal.SIGKILL)


def by_type(steps: Sequence[Step]) -> dict[str, list[Step]]:
    found: dict[str, list[Step]] = {}
    for step in steps:
        found.setdefault(step.type, []).append(step)
    return found
