"""Items that a second thread prepares ahead."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from local_run.deepar.prepared import AHEAD, prepared


@pytest.mark.parametrize("count", [0, 1, AHEAD, 20])
def test_all_items_come_in_order(count: int) -> None:
    with prepared(iter(range(count))) as items:
        assert list(items) == list(range(count))


def test_items_are_prepared_in_another_thread_and_only_a_few_ahead() -> None:
    made: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(20):
            assert threading.current_thread() is not threading.main_thread()
            made.append(number)
            yield number

    with prepared(numbers()) as items:
        for number in items:
            assert number <= len(made) - 1 <= number + AHEAD


def test_an_error_is_raised_where_its_item_is_read() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise ValueError("the second item")

    with prepared(failing()) as items:
        assert next(items) == 1
        with pytest.raises(ValueError, match="the second item"):
            next(items)
