"""The program ``every_type``, deployed once for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

from local_run.deployment.deploy import DeployedResource, Deployment, deploy
from local_run.emulator.resources import Aws
from local_run.emulator.server import Emulator
from tests.local_run.programs.small import REGION

EVERY_TYPE = Path(__file__).parent / "every_type"


@contextmanager
def every_type_deployed() -> Iterator[tuple[Emulator, Deployment]]:
    """An emulator with the program deployed. Its folder is the working directory, because assets have relative paths."""
    with chdir(EVERY_TYPE), Emulator(region=REGION) as emulator:
        yield emulator, deploy(emulator, EVERY_TYPE, "dev")


def physical_resources(deployment: Deployment) -> list[tuple[DeployedResource, Aws]]:
    """The resources that are not components, in the order of their creation, with the clients for them."""
    return [(resource, resource.aws) for resource in deployment.resources if resource.aws is not None]
