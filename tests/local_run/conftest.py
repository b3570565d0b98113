from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from local_run.emulator.server import Emulator
from tests.local_run.programs.small import REGION, Make, write_program


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(region=REGION) as running:
        yield running


@pytest.fixture
def every_type() -> Path:
    return Path(__file__).parent / "programs" / "every_type"


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Writes a program, given its body, its folder's name and further modules."""
    return partial(write_program, tmp_path)
