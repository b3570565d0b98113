"""One revision's program in a process of its own: without network, without credentials, with bounded time and output."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from contracts.display import printable
from stack_config import StackConfig

RECORDER = Path(__file__).with_name("recorder.py")
TIMEOUT_SECONDS = 300
#: Bytes that a file of the child may have: its result, and each file that it writes.
MAX_FILE_BYTES = 32 * 1024 * 1024
MAX_MESSAGE = 2_000
NAMESPACE = "network namespace"
GUARD = "Python guard"
#: New user, network, mount and process namespaces. The processes of the last end together, and it hides all others.
_UNSHARE = ("unshare", "--map-root-user", "--net", "--pid", "--fork", "--kill-child", "--mount-proc")


@dataclass(frozen=True)
class Recording:
    """What a revision registers. ``error`` is set if it did not run to its end. ``isolation`` says how it was isolated."""

    resources: Sequence[Mapping[str, Any]] = ()
    error: str | None = None
    isolation: str = NAMESPACE
    config: Mapping[str, str] = field(default_factory=dict)
    #: Findings (control, whether it is mandatory, message), exemptions, and the problem if the policies did not run.
    policies: Mapping[str, Any] = field(default_factory=dict)


class _Resource(BaseModel):
    """What the recorder writes of a resource. The program can write the file too, so its shape is checked."""

    urn: str
    type: str
    name: str
    custom: bool
    protect: bool
    retain_on_delete: bool
    replace_on_changes: list[str]
    ignore_changes: list[str]
    aliases: list[str]
    inputs: dict[str, Any]
    sources: dict[str, list[str]]


class _Policies(BaseModel):
    findings: list[tuple[str, bool, str]] = []
    exemptions: list[str] = []
    problem: str | None = None


class _Result(BaseModel):
    resources: list[_Resource]
    error: str | None
    policies: _Policies


@cache
def namespace_command() -> tuple[str, ...]:
    """The beginning of a command that runs without network; empty if this machine does not allow it.

    Some distributions forbid unprivileged user namespaces (``kernel.apparmor_restrict_unprivileged_userns``).
    """
    if shutil.which(_UNSHARE[0]) is None:
        return ()
    probe = subprocess.run([*_UNSHARE, "true"], capture_output=True, check=False, timeout=TIMEOUT_SECONDS)
    return _UNSHARE if probe.returncode == 0 else ()


def record(tree: Path, config: StackConfig, python: str = sys.executable, seconds: int = TIMEOUT_SECONDS) -> Recording:
    """Run the program in ``tree`` with ``python``, whose environment must have the revision's requirements.

    Whatever goes wrong in the child is the recording's error.
    """
    namespace = namespace_command()
    isolation = NAMESPACE if namespace else GUARD
    out, home = tree.with_name(f"{tree.name}.json"), tree.with_name(f"{tree.name}.home")
    home.mkdir(exist_ok=True)
    out.unlink(missing_ok=True)
    values = dict(config.values)
    job = {"project": config.project, "stack": config.stack, "config": values, "guard": not namespace, "out": str(out)}
    command = [*namespace, python, "-I", "-B", str(RECORDER)]
    try:
        code, said = _run(command, tree, home, json.dumps(job), seconds)
    except OSError as problem:
        return Recording(error=_first(f"{python} cannot be run ({problem.strerror})"), isolation=isolation)
    if code is None:
        return Recording(error=f"it did not end within {seconds} s", isolation=isolation)
    if code != 0:
        return Recording(error=_first(said or f"it ended with code {code}"), isolation=isolation)
    try:
        result = _Result.model_validate_json(_bounded(out))
    except (OSError, ValueError) as problem:
        return Recording(error=_first(said or f"it ended without a result that can be read ({problem})"), isolation=isolation)
    resources = [resource.model_dump() for resource in result.resources]
    error = _first(result.error) if result.error else None
    return Recording(resources, error, isolation, values, result.policies.model_dump())


def _run(command: Sequence[str], tree: Path, home: Path, job: str, seconds: int) -> tuple[int | None, str]:
    """Exit code (None: out of time) and the end of standard error."""
    log = home / "output"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=tree,
            env=_environment(home),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            text=True,
            start_new_session=True,
            preexec_fn=_limit,
        )
        try:
            process.communicate(job, timeout=seconds)
        except subprocess.TimeoutExpired:
            _end(process)
            return None, ""
    with log.open("rb") as written:
        written.seek(max(0, log.stat().st_size - MAX_MESSAGE))
        return process.returncode, written.read().decode(errors="replace").strip()


def _environment(home: Path) -> dict[str, str]:
    """Nothing is inherited but the search path: no AWS_*, GITHUB_*, PULUMI_* or proxy variable reaches the child."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "TMPDIR": str(home),
        "LANG": "C.UTF-8",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _limit() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_FILE_BYTES, MAX_FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _end(process: subprocess.Popen[str]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _bounded(out: Path) -> str:
    if out.is_symlink() or out.stat().st_size > MAX_FILE_BYTES:
        raise ValueError("its result is no plain file of an allowed size")
    return out.read_text(encoding="utf-8")


def _first(text: str) -> str:
    return printable(text)[:MAX_MESSAGE]
