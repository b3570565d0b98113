from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local_run.emulator import Emulator

ROOT = Path(__file__).parents[2]


@pytest.fixture
def root() -> Path:
    return ROOT


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(region="eu-central-1") as running:
        yield running
