from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from contracts.outputs import StackOutputs
from local_run.deployment import Deployment, deploy
from local_run.emulator import Emulator

ROOT = Path(__file__).parents[2]
STACKS = ("dev", "prod", "local")


@dataclass(frozen=True)
class Live:
    """A deployed stack that tests look at and leave as it is."""

    emulator: Emulator
    deployment: Deployment
    outputs: StackOutputs


@pytest.fixture
def root() -> Path:
    return ROOT


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(region="eu-central-1") as running:
        yield running


@pytest.fixture(scope="module", params=STACKS)
def live(request: pytest.FixtureRequest) -> Iterator[Live]:
    """Each stack, deployed once for the module. A process has one emulator: such a module does not use ``emulator``."""
    with Emulator(region="eu-central-1") as running:
        deployment = deploy(running, ROOT, request.param)
        yield Live(running, deployment, deployment.stack_outputs())
