from __future__ import annotations

import pytest

from tests.components.recording import Recorder, run_program


@pytest.fixture(scope="session")
def dev() -> Recorder:
    return run_program("dev")


@pytest.fixture(scope="session")
def prod() -> Recorder:
    return run_program("prod")


@pytest.fixture(scope="session")
def everything() -> Recorder:
    """A stack that uses every option there is."""
    return run_program(
        "prod",
        subnetIds=["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        securityGroupIds=["sg-0123456789abcdef0"],
        accessLogsBucket="access-logs-of-the-account",
        executionExpiryDays=90,
        managedSpot=True,
        retrainingSchedule="cron(0 6 ? * MON *)",
        retrainingTemplate="weekly",
        alarmEmail="team@example.org",
    )


@pytest.fixture(params=["dev", "prod", "everything"])
def recorded(request: pytest.FixtureRequest) -> Recorder:
    """Each of the stacks in turn."""
    found: Recorder = request.getfixturevalue(request.param)
    return found
