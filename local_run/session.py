"""An emulator with the program deployed to it, for ``demo``, ``up`` and the tests of whole runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3

from contracts.outputs import StackOutputs
from local_run.deployment.deploy import Deployment, ImageBuilder, deploy
from local_run.deployment.deployed import ResourceEvent
from local_run.emulator.options import Options
from local_run.emulator.pipelines.steps.container import ContainerBackend
from local_run.emulator.progress import OnProgress, Progress
from local_run.emulator.server import Emulator
from local_run.emulator.service import LocalSageMaker
from runs.stack import Stack
from stack_config import read_stack_config

PROJECT = Path(__file__).resolve().parent.parent
USER = "user"


@dataclass(frozen=True)
class Session:
    """A running emulator with a deployed stack. The functions of :mod:`runs` take ``stack``, as the actor ``user``."""

    emulator: Emulator
    sagemaker: LocalSageMaker
    deployment: Deployment
    stack: Stack

    @property
    def outputs(self) -> StackOutputs:
        return self.stack.outputs


@contextmanager
def empty_account(
    region: str,
    *,
    port: int = 0,
    on_progress: OnProgress | None = None,
    options: Options | None = None,
    backend: ContainerBackend | None = None,
) -> Iterator[tuple[Emulator, LocalSageMaker]]:
    """Start an emulator without resources whose pipelines run, and stop it after the block."""
    sagemaker = LocalSageMaker(options, on_progress, backend)
    emulator = Emulator(region=region, port=port, middleware=sagemaker.middleware)
    with emulator, sagemaker.running(emulator):
        yield emulator, sagemaker


@contextmanager
def deployed_session(
    stack: str = "local",
    overrides: Mapping[str, object] | None = None,
    *,
    port: int = 0,
    on_progress: Callable[[Progress | ResourceEvent], None] | None = None,
    options: Options | None = None,
    backend: ContainerBackend | None = None,
    image_builder: ImageBuilder | None = None,
    project: Path = PROJECT,
) -> Iterator[Session]:
    """Start an emulator, deploy the program's stack onto it, and end both after the block.

    ``on_progress`` receives the deployment's resources and the progress of executions.

    Raises:
        ProblemsError: the port is taken, or the configuration, the program or a resource has problems.
    """
    region = str(read_stack_config(project, stack, overrides).region)
    with empty_account(region, port=port, on_progress=on_progress, options=options, backend=backend) as (emulator, sagemaker):
        deployment = deploy(emulator, project, stack, overrides, on_progress, image_builder)
        outputs = deployment.stack_outputs()
        with emulator.ambient(USER, outputs.region):
            yield Session(emulator, sagemaker, deployment, Stack(outputs, boto3.Session(region_name=outputs.region)))
