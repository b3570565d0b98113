from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient

from contracts.outputs import StackOutputs
from local_run.deployment.deploy import Deployment, deploy
from local_run.emulator.server import Emulator
from tests.program.rights import Request

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


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """All requests that are made from now on."""
    made: list[Request] = []
    call = BaseClient._make_api_call

    def recorded(self: BaseClient, operation_name: str, api_params: dict[str, Any]) -> object:
        made.append(Request(self.meta.service_model.operation_model(operation_name), api_params))
        return call(self, operation_name, api_params)

    monkeypatch.setattr(BaseClient, "_make_api_call", recorded)
    return made
