"""Execution items and their event rows in DynamoDB. Every write is conditional, so concurrent writers lose nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from boto3.dynamodb.conditions import Attr, Key
from botocore.exceptions import ClientError

from contracts.display import storable
from contracts.snapshot import Snapshot, digest, to_attribute
from contracts.status import CREATED, TRAINING
from contracts.tables import PIPELINE_EXECUTION_INDEX, EventAttribute, ExecutionAttribute, StepKey
from contracts.times import to_iso
from runs.history import Change, ExecutionState, StepState, fold
from runs.pages import all_items
from runs.stack import Stack

Item = dict[str, Any]
EVENT_LIFE = timedelta(days=400)
_PROJECTION_TRIES = 20
#: What is left of a deleted execution. With its status and outcome, the reconciler finds it complete.
_KEPT = (
    ExecutionAttribute.ID,
    ExecutionAttribute.PIPELINE_EXECUTION_ARN,
    ExecutionAttribute.TEMPLATE_ID,
    ExecutionAttribute.KIND,
    ExecutionAttribute.CREATED_AT,
    ExecutionAttribute.STATUS,
    ExecutionAttribute.STATUS_AT,
    ExecutionAttribute.OUTCOME,
    ExecutionAttribute.ATTEMPT,
    ExecutionAttribute.VERSION,
)


class ContendedError(Exception):
    """Other writers were faster every time. Raise it so that the event is delivered again."""


class ExecutionStore:
    """The execution table and the event table of one stack."""

    def __init__(self, dynamodb: Any, execution_table: str, event_table: str) -> None:
        self._client = dynamodb.meta.client
        self._items = dynamodb.Table(execution_table)
        self._events = dynamodb.Table(event_table)

    def get(self, execution_id: str) -> Item | None:
        """Return an execution's item, read consistently, or None."""
        answer = self._items.get_item(Key={ExecutionAttribute.ID: execution_id}, ConsistentRead=True)
        item: Item | None = answer.get("Item")
        return item

    def find(self, pipeline_execution_arn: str) -> Item | None:
        """Return the item of a pipeline execution, by the index. The index may lag: None does not mean that no item exists."""
        answer = self._items.query(
            IndexName=PIPELINE_EXECUTION_INDEX.name,
            KeyConditionExpression=Key(PIPELINE_EXECUTION_INDEX.hash_key).eq(pipeline_execution_arn),
        )
        return self.get(answer["Items"][0][ExecutionAttribute.ID]) if answer["Items"] else None

    def all(self, *more: str) -> list[Item]:
        """Return every execution that was not deleted, newest first: identity and state.

        ``more`` are further attributes, of :class:`ExecutionAttribute`.
        """
        identity = ("ID", "KIND", "TEMPLATE_ID", "ORIGIN", "PIPELINE_EXECUTION_ARN", "CREATED_AT")
        state = ("STATUS", "STATUS_AT", "OUTCOME", "GATE_METRIC", "GATE_THRESHOLD", "GATE_BASELINE")
        attributes = [getattr(ExecutionAttribute, name) for name in (*identity, *state)] + list(more)
        items = all_items(
            self._items,
            "scan",
            FilterExpression="attribute_not_exists(#deleted)",
            ProjectionExpression=", ".join(f"#a{number}" for number in range(len(attributes))),
            ExpressionAttributeNames={
                "#deleted": ExecutionAttribute.DELETED_AT,
                **{f"#a{number}": name for number, name in enumerate(attributes)},
            },
        )
        return sorted(items, key=lambda item: str(item.get(ExecutionAttribute.CREATED_AT, "")), reverse=True)

    def create(
        self,
        execution_id: str,
        snapshot: Snapshot,
        template_id: str,
        origin: str,
        kind: str = TRAINING,
        champion: str | None = None,
    ) -> Item | None:
        """Create an item. Returns the existing item if the id is taken, or None if this one is new.

        ``champion`` is no part of the snapshot: the same start after another approval is still the same start.
        """
        known = {ExecutionAttribute.CHAMPION: champion} if champion else {}
        return self._create(
            known
            | {
                ExecutionAttribute.ID: execution_id,
                ExecutionAttribute.KIND: kind,
                ExecutionAttribute.TEMPLATE_ID: template_id,
                ExecutionAttribute.ORIGIN: origin,
                ExecutionAttribute.SNAPSHOT: to_attribute(snapshot),
                ExecutionAttribute.SNAPSHOT_DIGEST: digest(snapshot),
            }
        )

    def create_external(self, execution_id: str, pipeline_execution_arn: str) -> Item | None:
        """Create the item of an execution that was started elsewhere: its ARN is known, its snapshot is not."""
        return self._create(
            {
                ExecutionAttribute.ID: execution_id,
                ExecutionAttribute.ORIGIN: "external",
                ExecutionAttribute.PIPELINE_EXECUTION_ARN: pipeline_execution_arn,
            }
        )

    def _create(self, attributes: Item) -> Item | None:
        now = to_iso(datetime.now(UTC))
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
        """Store the pipeline execution's ARN on an item. Returns False if the item has another one."""
        arn = Attr(ExecutionAttribute.PIPELINE_EXECUTION_ARN)
        return self._update(
            execution_id,
            {ExecutionAttribute.PIPELINE_EXECUTION_ARN: pipeline_execution_arn},
            Attr(ExecutionAttribute.ID).exists() & (arn.not_exists() | arn.eq(pipeline_execution_arn)),
        )

    def discard(self, execution_id: str) -> None:
        """Delete an item whose start was refused. An item that was started stays."""
        try:
            self._items.delete_item(
                Key={ExecutionAttribute.ID: execution_id},
                ConditionExpression=Attr(ExecutionAttribute.PIPELINE_EXECUTION_ARN).not_exists(),
            )
        except ClientError as error:
            if not _is_condition(error):
                raise

    def delete(self, execution_id: str) -> None:
        """Delete an execution's events, and all of its item but a mark that late events and a start with its id meet."""
        same_execution = Key(EventAttribute.EXECUTION_ID).eq(execution_id)
        with self._events.batch_writer() as batch:
            for row in all_items(self._events, "query", KeyConditionExpression=same_execution):
                batch.delete_item(Key={name: row[name] for name in (EventAttribute.EXECUTION_ID, EventAttribute.EVENT_KEY)})
        item = self.get(execution_id)
        if item is None:
            return
        kept = {name: item[name] for name in _KEPT if name in item}
        deleted_at = {ExecutionAttribute.DELETED_AT: item.get(ExecutionAttribute.DELETED_AT) or to_iso(datetime.now(UTC))}
        self._items.put_item(Item={**kept, **deleted_at}, ConditionExpression=Attr(ExecutionAttribute.ID).exists())

    def conclude(self, execution_id: str, attempt: int, attributes: Mapping[str, Any]) -> bool:
        """Add the results of an ended attempt. Returns False if another attempt has started meanwhile."""
        return self._update(execution_id, attributes, Attr(ExecutionAttribute.ATTEMPT).eq(attempt))

    def note_problems(self, execution_id: str, problems: Sequence[str]) -> bool:
        """Replace the notes of what could not be read about an execution. Returns False if it has no item."""
        return self._update(execution_id, {ExecutionAttribute.PROBLEMS: list(problems)}, Attr(ExecutionAttribute.ID).exists())

    def note_unused_model(self, execution_id: str, *, deleted_at: str = "", problem: str = "") -> bool:
        """Note when an execution's unused model was deleted, or why it could not be. Returns False without an item."""
        values = {
            ExecutionAttribute.MODEL_DELETED_AT: deleted_at,
            ExecutionAttribute.MODEL_PROBLEM: problem,
        }
        return self._update(execution_id, values, Attr(ExecutionAttribute.ID).exists())

    def changes(self, execution_id: str) -> list[Change]:
        """Return every recorded change of an execution, read consistently."""
        same_execution = Key(EventAttribute.EXECUTION_ID).eq(execution_id)
        rows = all_items(self._events, "query", KeyConditionExpression=same_execution, ConsistentRead=True)
        return [Change(**json.loads(row[EventAttribute.DETAIL])) for row in rows]

    def record(self, execution_id: str, change: Change) -> ExecutionState:
        """Append a change and update the item, both or neither. A known change changes nothing.

        The item's version is read before the rows, because a writer that appends a row after that also writes a later version.
        """
        change = _storable(change)
        for _ in range(_PROJECTION_TRIES):
            item = self.get(execution_id)
            if item is None:
                raise LookupError(f"no execution item {execution_id!r} to record a change of")
            if ExecutionAttribute.DELETED_AT in item:
                return ExecutionState(
                    status=str(item[ExecutionAttribute.STATUS]), attempt=int(item[ExecutionAttribute.ATTEMPT])
                )
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
        expression, names, typed = _set_expression({name: _storable_value(value) for name, value in values.items()})
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


def execution_store(stack: Stack) -> ExecutionStore:
    """Return the store of a stack's executions."""
    return ExecutionStore(stack.dynamodb, stack.outputs.execution_table, stack.outputs.event_table)


def _storable(change: Change) -> Change:
    return Change(**{name: storable(text) for name, text in asdict(change).items()})


def _storable_value(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    return [_storable_value(entry) for entry in value] if isinstance(value, list) else value


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
    """Return an update's SET expression, names and values. Their prefixes differ from boto3's ``#n0`` and ``:v0``."""
    pairs = ", ".join(f"#set{number} = :set{number}" for number in range(len(values)))
    names = {f"#set{number}": name for number, name in enumerate(values)}
    typed = {f":set{number}": value for number, value in enumerate(values.values())}
    return f"SET {pairs}", names, typed


def _is_condition(error: ClientError) -> bool:
    return str(error.response["Error"]["Code"]) == "ConditionalCheckFailedException"
