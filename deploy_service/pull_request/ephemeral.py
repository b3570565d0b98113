"""Stacks of a pull request, ``pr-<number>``: settings from ``Pulumi.dev.yaml``, and a time to live."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from contracts.problems import Problem, ProblemsError, one_problem
from settings import parse
from stack_config import StackConfig, read_stack_config

SOURCE_STACK = "dev"
DEFAULT_TIME_TO_LIVE = timedelta(days=3)
LONGEST_TIME_TO_LIVE = timedelta(days=30)
_NAME = re.compile(r"pr-[1-9][0-9]{0,8}")
#: Settings that a stack of a pull request does not take from ``dev``: two buckets cannot have one name, and what a schedule
#: starts or an alarm reports is not the pull request's business.
_OWN_VALUES: Mapping[str, object] = {
    "assetsBucketName": "",
    "modelsBucketName": "",
    "pipelineBucketName": "",
    "retrainingSchedule": "",
    "retrainingTemplate": "",
    "forecastSchedule": "",
    "forecastTemplate": "",
    "alarmEmail": "",
    "handlerConcurrency": -1,
}


@dataclass(frozen=True)
class EphemeralStack:
    """``config`` is what the program gets; after ``expires`` (UTC) the stack may be destroyed."""

    config: StackConfig
    expires: datetime


def is_ephemeral(stack: str) -> bool:
    """True for the name of a pull request's stack."""
    return _NAME.fullmatch(stack) is not None


def stack_config(project_dir: Path, stack: str) -> StackConfig:
    """The configuration of a stack with a file of its own, or of a pull request's stack.

    Raises:
        ProblemsError: the stack has no file and is no pull request's, or its settings have problems.
    """
    if not is_ephemeral(stack) or (project_dir / f"Pulumi.{stack}.yaml").is_file():
        return read_stack_config(project_dir, stack)
    config = read_stack_config(project_dir, SOURCE_STACK, _OWN_VALUES)
    return StackConfig(config.project, stack, config.values)


def ephemeral_stack(
    project_dir: Path, stack: str, created: datetime, time_to_live: timedelta = DEFAULT_TIME_TO_LIVE
) -> EphemeralStack:
    """The settings of a pull request's stack, and when it ends. A stack that protects data cannot be ephemeral.

    Raises:
        ProblemsError: the name, the time to live, or the settings that ``Pulumi.dev.yaml`` gives.
    """
    if not is_ephemeral(stack):
        raise one_problem("ephemeral stack", "name", stack, "allowed: pr-<number of the pull request>, such as pr-123")
    config = stack_config(project_dir, stack)
    settings = parse(config.project, config.stack, config.values)
    problems = []
    if not timedelta(hours=1) <= time_to_live <= LONGEST_TIME_TO_LIVE:
        problems.append(Problem("time to live", str(time_to_live), f"allowed: 1 hour to {LONGEST_TIME_TO_LIVE.days} days"))
    if settings.protect_data:
        allowed = f"allowed: false, because the stack is destroyed with its data; Pulumi.{SOURCE_STACK}.yaml sets it"
        problems.append(Problem("protectData", True, allowed))
    if problems:
        raise ProblemsError(f"ephemeral stack {stack}", problems)
    return EphemeralStack(config, created + time_to_live)
