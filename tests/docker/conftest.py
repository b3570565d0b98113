"""A Docker daemon, a base image, the project's image built once, and a registry: each skips with its reason if absent."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local_run.docker_image import build_image
from tests.components.recording import ROOT, run_program
from tests.docker.daemon import Docker, find_base_image, find_daemon
from tests.docker.immutable_registry import PROGRAMS, ImmutableRegistry, find_program, immutable_registry

IMAGE = "docker:index/image:Image"

on_this_machine = pytest.mark.skipif(
    sys.platform != "linux", reason="the daemon runs in a virtual machine, whose containers do not reach this one's loopback"
)


@dataclass(frozen=True)
class BuiltImage:
    """The image that the program declares, built. ``inputs`` are those of its resource."""

    docker: Docker
    inputs: dict[str, Any]
    id: str

    @property
    def tag(self) -> str:
        return str(self.inputs["imageName"]).rpartition(":")[2]

    @property
    def context(self) -> Path:
        return ROOT / str(self.inputs["build"]["context"])


@pytest.fixture(scope="session")
def docker() -> Docker:
    found, reason = find_daemon()
    if found is None:
        pytest.skip(reason)
    return found


@pytest.fixture(scope="session")
def base_image(docker: Docker) -> str:
    name, reason = find_base_image(docker)
    if name is None:
        pytest.skip(reason)
    return name


@pytest.fixture(scope="session")
def image(docker: Docker, base_image: str) -> BuiltImage:
    """Built as the program says; stays in the daemon, whose cache makes the next build a short one."""
    inputs = dict(run_program("dev", baseImage=base_image).one(IMAGE).inputs)
    return BuiltImage(docker, inputs, build_image(docker.executable, ROOT, inputs))


@pytest.fixture(scope="session")
def registry(docker: Docker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImmutableRegistry]:
    program = find_program()
    if program is None:
        pytest.skip(f"there is no registry program on PATH ({' or '.join(PROGRAMS)})")
    with immutable_registry(program, tmp_path_factory.mktemp("registry")) as started:
        yield started
