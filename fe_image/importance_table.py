"""The feature importance of an execution as rows of its table, the highest first."""

from __future__ import annotations

import itertools
import logging
import random
import threading
import time
from typing import Any

from fe_image.container.aws_clients import client
from fe_image.container.step_environment import StepEnvironment
from fe_image.model.importance import ImportanceReport

log = logging.getLogger(__name__)

#: Rows of more features help nobody; ``evaluation/importance.json`` has them all.
MAX_ROWS = 100
#: How long the step may wait for the table: with log_sync.CLOSE_SECONDS, it bounds the end of a step on a cloud that hangs.
STORE_SECONDS = 2.0
_BATCH = 25
_ATTEMPTS, _CONNECT_SECONDS, _READ_SECONDS = 3, 1.0, 1.5
_BACKOFF_SECONDS, _MAX_BACKOFF_SECONDS = 0.05, 0.8


def store_importance(
    where: StepEnvironment, report: ImportanceReport, dynamodb: Any = None, seconds: float = STORE_SECONDS
) -> bool:
    """Write the rows; whether that worked within so many seconds. The table is a view of ``importance.json``: a table that is
    away is said in the log, and neither fails nor holds up a step whose files are complete.
    """
    table = where.feature_importance_table
    answers: list[str | None] = []  # why the rows are not there
    until = time.monotonic() + seconds
    thread = threading.Thread(
        target=lambda: answers.append(_store(where, report, dynamodb, until)), name="importance-table", daemon=True
    )
    thread.start()
    thread.join(seconds)
    reason = answers[0] if answers else f"no answer within {seconds:g} s"
    if reason is not None:
        log.warning("feature importance is not in table %s: %s; importance.json has it", table, reason)
    return reason is None


def importance_rows(execution_id: str, report: ImportanceReport) -> list[dict[str, Any]]:
    """The table's items."""
    ranked = list(report.scores.items())[:MAX_ROWS]
    return [
        {
            "ExecutionId": {"S": execution_id},
            "Feature": {"S": feature},
            "Importance": {"N": f"{score:.12g}"},
            "Rank": {"N": str(rank)},
        }
        for rank, (feature, score) in enumerate(ranked, 1)
    ]


def _store(where: StepEnvironment, report: ImportanceReport, dynamodb: Any, until: float) -> str | None:
    """Write all rows; what went wrong, or None."""
    try:
        dynamodb = dynamodb or client(
            "dynamodb", where.region, attempts=_ATTEMPTS, connect_seconds=_CONNECT_SECONDS, read_seconds=_READ_SECONDS
        )
        rows = importance_rows(where.execution_id, report)
        for begin in range(0, len(rows), _BATCH):
            _write(dynamodb, where.feature_importance_table, rows[begin : begin + _BATCH], until)
    except Exception as error:  # noqa: BLE001 - whatever AWS or the network answers
        return f"{type(error).__name__}: {error}"
    return None


def _write(dynamodb: Any, table: str, rows: list[dict[str, Any]], until: float) -> None:
    """One batch. What the table was too busy for is tried again after ever longer random pauses, while there is time."""
    requests = {table: [{"PutRequest": {"Item": row}} for row in rows]}
    for attempt in itertools.count():
        requests = dynamodb.batch_write_item(RequestItems=requests).get("UnprocessedItems") or {}
        if not requests:
            return
        pause = random.uniform(0, min(_BACKOFF_SECONDS * 2**attempt, _MAX_BACKOFF_SECONDS))  # noqa: S311 - no secret
        if time.monotonic() + pause >= until:
            raise TimeoutError(f"{len(requests[table])} rows were not taken")
        time.sleep(pause)
