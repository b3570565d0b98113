"""The Docker command line, bounded in time, and what the tests ask of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import Any

from components.image import PLATFORM

BASE_IMAGE_VARIABLE = "TEST_BASE_IMAGE"
BASE_IMAGE_DEFAULT = "python:3.11-slim-bookworm"
PROBE_SECONDS = 20
PULL_SECONDS = 120
COMMAND_SECONDS = 900


@dataclass(frozen=True)
class Docker:
    """Runs ``docker`` commands; one that fails is an AssertionError with its output."""

    executable: str

    def run(self, *arguments: str, seconds: float = COMMAND_SECONDS) -> str:
        done = self.attempt(*arguments, seconds=seconds)
        assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def attempt(self, *arguments: str, seconds: float = COMMAND_SECONDS) -> subprocess.CompletedProcess[str]:
        return subprocess.run([self.executable, *arguments], capture_output=True, text=True, timeout=seconds, check=False)

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """A command that the caller ends."""
        command = [self.executable, *arguments]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)

    def inspect(self, image: str) -> dict[str, Any]:
        (found,) = json.loads(self.run("image", "inspect", image, seconds=PROBE_SECONDS))
        return dict(found)

    def has(self, image: str) -> bool:
        return self.attempt("image", "inspect", image, seconds=PROBE_SECONDS).returncode == 0

    def shell(self, image: str, script: str) -> str:
        """What a shell script prints in a container of the image, without network."""
        return self.run("run", "--rm", "--network", "none", "--entrypoint", "sh", image, "-c", script)


def find_daemon() -> tuple[Docker | None, str]:
    """The command line of a daemon that answers, or the reason why no daemon does."""
    executable = shutil.which("docker")
    if executable is None:
        return None, "there is no docker command"
    docker = Docker(executable)
    try:
        probe = docker.attempt("version", "--format", "{{.Server.Os}}/{{.Server.Arch}}", seconds=PROBE_SECONDS)
    except subprocess.TimeoutExpired:
        return None, f"the Docker daemon does not answer within {PROBE_SECONDS} s"
    if probe.returncode != 0:
        lines = probe.stderr.strip().splitlines()[-1:] or ["no answer"]
        return None, f"no Docker daemon answers: {lines[0]}"
    if probe.stdout.strip() != PLATFORM:
        return None, f"the image is for {PLATFORM}, the daemon runs on {probe.stdout.strip()}"
    return docker, ""


def find_base_image(docker: Docker) -> tuple[str | None, str]:
    """An image with Python 3.11 and pip that is here or can be pulled, or the reason why there is no such image."""
    name = os.environ.get(BASE_IMAGE_VARIABLE) or BASE_IMAGE_DEFAULT
    if docker.has(name):
        return name, ""
    try:
        pulled = docker.attempt("pull", "--quiet", "--platform", PLATFORM, name, seconds=PULL_SECONDS)
    except subprocess.TimeoutExpired:
        return None, f"base image {name} is not here, and was not pulled within {PULL_SECONDS} s"
    if pulled.returncode != 0:
        lines = pulled.stderr.strip().splitlines()[-1:] or ["no answer"]
        return None, f"base image {name} is not here and cannot be pulled ({lines[0]}); {BASE_IMAGE_VARIABLE} names another"
    return name, ""
