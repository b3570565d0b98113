"""An emulator with the layer over it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local_run.emulator.options import Options
from local_run.emulator.progress import OnProgress
from local_run.emulator.server import Emulator
from local_run.emulator.service import LocalSageMaker
from tests.local_run.emulator.pipelines.support import BUCKET, REGION, ProgressRecorder, World


class Switch:
    """A middleware whose layer each test sets: starting an emulator and its clients costs more than most tests."""

    def __init__(self) -> None:
        self.application: Any = None
        self.layered: Any = None

    def wrap(self, application: Any) -> Any:
        self.application = application
        return self.serve

    def serve(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        answer: Iterable[bytes] = (self.layered or self.application)(environ, start_response)
        return answer


@pytest.fixture(scope="module")
def emulated() -> Iterator[tuple[Emulator, Switch]]:
    switch = Switch()
    with Emulator(region=REGION, middleware=switch.wrap) as emulator:
        yield emulator, switch


@pytest.fixture
def make_world(tmp_path: Path, emulated: tuple[Emulator, Switch]) -> Iterator[Callable[..., World]]:
    """Makes the one world of a test, with the options it asks for; nothing of it is left for the next."""
    emulator, switch = emulated
    opened: list[LocalSageMaker] = []

    def make(on_progress: OnProgress | None = None, **options: Any) -> World:
        trainer = tmp_path / "trainer.py"
        settings: dict[str, Any] = {
            "time_scale": 0.001,
            "stop_grace_seconds": 2.0,
            "max_concurrent_jobs": 4,
            "training_commands": {"forecasting-deepar": lambda ml: (sys.executable, str(trainer), str(ml))},
        }
        (tmp_path / "jobs").mkdir()
        settings |= {"work_directory": tmp_path / "jobs"} | options
        progress = ProgressRecorder()
        local = LocalSageMaker(Options(**settings), on_progress or progress)
        opened.append(local)
        switch.layered = local.middleware(switch.application)
        local.attach(emulator)
        emulator.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        return World(emulator, local, progress, trainer)

    yield make
    for local in opened:
        local.close()
    switch.layered = None
    emulator.reset()


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world()
