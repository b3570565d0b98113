"""``--docker``: the image is built by the machine's daemon from the program's own inputs, and the feature step runs in it."""

from __future__ import annotations

import shutil
import subprocess  # noqa: S404 - the Docker command line
from collections.abc import Callable
from pathlib import Path

from contracts.problems import one_problem
from local_run.resources import Properties
from local_run.sagemaker.container import DockerBackend

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
    probe = subprocess.run([executable, "version"], capture_output=True, text=True, timeout=_PROBE_SECONDS, check=False)
    if probe.returncode != 0:
        said = probe.stderr.strip().splitlines()[-1:] or ["no answer"]
        raise one_problem("docker", "daemon", said[0], "start the daemon, or leave --docker out")
    return DockerBackend(executable), lambda inputs: build_image(executable, project, inputs)


def build_image(executable: str, project: Path, inputs: Properties) -> str:
    """Build from the inputs of a ``docker:index/image:Image`` (paths relative to ``project``); returns the image's id."""
    build, name = inputs["build"], str(inputs["imageName"])
    command = [executable, "build", "--tag", name, "--file", str(build["dockerfile"]), "--platform", str(build["platform"])]
    for key, value in sorted(build.get("args", {}).items()):
        command += ["--build-arg", f"{key}={value}"]
    done = subprocess.run(
        [*command, str(build["context"])], cwd=project, capture_output=True, text=True, timeout=_BUILD_SECONDS, check=False
    )
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-_SHOWN_LINES:])
        raise one_problem("docker", "build", name, f"it ended with {done.returncode}:\n{tail}")
    inspect = [executable, "image", "inspect", "--format", "{{.Id}}", name]
    return subprocess.run(inspect, capture_output=True, text=True, timeout=_PROBE_SECONDS, check=True).stdout.strip()
