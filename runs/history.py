"""From an execution's state changes to its current state: one pure function of the *set* of changes.

Events come late, twice, in any order, or never, so nothing is ever concluded from the order of arrival. All changes known of
an execution are sorted by their own time and folded; two writers with the same rows come to the same state.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from contracts import status as st

EXECUTION = "execution"
STEP = "step"


@dataclass(frozen=True)
class Change:
    """One state change of the execution (``step`` is empty) or of one of its steps. Times are ISO 8601, UTC."""

    time: str
    status: str
    previous: str = ""
    step: str = ""
    reason: str = ""
    job_arn: str = ""
    started_at: str = ""
    ended_at: str = ""

    @property
    def kind(self) -> str:
        return STEP if self.step else EXECUTION

    @property
    def key(self) -> str:
        """The row's sort key. SageMaker may send several events for one change: alike in all but their ids, they share it."""
        parts = (self.step, self.previous, self.status, self.reason, self.job_arn, self.started_at, self.ended_at)
        return f"{self.time}#{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:16]}"

    @property
    def moment(self) -> datetime:
        return parse_time(self.time)

    @property
    def order(self) -> tuple[datetime, int, str]:
        """By time; what shares a time (events carry whole seconds) by rank, so that starts come before ends.

        A retry's first change goes after the failure it follows.
        """
        rank = st.rank(self.status) + (len(st.RANKS) if self.is_retry else 0)
        return self.moment, rank, self.key

    @property
    def is_retry(self) -> bool:
        """RetryPipelineExecution reuses the ARN: an ended execution runs again."""
        return not self.step and st.is_terminal(self.previous) and not st.is_terminal(self.status)


@dataclass(frozen=True)
class StepState:
    """Where one step stands."""

    status: str
    attempt: int
    status_at: str
    started_at: str = ""
    ended_at: str = ""
    job_arn: str = ""
    reason: str = ""


@dataclass(frozen=True)
class ExecutionState:
    """Where an execution stands, after all changes known of it."""

    status: str = st.CREATED
    attempt: int = 1
    status_at: str = ""
    reason: str = ""
    steps: dict[str, StepState] = field(default_factory=dict)


def fold(changes: Iterable[Change]) -> ExecutionState:
    """The state that a set of changes amounts to; their order and repetition do not matter."""
    ordered = sorted({change.key: change for change in changes}.values(), key=lambda change: change.order)
    attempt, ended = 1, False
    current: Change | None = None
    steps: dict[str, StepState] = {}
    for change in ordered:
        if change.step:
            steps[change.step] = _step(steps.get(change.step), change, attempt)
            continue
        if change.is_retry and ended:
            attempt, ended, current = attempt + 1, False, None
        current = _later(current, change)
        ended = ended or st.is_terminal(change.status)
    if current is None:
        return ExecutionState(steps=steps)
    return ExecutionState(current.status, attempt, current.time, _reason(current, attempt, steps), steps)


def _later(current: Change | None, change: Change) -> Change:
    """Of two changes in time order within one attempt: the higher rank wins, a terminal status stays."""
    if current is None:
        return change
    if st.is_terminal(current.status):
        return current
    return change if st.rank(change.status) >= st.rank(current.status) else current


def _step(current: StepState | None, change: Change, attempt: int) -> StepState:
    fresh = StepState(
        change.status, attempt, change.time, change.started_at, change.ended_at, change.job_arn, change.reason
    )
    if current is None or attempt > current.attempt:
        return fresh
    if st.is_terminal(current.status) or st.rank(change.status) < st.rank(current.status):
        winner, other = current, fresh
    else:
        winner, other = fresh, current
    return StepState(
        winner.status,
        winner.attempt,
        winner.status_at,
        winner.started_at or other.started_at,
        winner.ended_at or other.ended_at,
        winner.job_arn or other.job_arn,
        winner.reason or other.reason,
    )


def _reason(current: Change, attempt: int, steps: dict[str, StepState]) -> str:
    """A failed execution's own reason, else the one of the step that failed in the same attempt."""
    if current.status != st.FAILED or current.reason:
        return current.reason
    failed = [(name, step) for name, step in steps.items() if step.status == st.FAILED and step.attempt == attempt]
    return "; ".join(f"{name}: {step.reason or 'no reason given'}" for name, step in sorted(failed))


def parse_time(text: str) -> datetime:
    """ISO 8601 with or without a zone (UTC is meant where none is given)."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def iso(moment: datetime) -> str:
    """The one form in which times are stored: UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
