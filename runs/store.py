"""Execution items and their event rows in DynamoDB: every write is conditional, so that none is ever lost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from boto3.dynamodb.conditions import Attr, Key
from botocore.exceptions import ClientError

from contracts.snapshot import Snapshot, digest, to_attribute
from contracts.status import CREATED
from contracts.tables import PIPELINE_EXECUTION_INDEX, EventAttribute, ExecutionAttribute, StepKey
from runs.history import Change, ExecutionState, StepState, fold, iso
from runs.pages import all_items

Item = dict[str, Any]
EVENT_LIFE = timedelta(days=400)
_PROJECTION_TRIES = 20


class ContendedError(Exception):
    """Other writers were faster every time; the event's delivery is to be tried again."""


class ExecutionStore:
    """The execution table and the event table of one stack."""

    def __init__(self, dynamodb: Any, execution_table: str, event_table: str) -> None:
        self._client = dynamodb.meta.client
        self._items = dynamodb.Table(execution_table)
        self._events = dynamodb.Table(event_table)

    def get(self, execution_id: str) -> Item | None:
        answer = self._items.get_item(Key={ExecutionAttribute.ID: execution_id}, ConsistentRead=True)
        item: Item | None = answer.get("Item")
        return item

    def find(self, pipeline_execution_arn: str) -> Item | None:
        """By the index, which may lag behind: no answer does not mean that there is no item."""
        answer = self._items.query(
            IndexName=PIPELINE_EXECUTION_INDEX.name,
            KeyConditionExpression=Key(PIPELINE_EXECUTION_INDEX.hash_key).eq(pipeline_execution_arn),
        )
        return self.get(answer["Items"][0][ExecutionAttribute.ID]) if answer["Items"] else None

    def all(self) -> list[Item]:
        """Every execution, newest first, without the log and the snapshot."""
        names = ("ID", "TEMPLATE_ID", "STATUS", "STATUS_AT", "CREATED_AT", "OUTCOME", "ORIGIN", "PIPELINE_EXECUTION_ARN")
        attributes = [getattr(ExecutionAttribute, name) for name in names]
        items = all_items(
            self._items.scan,
            ProjectionExpression=", ".join(f"#a{number}" for number in range(len(attributes))),
            ExpressionAttributeNames={f"#a{number}": name for number, name in enumerate(attributes)},
        )
        return sorted(items, key=lambda item: str(item.get(ExecutionAttribute.CREATED_AT, "")), reverse=True)

    def create(self, execution_id: str, snapshot: Snapshot, template_id: str, origin: str) -> Item | None:
        """Put a new item; returns the one that stands there already, or None when this one is new."""
        return self._create(
            {
                ExecutionAttribute.ID: execution_id,
                ExecutionAttribute.TEMPLATE_ID: template_id,
                ExecutionAttribute.ORIGIN: origin,
                ExecutionAttribute.SNAPSHOT: to_attribute(snapshot),
                ExecutionAttribute.SNAPSHOT_DIGEST: digest(snapshot),
            }
        )

    def create_external(self, execution_id: str, pipeline_execution_arn: str) -> Item | None:
        """An item for an execution of our pipeline that was started elsewhere: no snapshot, its ARN known at once."""
        return self._create(
            {
                ExecutionAttribute.ID: execution_id,
                ExecutionAttribute.ORIGIN: "external",
                ExecutionAttribute.PIPELINE_EXECUTION_ARN: pipeline_execution_arn,
            }
        )

    def _create(self, attributes: Item) -> Item | None:
        now = iso(datetime.now(UTC))
        item = {
            ExecutionAttribute.STATUS: CREATED,
            ExecutionAttribute.STATUS_AT: now,
            ExecutionAttribute.CREATED_AT: now,
            ExecutionAttribute.ATTEMPT: 1,
            ExecutionAttribute.STEPS: {},
            ExecutionAttribute.VERSION: 0,
        } | attributes
        try:
            self._items.put_item(Item=item, ConditionExpression=Attr(ExecutionAttribute.ID).not_exists())
        except ClientError as error:
            if not _is_condition(error):
                raise
            return self.get(attributes[ExecutionAttribute.ID])
        return None

    def attach(self, execution_id: str, pipeline_execution_arn: str) -> bool:
        """Tie an item to its pipeline execution; False where it belongs to another one already."""
        arn = Attr(ExecutionAttribute.PIPELINE_EXECUTION_ARN)
        return self._update(
            execution_id,
            {ExecutionAttribute.PIPELINE_EXECUTION_ARN: pipeline_execution_arn},
            Attr(ExecutionAttribute.ID).exists() & (arn.not_exists() | arn.eq(pipeline_execution_arn)),
        )

    def discard(self, execution_id: str) -> None:
        """Take back an item whose start was refused; one that was started stays."""
        try:
            self._items.delete_item(
                Key={ExecutionAttribute.ID: execution_id},
                ConditionExpression=Attr(ExecutionAttribute.PIPELINE_EXECUTION_ARN).not_exists(),
            )
        except ClientError as error:
            if not _is_condition(error):
                raise

    def conclude(self, execution_id: str, attempt: int, attributes: Mapping[str, Any]) -> bool:
        """Add what was found out once the attempt had ended; False when another attempt runs by now."""
        return self._update(execution_id, attributes, Attr(ExecutionAttribute.ATTEMPT).eq(attempt))

    def changes(self, execution_id: str) -> list[Change]:
        """Every change recorded of an execution, read consistently."""
        of_execution = Key(EventAttribute.EXECUTION_ID).eq(execution_id)
        rows = all_items(self._events.query, KeyConditionExpression=of_execution, ConsistentRead=True)
        return [Change(**json.loads(row[EventAttribute.DETAIL])) for row in rows]

    def record(self, execution_id: str, change: Change) -> ExecutionState:
        """Append a change and bring the item up to date, both or neither. A change known already changes nothing.

        The item's version is read before the rows: whoever appends a row after that also writes a later version.
        """
        for _ in range(_PROJECTION_TRIES):
            item = self.get(execution_id)
            if item is None:
                raise LookupError(f"no execution item {execution_id!r} to record a change of")
            known = self.changes(execution_id)
            state = fold([*known, change])
            if change.key in {row.key for row in known}:
                return state
            if self._append(execution_id, change, state, int(item.get(ExecutionAttribute.VERSION, 0))):
                return state
        raise ContendedError(f"execution {execution_id}: {_PROJECTION_TRIES} writers in a row were faster")

    def _append(self, execution_id: str, change: Change, state: ExecutionState, version: int) -> bool:
        values = _attributes(state) | {ExecutionAttribute.VERSION: version + 1}
        expression, names, typed = _set_expression(values)
        names["#version"] = ExecutionAttribute.VERSION
        typed[":version"] = version
        update = {
            "TableName": self._items.name,
            "Key": {ExecutionAttribute.ID: execution_id},
            "UpdateExpression": expression,
            "ConditionExpression": "#version = :version",
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": typed,
        }
        row = {
            "TableName": self._events.name,
            "Item": _event_row(execution_id, change),
            "ConditionExpression": "attribute_not_exists(#key)",
            "ExpressionAttributeNames": {"#key": EventAttribute.EVENT_KEY},
        }
        try:
            self._client.transact_write_items(TransactItems=[{"Put": row}, {"Update": update}])
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("TransactionCanceledException", "TransactionConflictException"):
                raise
            return False
        return True

    def _update(self, execution_id: str, values: Mapping[str, Any], condition: Any) -> bool:
        expression, names, typed = _set_expression(values)
        try:
            self._items.update_item(
                Key={ExecutionAttribute.ID: execution_id},
                UpdateExpression=expression,
                ConditionExpression=condition,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=typed,
            )
        except ClientError as error:
            if not _is_condition(error):
                raise
            return False
        return True


def _attributes(state: ExecutionState) -> Item:
    return {
        ExecutionAttribute.STATUS: state.status,
        ExecutionAttribute.STATUS_AT: state.status_at,
        ExecutionAttribute.ATTEMPT: state.attempt,
        ExecutionAttribute.FAILURE_REASON: state.reason,
        ExecutionAttribute.STEPS: {name: _step_record(step) for name, step in state.steps.items()},
    }


def _step_record(step: StepState) -> Item:
    record = {
        StepKey.STATUS: step.status,
        StepKey.ATTEMPT: step.attempt,
        StepKey.STATUS_AT: step.status_at,
        StepKey.STARTED_AT: step.started_at,
        StepKey.ENDED_AT: step.ended_at,
        StepKey.JOB_ARN: step.job_arn,
        StepKey.FAILURE_REASON: step.reason,
    }
    return {key: value for key, value in record.items() if value != ""}


def _event_row(execution_id: str, change: Change) -> Item:
    expires = int((change.moment + EVENT_LIFE).timestamp())
    return {
        EventAttribute.EXECUTION_ID: execution_id,
        EventAttribute.EVENT_KEY: change.key,
        EventAttribute.KIND: change.kind,
        EventAttribute.STEP: change.step,
        EventAttribute.PREVIOUS: change.previous,
        EventAttribute.STATUS: change.status,
        EventAttribute.TIME: change.time,
        EventAttribute.EXPIRES_AT: expires,
        EventAttribute.DETAIL: json.dumps(asdict(change)),
    }


def _set_expression(values: Mapping[str, Any]) -> tuple[str, dict[str, str], Item]:
    """An update's SET expression, its names and its values; boto3's conditions number theirs ``#n0`` and ``:v0``."""
    pairs = ", ".join(f"#set{number} = :set{number}" for number in range(len(values)))
    names = {f"#set{number}": name for number, name in enumerate(values)}
    typed = {f":set{number}": value for number, value in enumerate(values.values())}
    return f"SET {pairs}", names, typed


def _is_condition(error: ClientError) -> bool:
    return str(error.response["Error"]["Code"]) == "ConditionalCheckFailedException"
