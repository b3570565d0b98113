"""Runs a job's container locally: as a process with the container's folders, or as a container of the local Docker daemon."""

from __future__ import annotations

import os
import subprocess  # noqa: S404 - ending a container of our own
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from contracts.environment import CONTAINER_ROOT
from contracts.layout import ML_ROOT
from local_run.emulator.processes import LineSink, OwnedProcess, inherited_environment


@dataclass(frozen=True)
class ContainerJob:
    """One container to run. Paths in ``command`` and ``environment`` are the container's own, beginning with ``/opt/ml``.

    ``root`` is the folder of the container's file system. Its ``opt/ml`` is filled before the run and read after it.
    """

    name: str
    image: str
    command: tuple[str, ...]
    root: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    aws_environment: Mapping[str, str] = field(default_factory=dict)


class ContainerBackend(Protocol):
    """Starts a job's container; the caller waits for the process or ends it."""

    def start(self, job: ContainerJob, on_line: LineSink) -> OwnedProcess: ...


class ProcessBackend:
    """Runs the image's command as a process of this machine; the image is neither pulled nor built.

    ``/opt/ml`` in the command's arguments is mapped under the job's root, which the process learns from ``CONTAINER_ROOT``.
    """

    def __init__(self, repository: Path) -> None:
        self._repository = repository

    def start(self, job: ContainerJob, on_line: LineSink) -> OwnedProcess:
        command = [_under_root(argument, job.root) for argument in job.command]
        if command[0] in ("python", "python3"):
            command[0] = sys.executable
        environment = {
            **inherited_environment(),
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": str(self._repository),
            **job.aws_environment,
            **job.environment,
            CONTAINER_ROOT: str(job.root),
        }
        return OwnedProcess(command, environment, on_line, directory=job.root)


class DockerBackend:
    """Runs the job's image by a local Docker daemon, with the job's ``opt/ml`` mounted and the host's network.

    The image must exist on this machine (``--pull never``), because there is no ECR repository to pull from. The container uses
    the host's network, so that it reaches the emulator's loopback endpoint.
    """

    def __init__(self, executable: str = "docker", user: str | None = None) -> None:
        self._executable = executable
        # Files written by root into the mount could not be removed afterwards.
        self._user = user or f"{os.getuid()}:{os.getgid()}"

    def command(self, job: ContainerJob) -> list[str]:
        """Return the command line. It names variables without their values, which would be visible in the list of processes."""
        options = ["run", "--rm", "--init", "--pull", "never", "--network", "host", "--name", job.name, "--user", self._user]
        options += ["--volume", f"{job.root}{ML_ROOT}:{ML_ROOT}"]
        for name in sorted({**job.aws_environment, **job.environment}):
            options += ["--env", name]
        if job.command:
            options += ["--entrypoint", job.command[0]]
        return [self._executable, *options, job.image, *job.command[1:]]

    def start(self, job: ContainerJob, on_line: LineSink) -> OwnedProcess:
        environment = {**inherited_environment(), **_docker_environment(), **job.aws_environment, **job.environment}
        return OwnedProcess(self.command(job), environment, on_line, before_kill=lambda: self._kill(job.name))

    def _kill(self, name: str) -> None:
        """Kill the container through the daemon, because it keeps running if only the client is killed."""
        subprocess.run([self._executable, "kill", name], check=False, capture_output=True, timeout=30)


def _docker_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("DOCKER_")}


def _under_root(argument: str, root: Path) -> str:
    return f"{root}{argument}" if argument == ML_ROOT or argument.startswith(f"{ML_ROOT}/") else argument


def joined_command(entrypoint: Sequence[str] | None, arguments: Sequence[str] | None) -> tuple[str, ...]:
    """Return a container's command from the two lists of a job's AppSpecification."""
    return (*(entrypoint or ()), *(arguments or ()))
