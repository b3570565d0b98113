"""The logs of an execution's steps, one per attempt, from CloudWatch Logs; from the item if CloudWatch has none any more.

Source: Amazon SageMaker developer guide, "Log groups and streams that Amazon SageMaker AI sends to Amazon CloudWatch Logs".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from contracts import status as st
from contracts.problems import listed, one_problem
from contracts.tables import ExecutionAttribute, StepKey
from runs.aws_errors import code_of
from runs.history import Change
from runs.pages import all_entries
from runs.stack import Stack
from runs.store import Item, execution_store

#: Kind of job in an ARN → log group. A job's streams begin with its name.
LOG_GROUPS: Mapping[str, str] = {
    "processing-job": "/aws/sagemaker/ProcessingJobs",
    "training-job": "/aws/sagemaker/TrainingJobs",
    "transform-job": "/aws/sagemaker/TransformJobs",
}
#: Steps whose container writes its log's end to the item (contract: at most 16 KB, of the step that began last).
_WITH_TAIL = frozenset({st.PROCESSING_STEP, st.EVALUATION_STEP, st.PREPARE_STEP, st.PUBLISH_STEP})


@dataclass(frozen=True)
class StepLog:
    """The log of one job of a step. ``attempt`` counts the step's jobs from 1; ``source`` says where the lines come from."""

    step: str
    attempt: int
    status: str
    source: str
    lines: tuple[str, ...]


def step_logs(stack: Stack, item: Item, step: str | None = None, attempt: int | None = None) -> Iterator[StepLog]:
    """Yield the logs of a step's jobs, the first attempt first; only one with ``attempt``.

    Without ``step``, that of the failed step, or of the step that began last.

    Raises:
        ProblemsError: no such step or attempt, or the step runs no job.
    """
    name = step or _of_interest(item)
    jobs = _jobs(execution_store(stack).changes(str(item[ExecutionAttribute.ID])), name)
    if not jobs:
        raise one_problem("logs", "--step", name, f"it has no job in this execution; allowed: {_allowed(item)}")
    if attempt is not None and not 1 <= attempt <= len(jobs):
        raise one_problem("logs", "--attempt", attempt, f"allowed: 1 to {len(jobs)} for step {name}")
    for number, (arn, status) in enumerate(jobs.items(), start=1):
        if attempt in (None, number):
            is_last = number == len(jobs)
            yield StepLog(name, number, status, *_lines(stack, arn, item if is_last and name in _WITH_TAIL else {}))


def _of_interest(item: Item) -> str:
    """The step to look at first: one that failed, or the latest with a job."""
    steps = {name: step for name, step in _steps(item).items() if _kind(str(step.get(StepKey.JOB_ARN, ""))) in LOG_GROUPS}
    if not steps:
        raise one_problem("logs", "execution", item[ExecutionAttribute.ID], "none of its steps has started a job yet")
    failed = {name: step for name, step in steps.items() if step.get(StepKey.STATUS) == st.FAILED}
    return max(failed or steps, key=lambda name: str(steps[name].get(StepKey.STARTED_AT, "")))


def _jobs(changes: list[Change], step: str) -> dict[str, str]:
    """ARNs of the step's jobs in the order in which they began, each with the last status that is known of it."""
    jobs: dict[str, str] = {}
    for change in sorted(changes, key=lambda one: (one.started_at or one.time, st.rank(one.status))):
        if change.step == step and _kind(change.job_arn) in LOG_GROUPS:
            jobs[change.job_arn] = change.status
    return jobs


def _lines(stack: Stack, arn: str, item: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """Where the lines come from, and the lines. An item has the end of the log, which outlives CloudWatch's retention."""
    group, name = LOG_GROUPS[_kind(arn)], arn.rpartition("/")[2]
    try:
        found = tuple(_events(stack, group, name))
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        found = ()
    if found or ExecutionAttribute.LOG_TAIL not in item:
        return f"{group}/{name}", found
    return "the execution's item, which has the end of the log", tuple(str(item[ExecutionAttribute.LOG_TAIL]).splitlines())


def _events(stack: Stack, group: str, job: str) -> Iterator[str]:
    """The lines of all containers of a job; each line begins with its container's stream if there are several."""
    streams = [
        str(found["logStreamName"])
        for found in all_entries(
            stack.logs, "describe_log_streams", "logStreams", logGroupName=group, logStreamNamePrefix=f"{job}/"
        )
    ]
    for stream in streams:
        prefix = f"{stream.partition('/')[2]}: " if len(streams) > 1 else ""
        yield from (f"{prefix}{line}" for line in _stream(stack, group, stream))


def _stream(stack: Stack, group: str, stream: str) -> Iterator[str]:
    """The lines of one stream. The service answers the same token again at the end; it has no paginator."""
    token: dict[str, str] = {}
    while True:
        answer = stack.logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True, **token)
        yield from (str(event["message"]) for event in answer["events"])
        following = {"nextToken": str(answer["nextForwardToken"])}
        if following == token:
            return
        token = following


def _steps(item: Item) -> Mapping[str, Mapping[str, Any]]:
    steps = item.get(ExecutionAttribute.STEPS)
    return {name: step for name, step in steps.items() if isinstance(step, Mapping)} if isinstance(steps, Mapping) else {}


def _kind(arn: str) -> str:
    """``training-job`` of a job's ARN; empty if there is none."""
    return arn.rpartition(":")[2].partition("/")[0]


def _allowed(item: Item) -> str:
    names = [name for name, step in _steps(item).items() if _kind(str(step.get(StepKey.JOB_ARN, ""))) in LOG_GROUPS]
    return listed(sorted(names)) if names else "none; no step has started a job yet"
