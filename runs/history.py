"""The current state of an execution, as a pure function of the *set* of its state changes.

Events come late, twice, in any order, or never, so nothing is concluded from the order of arrival. All known changes of an
execution are sorted by their own time and folded, so two writers with the same rows compute the same state.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby, permutations

from contracts import status as st
from contracts.times import EARLIEST, stored_time

EXECUTION = "execution"
STEP = "step"
#: More state changes of one execution in one second are only ranked: all orders of six are 720.
_PERMUTED_MAX = 6


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
        """``step`` or ``execution``."""
        return STEP if self.step else EXECUTION

    @property
    def key(self) -> str:
        """Sort key of the change's row. Events that differ only in their id describe one change, so they share the key."""
        parts = (self.step, self.previous, self.status, self.reason, self.job_arn, self.started_at, self.ended_at)
        return f"{self.time}#{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:16]}"

    @property
    def moment(self) -> datetime:
        """Time of the change; a stored row whose time cannot be read counts as the earliest."""
        return stored_time(self.time) or EARLIEST

    @property
    def second(self) -> datetime:
        """The whole second of the change: SageMaker's events carry no more, so order within it needs other evidence."""
        return self.moment.replace(microsecond=0)

    @property
    def order(self) -> tuple[int, datetime, str]:
        """Order within a second if nothing else decides: by rank, with a retry after the failure that it follows."""
        rank = st.rank(self.status) + (len(st.RANKS) if self.is_retry else 0)
        return rank, self.moment, self.key

    @property
    def is_retry(self) -> bool:
        """True if an ended execution runs again: RetryPipelineExecution reuses the ARN."""
        return not self.step and st.is_terminal(self.previous) and not st.is_terminal(self.status)


@dataclass(frozen=True)
class StepState:
    """The current state of one step."""

    status: str
    attempt: int
    status_at: str
    started_at: str = ""
    ended_at: str = ""
    job_arn: str = ""
    reason: str = ""


@dataclass(frozen=True)
class ExecutionState:
    """The state of an execution after all its known changes."""

    status: str = st.CREATED
    attempt: int = 1
    status_at: str = ""
    reason: str = ""
    steps: dict[str, StepState] = field(default_factory=dict)


def fold(changes: Iterable[Change]) -> ExecutionState:
    """Return the state after a set of changes. Their order and repetition do not matter."""
    known = sorted({change.key: change for change in changes}.values(), key=lambda change: change.second)
    fold = _Fold()
    for _, same_second in groupby(known, key=lambda change: change.second):
        fold.apply(list(same_second))
    return fold.state()


class _Fold:
    """The state while the changes are applied, second by second."""

    def __init__(self) -> None:
        self._attempt = 1
        self._current: Change | None = None
        self._steps: dict[str, StepState] = {}

    def apply(self, changes: Sequence[Change]) -> None:
        """Apply the changes of one second."""
        own = _chained([change for change in changes if not change.step], self._status())
        before, after = self._split_steps(changes, retried=any(change.is_retry for change in own))
        self._apply_steps(before)
        for change in own:
            if change.is_retry and st.is_terminal(self._status()):
                self._attempt, self._current = self._attempt + 1, change
                continue
            self._current = _later(self._current, change)
        self._apply_steps(after)

    def state(self) -> ExecutionState:
        """Return the state so far."""
        if self._current is None:
            return ExecutionState(steps=self._steps)
        reason = _reason(self._current, self._attempt, self._steps)
        return ExecutionState(self._current.status, self._attempt, self._current.time, reason, self._steps)

    def _status(self) -> str:
        return self._current.status if self._current else st.CREATED

    def _apply_steps(self, changes: Iterable[Change]) -> None:
        for change in changes:
            self._steps[change.step] = _step(self._steps.get(change.step), change, self._attempt)

    def _split_steps(self, changes: Sequence[Change], *, retried: bool) -> tuple[list[Change], list[Change]]:
        """Step changes of one second: those before a retry in the same second, and those after it."""
        before: list[Change] = []
        after: list[Change] = []
        for name in sorted({change.step for change in changes if change.step}):
            known = self._steps.get(name)
            status = known.status if known and known.attempt == self._attempt else ""
            ordered = _chained([change for change in changes if change.step == name], status)
            cut = _restart(ordered, status) if retried else len(ordered)
            before += ordered[:cut]
            after += ordered[cut:]
        return before, after


def _restart(changes: Sequence[Change], status: str) -> int:
    """Index of the first change that belongs to a new attempt: a step starts again after it ended, or has not ended yet."""
    for index, change in enumerate(changes):
        ends_later = any(st.is_terminal(later.status) for later in changes[index:])
        if not st.is_terminal(change.status) and (st.is_terminal(status) or not ends_later):
            return index
        status = change.status
    return len(changes)


def _chained(changes: Sequence[Change], status: str) -> Sequence[Change]:
    """Changes of one second in the order in which most of them follow the status that they name as the previous one."""
    ranked = sorted(changes, key=lambda change: change.order)
    if not 1 < len(ranked) <= _PERMUTED_MAX:
        return ranked
    return max(permutations(ranked), key=lambda ordered: _links(ordered, status))


def _links(changes: Sequence[Change], status: str) -> int:
    return sum(change.previous == before for change, before in zip(changes, _before(changes, status), strict=False))


def _before(changes: Sequence[Change], status: str) -> Iterator[str]:
    yield status
    yield from (change.status for change in changes)


def _later(current: Change | None, change: Change) -> Change:
    """The change that decides within an attempt: the higher rank, then the later one; a terminal status is final."""
    if current is None:
        return change
    if st.is_terminal(current.status):
        return current
    return change if st.rank(change.status) >= st.rank(current.status) else current


def _step(current: StepState | None, change: Change, attempt: int) -> StepState:
    fresh = StepState(change.status, attempt, change.time, change.started_at, change.ended_at, change.job_arn, change.reason)
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
    """A failed execution's own reason; if it has none, those of the steps that failed in the same attempt."""
    if current.status != st.FAILED or current.reason:
        return current.reason
    failed = [(name, step) for name, step in steps.items() if step.status == st.FAILED and step.attempt == attempt]
    return "; ".join(f"{name}: {step.reason or 'no reason given'}" for name, step in sorted(failed))
