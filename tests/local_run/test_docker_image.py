"""Building with the Docker command line: its arguments, and the messages of its failures. No daemon is needed."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from contracts.problems import ProblemsError
from local_run import docker_image
from local_run.docker_image import build_image, docker_options

INPUTS = {
    "imageName": "registry/features:abc",
    "build": {
        "context": "build/image/abc",
        "dockerfile": "build/image/abc/fe_image/Dockerfile",
        "platform": "linux/amd64",
        "args": {"BASE_IMAGE": "python:3.11", "A": "b c"},
    },
}


def docker(folder: Path, script: str) -> str:
    """A stand-in for the command, which notes how it is called; its folder."""
    path = folder / "docker"
    noting = f'{{ printf "%s|" "$@"; echo; }} >> {folder}/calls'
    path.write_text(f"#!/bin/sh\n{noting}\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IEXEC)
    return str(path)


def calls(folder: Path) -> list[list[str]]:
    return [line.split("|")[:-1] for line in (folder / "calls").read_text().splitlines()]


@pytest.mark.parametrize(("buildx", "begin"), [(1, ["build"]), (0, ["buildx", "build", "--load"])])
def test_the_build_is_the_resources(tmp_path: Path, buildx: int, begin: list[str]) -> None:
    script = f'[ "$2" = version ] && exit {buildx}\n[ "$1" = image ] && echo sha256:1\nexit 0'
    assert build_image(docker(tmp_path, script), tmp_path, INPUTS) == "sha256:1"
    assert calls(tmp_path)[1] == [
        *begin, "--tag", "registry/features:abc", "--file", "build/image/abc/fe_image/Dockerfile", "--platform", "linux/amd64",
        "--build-arg", "A=b c", "--build-arg", "BASE_IMAGE=python:3.11", "build/image/abc",
    ]  # fmt: skip


def test_a_build_that_fails_is_told_by_its_end(tmp_path: Path) -> None:
    script = '[ "$1" = build ] || exit 1\nseq 100\necho "no such base" >&2\nexit 7'
    with pytest.raises(ProblemsError, match="it ended with 7:\n(.*\n)*no such base") as raised:
        build_image(docker(tmp_path, script), tmp_path, INPUTS)
    assert "registry/features:abc" in str(raised.value)
    assert "\n80\n" not in str(raised.value)


def test_an_image_that_went_elsewhere_is_told(tmp_path: Path) -> None:
    script = '[ "$1" = image ] && { echo "No such image" >&2; exit 1; }\nexit 0'
    with pytest.raises(ProblemsError, match="the daemon does not have it: No such image"):
        build_image(docker(tmp_path, script), tmp_path, INPUTS)


def test_a_build_that_hangs_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker_image, "_BUILD_SECONDS", 0.2)
    with pytest.raises(ProblemsError, match=r"build is missing; it did not answer within 0\.2 s"):
        build_image(docker(tmp_path, '[ "$1" = build ] && exec sleep 30\nexit 1'), tmp_path, INPUTS)


def test_no_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ProblemsError, match="install Docker, or leave --docker out"):
        docker_options(tmp_path)


def test_no_daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docker(tmp_path, 'echo "Client: 1"; echo "Cannot connect to the Docker daemon" >&2; exit 1')
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(ProblemsError, match="Cannot connect to the Docker daemon'?; start the daemon, or leave --docker out"):
        docker_options(tmp_path)
