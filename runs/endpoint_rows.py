"""The rows of the endpoint maintenance table, by which the clean-up finds the endpoints that are due."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from boto3.dynamodb.conditions import Attr, Key

from contracts.display import storable
from contracts.tables import ENDPOINT_DELETED, ENDPOINT_IN_SERVICE, ENDPOINT_STATUS_INDEX, EndpointAttribute
from contracts.times import to_iso
from runs.pages import all_items
from runs.stack import Stack

Row = dict[str, Any]


class EndpointRows:
    """The endpoint maintenance table of one stack."""

    def __init__(self, stack: Stack) -> None:
        self._table = stack.dynamodb.Table(stack.outputs.endpoint_table)

    def create(self, name: str, values: Mapping[str, str]) -> None:
        """Store the row of an endpoint that is about to be created; a name is never used twice."""
        row = {EndpointAttribute.NAME: name, EndpointAttribute.STATUS: ENDPOINT_IN_SERVICE, **values}
        self._table.put_item(Item=row, ConditionExpression=Attr(EndpointAttribute.NAME).not_exists())

    def get(self, name: str) -> Row | None:
        """Return an endpoint's row, read consistently, or None."""
        row: Row | None = self._table.get_item(Key={EndpointAttribute.NAME: name}, ConsistentRead=True).get("Item")
        return row

    def in_service(self, until: datetime | None = None) -> Iterator[Row]:
        """Yield the rows of endpoints that exist or may exist, by the time of their deletion; with ``until``, those before it.

        The index compares times as text, so one that another program stored with another UTC offset is sorted by its digits.
        """
        condition = Key(ENDPOINT_STATUS_INDEX.hash_key).eq(ENDPOINT_IN_SERVICE)
        if until is not None:
            condition &= Key(str(ENDPOINT_STATUS_INDEX.range_key)).lte(to_iso(until))
        yield from all_items(self._table, "query", IndexName=ENDPOINT_STATUS_INDEX.name, KeyConditionExpression=condition)

    def note_deleted(self, name: str, problem: str = "") -> None:
        """Note that the endpoint is deleted; ``problem`` says why it was never used."""
        now = to_iso(datetime.now(UTC))
        changes = {EndpointAttribute.STATUS: ENDPOINT_DELETED, EndpointAttribute.DELETED_AT: now}
        self._note(name, {**changes, EndpointAttribute.PROBLEM: problem})

    def note_failure(self, name: str, problem: str) -> None:
        """Note why the endpoint could not be deleted now."""
        self._note(name, {EndpointAttribute.PROBLEM: problem, EndpointAttribute.TRIED_AT: to_iso(datetime.now(UTC))})

    def _note(self, name: str, values: Mapping[str, str]) -> None:
        attributes = list(values)
        self._table.update_item(
            Key={EndpointAttribute.NAME: name},
            UpdateExpression="SET " + ", ".join(f"#a{place} = :v{place}" for place in range(len(attributes))),
            ExpressionAttributeNames={f"#a{place}": attribute for place, attribute in enumerate(attributes)},
            ExpressionAttributeValues={f":v{place}": storable(values[attribute]) for place, attribute in enumerate(attributes)},
        )
