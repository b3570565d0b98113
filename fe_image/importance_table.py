"""The feature importance of an execution as rows of its table, the highest first."""

from __future__ import annotations

import logging
from typing import Any

from fe_image.aws_clients import client
from fe_image.importance import ImportanceReport
from fe_image.step_environment import StepEnvironment

log = logging.getLogger(__name__)

#: Rows of more features help nobody; ``evaluation/importance.json`` has them all.
MAX_ROWS = 100
_BATCH = 25
_ATTEMPTS, _CONNECT_SECONDS, _READ_SECONDS = 3, 2, 4


def store_importance(where: StepEnvironment, report: ImportanceReport, dynamodb: Any = None) -> bool:
    """Write the rows; whether that worked. The table is a view of ``importance.json``: a table that is away is said in the
    log, and fails no step whose files are complete.
    """
    table = where.feature_importance_table
    try:
        dynamodb = dynamodb or client(
            "dynamodb", where.region, attempts=_ATTEMPTS, connect_seconds=_CONNECT_SECONDS, read_seconds=_READ_SECONDS
        )
        rows = importance_rows(where.execution_id, report)
        for begin in range(0, len(rows), _BATCH):
            _write(dynamodb, table, rows[begin : begin + _BATCH])
    except Exception as error:  # noqa: BLE001 - whatever AWS or the network answers
        log.warning("feature importance is not in table %s: %s: %s; importance.json has it", table, type(error).__name__, error)
        return False
    return True


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


def _write(dynamodb: Any, table: str, rows: list[dict[str, Any]]) -> None:
    """One batch; what the table was too busy for is tried twice more."""
    requests = {table: [{"PutRequest": {"Item": row}} for row in rows]}
    for _ in range(_ATTEMPTS):
        requests = dynamodb.batch_write_item(RequestItems=requests).get("UnprocessedItems") or {}
        if not requests:
            return
    raise TimeoutError(f"{len(requests[table])} rows were not taken")
