"""Wait for the end of an execution, and what its end means for a script."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from contracts import status as st
from contracts.problems import one_problem
from contracts.tables import ExecutionAttribute
from runs.stack import Stack
from runs.store import Item, execution_store

POLL_SECONDS = 5.0
#: The longest time that an execution of ours may take.
WAIT_HOURS = 7 * 24
#: Exit codes of commands that show an execution. 2 is that of a wrong option.
EXIT_FAILED, EXIT_NOT_REGISTERED = 1, 3


def wait_for(stack: Stack, execution_id: str, on_poll: Callable[[Item], None] = lambda item: None) -> Item:
    """Return an execution's item after its end; if it succeeded, after its outcome is known.

    ``on_poll`` gets every item that was read, the last one included.

    Raises:
        ProblemsError: the item was deleted, or the execution runs longer than :data:`WAIT_HOURS`.
    """
    store = execution_store(stack)
    for _ in range(int(WAIT_HOURS * 3600 / POLL_SECONDS)):
        item = store.get(execution_id)
        if item is None or ExecutionAttribute.DELETED_AT in item:
            raise one_problem("execution", "execution id", execution_id, "it was deleted")
        on_poll(item)
        if has_ended(item):
            return item
        stack.sleep(POLL_SECONDS)
    allowed = f"it has not ended after {WAIT_HOURS} hours; see `runs status {execution_id}`"
    raise one_problem("execution", "execution id", execution_id, allowed)


def has_ended(item: Mapping[str, Any]) -> bool:
    """True once nothing changes any more: the status is terminal, and that of a success has an outcome."""
    status = str(item[ExecutionAttribute.STATUS])
    return st.is_terminal(status) and (status != st.SUCCEEDED or ExecutionAttribute.OUTCOME in item)


def exit_code(item: Mapping[str, Any]) -> int:
    """Return 1 for a failed or stopped execution, 3 for one whose model was not registered, otherwise 0.

    An ablation is never registered, so that is its success.
    """
    if item[ExecutionAttribute.STATUS] in (st.FAILED, st.STOPPED):
        return EXIT_FAILED
    is_rejected = item.get(ExecutionAttribute.OUTCOME) == st.NOT_REGISTERED
    return EXIT_NOT_REGISTERED if is_rejected and item.get(ExecutionAttribute.KIND) != st.ABLATION else 0
