"""On a schedule: delete endpoints whose time is over, so that a forgotten one does not cost money for months, and models that
nothing uses any more (:mod:`handlers.unused_models`).

An endpoint is deleted only if the endpoint maintenance table lists it with a valid ``DeleteAfter`` in the past, and SageMaker
says that it carries this stack's tags. With it go its configuration and its model, if they have its name. Each endpoint is
handled separately.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.display import printable_line
from contracts.tables import EndpointAttribute
from contracts.times import TimeError, read_time
from handlers.environment import stack
from handlers.unused_models import delete_unused_models
from runs.endpoint_removal import remove_endpoint
from runs.endpoint_rows import EndpointRows
from runs.ownership import own_tags

LOG = logging.getLogger(__name__)
LOG.setLevel(logging.INFO)

#: The index compares ``DeleteAfter`` as text, so a time with another UTC offset can sort up to 14 hours late.
_OFFSET_MAX = timedelta(hours=14)


class CleanupError(Exception):
    """Some endpoints or models could not be deleted; the next run tries again.

    ``failures`` maps endpoints, and executions with an unused model, to the problem.
    """

    def __init__(self, deleted: list[str], failures: Mapping[str, str]) -> None:
        self.deleted = deleted
        self.failures = dict(failures)
        named = "; ".join(f"{name}: {problem}" for name, problem in failures.items())
        super().__init__(f"{len(failures)} resource{'s' if len(failures) != 1 else ''} could not be deleted: {named}")


def handle(event: Any = None, context: object = None) -> dict[str, list[str]]:
    """Return the names of what was deleted; raise after handling everything if anything could not be deleted."""
    deployed, now = stack(), datetime.now(UTC)
    rows = EndpointRows(deployed)
    due = _due(rows, now)
    own = own_tags(deployed) if due else {}
    deleted: list[str] = []
    failures: dict[str, str] = {}
    for name in due:
        try:
            if remove_endpoint(deployed, name, own):
                rows.note_deleted(name)
                deleted.append(name)
        except Exception as error:
            LOG.exception("endpoint %s could not be deleted", printable_line(name))
            failures[name] = printable_line(f"{type(error).__name__}: {error}")
            _note_failure(rows, name, failures[name])
    models, model_failures = delete_unused_models(deployed, now)
    failures |= {f"model of execution {name}": problem for name, problem in model_failures.items()}
    deleted += models
    LOG.info("endpoints and models deleted: %s; failures: %d", ", ".join(deleted) or "none", len(failures))
    if failures:
        raise CleanupError(deleted, failures)
    return {"deleted": deleted}


def _due(rows: EndpointRows, now: datetime) -> list[str]:
    """Names of the endpoints whose ``DeleteAfter`` is a valid time in the past."""
    return [str(row[EndpointAttribute.NAME]) for row in rows.in_service(now + _OFFSET_MAX) if _is_due(row, now)]


def _is_due(row: Mapping[str, Any], now: datetime) -> bool:
    try:
        return read_time(row[EndpointAttribute.DELETE_AFTER], EndpointAttribute.DELETE_AFTER) <= now
    except TimeError as error:
        LOG.warning("skipped endpoint %s: %s", printable_line(row[EndpointAttribute.NAME]), printable_line(error))
        return False


def _note_failure(rows: EndpointRows, name: str, problem: str) -> None:
    """Note on the row why the endpoint still exists. The failure may be that DynamoDB cannot be reached."""
    try:
        rows.note_failure(name, problem)
    except Exception:
        LOG.exception("the failure could not be noted on the row of endpoint %s", printable_line(name))
