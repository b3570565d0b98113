from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local_run.emulator import Emulator

REGION = "eu-central-1"


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(region=REGION) as running:
        yield running


@pytest.fixture
def every_type() -> Path:
    return Path(__file__).parent / "programs" / "every_type"
