"""What a transform job and an endpoint need to serve a model: the command, the unpacked artefact, and the environment."""

from __future__ import annotations

import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from contracts.environment import CONTAINER_ROOT
from contracts.layout import ML_ROOT
from local_run.emulator.options import Command, Options, repository_of
from local_run.emulator.pipelines.errors import StepFailedError
from local_run.emulator.pipelines.steps.transfer import split_s3_uri
from local_run.emulator.processes import inherited_environment


def serving_command(options: Options, image: str) -> Command:
    """Return the command that serves a model of this image, found by its repository's name."""
    command = options.serving_commands.get(repository_of(image))
    if command is None:
        known = ", ".join(options.serving_commands)
        raise StepFailedError(f"ClientError: no stand-in for the image {image!r}; known repositories: {known}")
    return command


def fetch_model(s3: Any, url: str, root: Path) -> None:
    """Unpack the model artefact into ``/opt/ml/model``, as SageMaker does before it starts the container."""
    bucket, key = split_s3_uri(url)
    folder = Path(f"{root}{ML_ROOT}/model")
    folder.mkdir(parents=True)
    archive = root / "model.tar.gz"
    archive.write_bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    try:
        with tarfile.open(archive) as opened:
            opened.extractall(folder, filter="data")
    except tarfile.TarError as error:
        raise StepFailedError(f"ClientError: the model artefact {url} cannot be unpacked: {error}") from error


def serving_environment(options: Options, root: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a model's server; ``environment`` is that of the model and the job."""
    return {
        **inherited_environment(),
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(options.repository),
        **options.job_environment,
        **environment,
        CONTAINER_ROOT: str(root),
    }
