"""Options of the emulator: time scale, concurrency, injected faults, and training commands."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

Command = Callable[[Path], Sequence[str]]

REPOSITORY = Path(__file__).resolve().parents[2]


def deepar_command(ml_root: Path, seed: int | None = None) -> Sequence[str]:
    """Return the command that trains the DeepAR stand-in. ``ml_root`` is the container's ``/opt/ml``."""
    seeded = () if seed is None else ("--seed", str(seed))
    return (sys.executable, "-m", "local_run.deepar", "train", "--root", str(ml_root), *seeded)


def deepar_server(root: Path) -> Sequence[str]:
    """Return the command that serves the stand-in's model in ``opt/ml/model/`` under ``root``, on a port that it prints."""
    return (sys.executable, "-m", "local_run.deepar", "serve", "--root", str(root), "--port", "0")


def repository_of(image: str) -> str:
    """Return the repository's name in an image's URI."""
    return image.rsplit("/", 1)[-1].partition("@")[0].partition(":")[0]


@dataclass(frozen=True)
class JobFaults:
    """Injected job faults. ``before_start`` gets (step name, attempt) and returns a retry exception type or None."""

    before_start: Callable[[str, int], str | None] = lambda _step, _attempt: None


@dataclass(frozen=True)
class EventFaults:
    """Injected faults of event delivery: probabilities of losing, duplicating and reordering an event, and a seed."""

    drop: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    seed: int = 0
    _random: random.Random = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in ("drop", "duplicate", "reorder"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)!r}; allowed: a probability from 0 to 1")
        object.__setattr__(self, "_random", random.Random(self.seed))  # noqa: S311 - faults, not secrets

    def happens(self, probability: float) -> bool:
        return probability > 0 and self._random.random() < probability


@dataclass(frozen=True)
class Options:
    """Settings of the layer.

    ``time_scale`` multiplies every interval of retry policies (steps, event targets, asynchronous invocations), so that an
    hour's backoff does not cost an hour. ``training_commands`` maps a training image's repository name to the command that
    replaces it, because only SageMaker can pull the images of built-in algorithms. ``serving_commands`` does so for a model's
    image; the command gets the root of the container's file system and prints ``serving on <host>:<port>``.
    """

    time_scale: float = 0.01
    stop_grace_seconds: float = 10.0
    max_concurrent_jobs: int = max(1, os.cpu_count() or 1)
    repository: Path = REPOSITORY
    work_directory: Path | None = None
    training_commands: Mapping[str, Command] = field(default_factory=lambda: {"forecasting-deepar": deepar_command})
    serving_commands: Mapping[str, Command] = field(default_factory=lambda: {"forecasting-deepar": deepar_server})
    job_environment: Mapping[str, str] = field(default_factory=dict)
    job_faults: JobFaults = field(default_factory=JobFaults)
    event_faults: EventFaults = field(default_factory=EventFaults)

    @classmethod
    def seeded(cls, seed: int | None) -> Options:
        """Return options whose DeepAR stand-in trains with this seed; None: with its own."""
        return cls(training_commands={"forecasting-deepar": partial(deepar_command, seed=seed)})

    def scaled(self, seconds: float) -> float:
        return seconds * self.time_scale
