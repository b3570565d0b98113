from __future__ import annotations

import pytest

from tests.components.recording import EVERYTHING, Recorder, run_program


@pytest.fixture(scope="session")
def dev() -> Recorder:
    return run_program("dev")


@pytest.fixture(scope="session")
def prod() -> Recorder:
    return run_program("prod")


@pytest.fixture(scope="session")
def everything() -> Recorder:
    return run_program("prod", **EVERYTHING)


@pytest.fixture(params=["dev", "prod", "everything"])
def recorded(request: pytest.FixtureRequest) -> Recorder:
    """Each of the stacks in turn."""
    found: Recorder = request.getfixturevalue(request.param)
    return found
