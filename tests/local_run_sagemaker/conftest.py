"""An emulator with the layer over it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local_run.emulator import Emulator
from local_run.sagemaker.options import Options
from local_run.sagemaker.service import LocalSageMaker
from tests.local_run_sagemaker.support import BUCKET, REGION, RecordingListener, World


@pytest.fixture
def make_world(tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Makes the one emulator of a test, with the options it asks for."""
    opened: list[tuple[Emulator, LocalSageMaker]] = []

    def make(**options: Any) -> World:
        trainer = tmp_path / "trainer.py"
        settings: dict[str, Any] = {
            "time_scale": 0.001,
            "stop_grace_seconds": 2.0,
            "max_concurrent_jobs": 4,
            "training_commands": {"forecasting-deepar": lambda ml: (sys.executable, str(trainer), str(ml))},
        }
        (tmp_path / "jobs").mkdir()
        settings |= {"work_directory": tmp_path / "jobs"} | options
        listener = RecordingListener()
        local = LocalSageMaker(Options(**settings), listener)
        emulator = Emulator(region=REGION, middleware=local.middleware)
        opened.append((emulator, local))
        emulator.__enter__()
        local.attach(emulator)
        emulator.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        return World(emulator, local, listener, trainer)

    yield make
    for emulator, local in opened:
        local.close()
        emulator.close()


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world()
