"""How long tests wait for other threads and processes."""

from __future__ import annotations

import time
from collections.abc import Callable

#: Far more than any test needs. It ends a test that would otherwise wait forever, and no busy machine makes a test fail.
PATIENCE_SECONDS = 600.0


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Return as soon as the condition holds; fail with `what` if it never does."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end, f"after {PATIENCE_SECONDS:g} s: {what}"
        time.sleep(0.01)
