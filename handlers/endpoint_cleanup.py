"""On a schedule: deletes endpoints whose time is over, so that a forgotten one does not cost for months.

Only endpoints that stand in the endpoint maintenance table with a ``DeleteAfter`` are touched.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

from boto3.dynamodb.conditions import Key
from botocore.exceptions import ClientError

from contracts.tables import ENDPOINT_MAINTENANCE, ENDPOINT_STATUS_INDEX
from handlers.environment import stack
from runs.history import iso
from runs.pages import all_items
from runs.stack import Stack

LOG = logging.getLogger(__name__)
LOG.setLevel(logging.INFO)

IN_SERVICE = "InService"
DELETED = "Deleted"


def handle(event: Any = None, context: object = None) -> dict[str, list[str]]:
    """Returns the names of the endpoints that were deleted."""
    deleted = [name for name in _expired(stack(), datetime.now(UTC)) if _delete(stack(), name)]
    LOG.info("endpoints deleted: %s", ", ".join(deleted) or "none was due")
    return {"deleted": deleted}


def _expired(deployed: Stack, now: datetime) -> list[str]:
    table = deployed.dynamodb.Table(deployed.outputs.endpoint_table)
    due = Key(ENDPOINT_STATUS_INDEX.hash_key).eq(IN_SERVICE) & Key(str(ENDPOINT_STATUS_INDEX.range_key)).lte(iso(now))
    items = all_items(table.query, IndexName=ENDPOINT_STATUS_INDEX.name, KeyConditionExpression=due)
    return [str(item[ENDPOINT_MAINTENANCE.hash_key]) for item in items]


def _delete(deployed: Stack, name: str) -> bool:
    """Delete the endpoint and note it; one that is gone already is only noted."""
    try:
        deployed.sagemaker.delete_endpoint(EndpointName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationException" or "Could not find" not in str(error):
            raise
        LOG.info("endpoint %s was gone already", name)
    deployed.dynamodb.Table(deployed.outputs.endpoint_table).update_item(
        Key={ENDPOINT_MAINTENANCE.hash_key: name},
        UpdateExpression="SET #status = :deleted, DeletedAt = :now",
        ExpressionAttributeNames={"#status": ENDPOINT_STATUS_INDEX.hash_key},
        ExpressionAttributeValues={":deleted": DELETED, ":now": iso(datetime.now(UTC))},
    )
    return True
