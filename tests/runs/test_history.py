"""The fold of an execution's changes: the same set gives the same state, in any order and with any repetitions."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from contracts.status import EXECUTING, FAILED, STARTING, STOPPED, STOPPING, SUCCEEDED, TRAINING_STEP
from contracts.times import to_iso
from runs.history import Change, fold

T = "2026-01-01T00:00:{:02d}.000+00:00"


def change(second: int, status: str, previous: str = "", step: str = "", **more: str) -> Change:
    return Change(T.format(second), status, previous, step, **more)


FAILING_THEN_RETRIED = [
    change(1, EXECUTING),
    change(2, STARTING, step="FeatureEngineering", started_at=T.format(2)),
    change(3, SUCCEEDED, STARTING, "FeatureEngineering", ended_at=T.format(3)),
    change(4, STARTING, step=TRAINING_STEP),
    change(5, FAILED, EXECUTING, TRAINING_STEP, reason="CapacityError: none left"),
    change(6, FAILED, EXECUTING),
    change(10, EXECUTING, FAILED),
    change(11, STARTING, step=TRAINING_STEP),
    change(12, SUCCEEDED, EXECUTING, TRAINING_STEP, job_arn="arn:job"),
    change(13, SUCCEEDED, EXECUTING),
]


@given(st.permutations(FAILING_THEN_RETRIED), st.lists(st.sampled_from(FAILING_THEN_RETRIED), max_size=5))
def test_order_and_repetition_do_not_matter(order: list[Change], again: list[Change]) -> None:
    assert fold([*order, *again]) == fold(FAILING_THEN_RETRIED)


def test_a_retry_is_a_new_attempt_and_keeps_what_succeeded_before() -> None:
    state = fold(FAILING_THEN_RETRIED)
    assert (state.status, state.attempt, state.reason) == (SUCCEEDED, 2, "")
    assert (state.steps[TRAINING_STEP].status, state.steps[TRAINING_STEP].attempt) == (SUCCEEDED, 2)
    assert state.steps[TRAINING_STEP].reason == ""
    assert (state.steps["FeatureEngineering"].status, state.steps["FeatureEngineering"].attempt) == (SUCCEEDED, 1)


def test_a_failed_execution_says_which_step_failed_and_why() -> None:
    state = fold(FAILING_THEN_RETRIED[:6])
    assert (state.status, state.reason) == (FAILED, "Training: CapacityError: none left")


def test_every_order_of_a_stopped_execution_ends_stopped() -> None:
    changes = [change(1, EXECUTING), change(2, STOPPING, EXECUTING), change(3, STOPPED, STOPPING), change(2, EXECUTING)]
    assert {fold(order).status for order in itertools.permutations(changes)} == {STOPPED}


def test_a_terminal_status_stays_within_its_attempt() -> None:
    late = [change(3, EXECUTING, STARTING), change(4, FAILED, EXECUTING)]
    state = fold([change(1, EXECUTING), change(2, SUCCEEDED, EXECUTING), *late])
    assert (state.status, state.attempt) == (SUCCEEDED, 1)


def test_changes_within_one_second_are_ordered_by_rank() -> None:
    assert fold([change(1, SUCCEEDED, EXECUTING), change(1, EXECUTING, STARTING), change(1, STARTING)]).status == SUCCEEDED


def test_an_unknown_status_is_kept_as_it_came_and_does_not_end_the_execution() -> None:
    assert fold([change(1, EXECUTING), change(2, "Hibernating", EXECUTING)]).status == "Hibernating"
    assert fold([change(2, "Hibernating", EXECUTING), change(3, SUCCEEDED, "Hibernating")]).status == SUCCEEDED


def test_two_events_for_one_change_are_one_row() -> None:
    assert change(1, EXECUTING).key == change(1, EXECUTING).key
    assert change(1, EXECUTING).key != change(1, EXECUTING, FAILED).key


def test_two_retries_are_two_more_attempts() -> None:
    changes = [change(1, FAILED), change(2, EXECUTING, FAILED), change(3, FAILED), change(4, EXECUTING, FAILED)]
    assert (fold(changes).attempt, fold(changes).status) == (3, EXECUTING)


@pytest.mark.parametrize("precise", [False, True])
def test_a_retry_in_the_same_second_as_its_failure_is_a_new_attempt(precise: bool) -> None:
    """The failure may carry milliseconds (a described time) and the retry only seconds (an event), or both only seconds."""
    failed = Change("2026-01-01T00:00:05.700+00:00" if precise else T.format(5), FAILED, EXECUTING, reason="no capacity")
    state = fold([change(1, EXECUTING), failed, change(5, EXECUTING, FAILED)])
    assert (state.status, state.attempt, state.reason) == (EXECUTING, 2, "")


def test_a_second_holds_a_failure_its_retry_and_the_end_of_the_second_attempt() -> None:
    state = fold(
        [change(1, EXECUTING), change(2, FAILED, EXECUTING), change(2, EXECUTING, FAILED), change(2, SUCCEEDED, EXECUTING)]
    )
    assert (state.status, state.attempt) == (SUCCEEDED, 2)
    state = fold([change(1, FAILED, EXECUTING), change(2, EXECUTING, FAILED), change(2, STOPPED, EXECUTING)])
    assert (state.status, state.attempt) == (STOPPED, 2)


def test_a_step_that_fails_and_starts_again_within_a_second_belongs_to_the_new_attempt() -> None:
    state = fold(
        [
            change(1, EXECUTING),
            change(1, EXECUTING, STARTING, TRAINING_STEP),
            change(2, FAILED, EXECUTING, TRAINING_STEP, reason="no capacity"),
            change(2, FAILED, EXECUTING),
            change(2, EXECUTING, FAILED),
            change(2, STARTING, "", TRAINING_STEP, started_at=T.format(2)),
        ]
    )
    step = state.steps[TRAINING_STEP]
    assert (step.status, step.attempt, step.reason) == (STARTING, 2, "")


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Change], str, int]:
    """What really happened: attempts that end and are retried, with times cut to whole seconds as in SageMaker's events.

    No two changes are alike in all fields, since events that are alike describe one change.
    """
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    attempts = draw(st.integers(1, 3))
    changes, status, seen = [], "", set()
    for attempt in range(attempts):
        path = [EXECUTING, *draw(st.sampled_from([[], [STOPPING]])), draw(st.sampled_from([FAILED, STOPPED]))]
        if attempt == attempts - 1:
            path = path[: draw(st.integers(1, len(path)))] if draw(st.booleans()) else [EXECUTING, SUCCEEDED]
        for following in path:
            moment += timedelta(milliseconds=draw(st.integers(0, 1500)))
            second = moment.replace(microsecond=0)
            if (second, status, following) in seen:
                moment = second + timedelta(seconds=1)
            seen.add((moment.replace(microsecond=0), status, following))
            changes.append(Change(to_iso(moment.replace(microsecond=0)), following, status))
            status = following
    return changes, status, attempts


@given(histories(), st.randoms())
def test_whole_seconds_and_any_order_of_arrival_give_the_state_that_was_reached(
    history: tuple[list[Change], str, int], dice: random.Random
) -> None:
    changes, status, attempts = history
    busiest = Counter(change.second for change in changes).most_common(1)[0][1]
    assume(busiest <= 4)
    dice.shuffle(changes)
    state = fold(changes)
    assert (state.status, state.attempt) == (status, attempts)
