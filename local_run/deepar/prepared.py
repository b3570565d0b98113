"""Prepares the next items of an iterator in a second thread while the caller works on the current one."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

Item = TypeVar("Item")
#: Items that are prepared ahead. More would only cost memory.
AHEAD = 2


@contextmanager
def prepared(items: Iterator[Item]) -> Iterator[Iterator[Item]]:
    """Give an iterator over the same items, in order, within the block. An item's error is raised where the item is read."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="prepared") as worker:
        yield _ahead(items, worker)


def _ahead(items: Iterator[Item], worker: ThreadPoolExecutor) -> Iterator[Item]:
    end: Any = object()
    waiting = deque(worker.submit(next, items, end) for _ in range(AHEAD))
    while (item := waiting.popleft().result()) is not end:
        waiting.append(worker.submit(next, items, end))
        yield item
