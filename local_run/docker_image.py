"""``--docker``: the image is built by the machine's daemon from the program's own inputs, and our steps run in it."""

from __future__ import annotations

import shutil
import subprocess  # noqa: S404 - the Docker command line
from collections.abc import Callable, Sequence
from pathlib import Path

from contracts.problems import one_problem
from local_run.emulator.pipelines.steps.container import DockerBackend
from local_run.emulator.resources import Properties

_PROBE_SECONDS = 20
_BUILD_SECONDS = 1800
_SHOWN_LINES = 15


def docker_options(project: Path) -> tuple[DockerBackend, Callable[[Properties], str]]:
    """What a session needs: how jobs run, and how the image is built.

    Raises:
        ProblemsError: no Docker command, or no daemon that answers.
    """
    executable = shutil.which("docker")
    if executable is None:
        raise one_problem("docker", "command docker", None, "install Docker, or leave --docker out")
    probe = _run([executable, "version"], _PROBE_SECONDS, "daemon")
    if probe.returncode != 0:
        raise one_problem("docker", "daemon", _last_lines(probe, 1), "start the daemon, or leave --docker out")
    return DockerBackend(executable), lambda inputs: build_image(executable, project, inputs)


def build_image(executable: str, project: Path, inputs: Properties) -> str:
    """Build from the inputs of a ``docker:index/image:Image`` (paths relative to ``project``); returns the image's id.

    Raises:
        ProblemsError: the build failed or took too long; the message has the end of its output.
    """
    build, name = inputs["build"], str(inputs["imageName"])
    command = [*_build_command(executable), "--tag", name, "--file", str(build["dockerfile"])]
    command += ["--platform", str(build["platform"])]
    for key, value in sorted(build.get("args", {}).items()):
        command += ["--build-arg", f"{key}={value}"]
    done = _run([*command, str(build["context"])], _BUILD_SECONDS, "build", project)
    if done.returncode != 0:
        raise one_problem("docker", "build", name, f"it ended with {done.returncode}:\n{_last_lines(done, _SHOWN_LINES)}")
    found = _run([executable, "image", "inspect", "--format", "{{.Id}}", name], _PROBE_SECONDS, "image")
    if found.returncode != 0:
        raise one_problem("docker", "image", name, f"it was built, but the daemon does not have it: {_last_lines(found, 1)}")
    return found.stdout.strip()


def _build_command(executable: str) -> list[str]:
    """With buildx, a builder of any kind hands the image to the daemon; the daemon's own old builder needs no telling."""
    if _run([executable, "buildx", "version"], _PROBE_SECONDS, "buildx").returncode == 0:
        return [executable, "buildx", "build", "--load"]
    return [executable, "build"]


def _run(command: Sequence[str], seconds: int, what: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired as error:
        raise one_problem("docker", what, None, f"it did not answer within {seconds} s") from error


def _last_lines(done: subprocess.CompletedProcess[str], count: int) -> str:
    return "\n".join((done.stdout + done.stderr).strip().splitlines()[-count:]) or "it wrote no output"
