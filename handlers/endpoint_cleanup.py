"""On a schedule: delete endpoints whose time is over, so that a forgotten one does not cost money for months, and models that
nothing uses any more (:mod:`handlers.unused_models`).

An endpoint is deleted only if the endpoint maintenance table lists it with a valid ``DeleteAfter`` in the past, and SageMaker
says that it carries this stack's tags. Each endpoint is handled separately.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from boto3.dynamodb.conditions import Key
from botocore.exceptions import ClientError

from contracts.display import printable_line, storable
from contracts.tables import ENDPOINT_MAINTENANCE, ENDPOINT_STATUS_INDEX
from contracts.times import TimeError, read_time, to_iso
from handlers.environment import stack
from handlers.ownership import is_gone, own_tags, owner_tags
from handlers.unused_models import delete_unused_models
from runs.pages import all_items
from runs.stack import Stack

LOG = logging.getLogger(__name__)
LOG.setLevel(logging.INFO)

IN_SERVICE = "InService"
DELETED = "Deleted"
#: The index compares ``DeleteAfter`` as text, so a time with another UTC offset can sort up to 14 hours late.
_OFFSET_MAX = timedelta(hours=14)
_NAME = ENDPOINT_MAINTENANCE.hash_key
_DELETE_AFTER = str(ENDPOINT_STATUS_INDEX.range_key)


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
    due = _due(deployed, now)
    own = own_tags(deployed) if due else {}
    deleted: list[str] = []
    failures: dict[str, str] = {}
    for name in due:
        try:
            if _delete(deployed, name, own):
                deleted.append(name)
        except Exception as error:
            LOG.exception("endpoint %s could not be deleted", printable_line(name))
            failures[name] = printable_line(f"{type(error).__name__}: {error}")
            _note_failure(deployed, name, failures[name])
    models, model_failures = delete_unused_models(deployed, now)
    failures |= {f"model of execution {name}": problem for name, problem in model_failures.items()}
    deleted += models
    LOG.info("endpoints and models deleted: %s; failures: %d", ", ".join(deleted) or "none", len(failures))
    if failures:
        raise CleanupError(deleted, failures)
    return {"deleted": deleted}


def _due(deployed: Stack, now: datetime) -> list[str]:
    """Names of the endpoints whose ``DeleteAfter`` is a valid time in the past."""
    in_service = Key(ENDPOINT_STATUS_INDEX.hash_key).eq(IN_SERVICE) & Key(_DELETE_AFTER).lte(to_iso(now + _OFFSET_MAX))
    rows = all_items(_table(deployed), "query", IndexName=ENDPOINT_STATUS_INDEX.name, KeyConditionExpression=in_service)
    return [str(row[_NAME]) for row in rows if _is_due(row, now)]


def _is_due(row: Mapping[str, Any], now: datetime) -> bool:
    try:
        return read_time(row[_DELETE_AFTER], _DELETE_AFTER) <= now
    except TimeError as error:
        LOG.warning("skipped endpoint %s: %s", printable_line(row[_NAME]), printable_line(error))
        return False


def _delete(deployed: Stack, name: str, own: Mapping[str, str]) -> bool:
    """Delete the endpoint if it is ours and note that. If it no longer exists, only note that. False: skipped."""
    try:
        arn = str(deployed.sagemaker.describe_endpoint(EndpointName=name)["EndpointArn"])
        tags = owner_tags(deployed, arn)
        if tags != own:
            LOG.warning("skipped endpoint %s: its tags are %s; expected this stack's %s", printable_line(name), tags, own)
            return False
        deployed.sagemaker.delete_endpoint(EndpointName=name)
    except ClientError as error:
        if not is_gone(error):
            raise
        LOG.info("endpoint %s no longer exists", printable_line(name))
    _note(deployed, name, {ENDPOINT_STATUS_INDEX.hash_key: DELETED, "DeletedAt": to_iso(datetime.now(UTC)), "Problem": ""})
    return True


def _note_failure(deployed: Stack, name: str, problem: str) -> None:
    """Note on the row why the endpoint still exists. The failure may be that DynamoDB cannot be reached."""
    try:
        _note(deployed, name, {"Problem": problem, "TriedAt": to_iso(datetime.now(UTC))})
    except Exception:
        LOG.exception("the failure could not be noted on the row of endpoint %s", printable_line(name))


def _note(deployed: Stack, name: str, values: Mapping[str, str]) -> None:
    attributes = list(values)
    _table(deployed).update_item(
        Key={_NAME: name},
        UpdateExpression="SET " + ", ".join(f"#a{place} = :v{place}" for place in range(len(attributes))),
        ExpressionAttributeNames={f"#a{place}": attribute for place, attribute in enumerate(attributes)},
        ExpressionAttributeValues={f":v{place}": storable(values[attribute]) for place, attribute in enumerate(attributes)},
    )


def _table(deployed: Stack) -> Any:
    return deployed.dynamodb.Table(deployed.outputs.endpoint_table)
