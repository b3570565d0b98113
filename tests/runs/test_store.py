"""Nothing that is written to an execution item is ever lost."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from contracts.snapshot import Snapshot
from contracts.status import CREATED, EXECUTING, FAILED, SUCCEEDED
from contracts.tables import ExecutionAttribute, StepKey
from runs.history import Change, fold
from runs.stack import Stack
from runs.store import ExecutionStore

SNAPSHOT: Snapshot = {"Template": {"a": 0.1}, "Parameters": {}, "ImageUri": "i", "DefinitionDigest": "d", "Assets": {}}
T = "2026-01-01T00:00:{:02d}.000+00:00"
ARN = "arn:aws:sagemaker:eu-central-1:123456789012:pipeline/pipe/execution/abc"


def test_create_is_conditional_and_returns_what_stands(store: ExecutionStore) -> None:
    assert store.create("e1", SNAPSHOT, "t", "runs") is None
    standing = store.create("e1", {**SNAPSHOT, "ImageUri": "other"}, "t", "runs")
    assert standing is not None
    assert (standing[ExecutionAttribute.STATUS], '"ImageUri":"i"' in standing[ExecutionAttribute.SNAPSHOT]) == (CREATED, True)


def test_an_item_is_tied_to_one_pipeline_execution_only(store: ExecutionStore) -> None:
    store.create("e1", SNAPSHOT, "t", "runs")
    assert store.attach("e1", ARN)
    assert store.attach("e1", ARN)
    assert not store.attach("e1", ARN + "d")
    assert not store.attach("nobody", ARN)
    assert store.get("nobody") is None


def test_a_started_item_is_not_discarded(store: ExecutionStore) -> None:
    store.create("e1", SNAPSHOT, "t", "runs")
    store.create("e2", SNAPSHOT, "t", "runs")
    store.attach("e1", ARN)
    store.discard("e1")
    store.discard("e2")
    assert store.get("e1") is not None
    assert store.get("e2") is None


def test_a_hundred_concurrent_duplicates_are_one_row_and_one_transition(store: ExecutionStore) -> None:
    store.create("e1", SNAPSHOT, "t", "runs")
    change = Change(T.format(1), EXECUTING)
    with ThreadPoolExecutor(8) as pool:
        states = list(pool.map(lambda _: store.record("e1", change), range(100)))
    assert {state.status for state in states} == {EXECUTING}
    assert store.changes("e1") == [change]
    item = store.get("e1")
    assert item is not None
    assert item[ExecutionAttribute.VERSION] == 1


def test_concurrent_changes_all_end_up_in_the_item(store: ExecutionStore) -> None:
    store.create("e1", SNAPSHOT, "t", "runs")
    changes = [Change(T.format(1), EXECUTING), Change(T.format(9), SUCCEEDED, EXECUTING)]
    for number, step in enumerate("abcd", 2):
        changes += [Change(T.format(number), EXECUTING, step=step), Change(T.format(8), SUCCEEDED, EXECUTING, step=step)]
    barrier = threading.Barrier(len(changes))

    def record(change: Change) -> None:
        barrier.wait(10)
        store.record("e1", change)

    with ThreadPoolExecutor(len(changes)) as pool:
        list(pool.map(record, changes))
    item = store.get("e1")
    assert item is not None
    assert item[ExecutionAttribute.STATUS] == fold(changes).status == SUCCEEDED
    steps = item[ExecutionAttribute.STEPS]
    assert {name: step[StepKey.STATUS] for name, step in steps.items()} == dict.fromkeys("abcd", SUCCEEDED)


def test_a_log_that_is_synced_meanwhile_is_kept(store: ExecutionStore, stack: Stack) -> None:
    store.create("e1", SNAPSHOT, "t", "runs")
    stack.dynamodb.Table(stack.outputs.execution_table).update_item(
        Key={"Id": "e1"}, UpdateExpression="SET LogTail = :log", ExpressionAttributeValues={":log": "line"}
    )
    store.record("e1", Change(T.format(1), FAILED, EXECUTING, reason="why"))
    item = store.get("e1")
    assert item is not None
    assert (item[ExecutionAttribute.LOG_TAIL], item[ExecutionAttribute.FAILURE_REASON]) == ("line", "why")


def test_a_crash_between_the_two_writes_leaves_neither(store: ExecutionStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.create("e1", SNAPSHOT, "t", "runs")

    def refused(**_: object) -> None:
        error = {"Error": {"Code": "ProvisionedThroughputExceededException", "Message": "slow"}}
        raise ClientError(error, "TransactWriteItems")

    with monkeypatch.context() as patched:
        patched.setattr(store._client, "transact_write_items", refused)
        with pytest.raises(ClientError):
            store.record("e1", Change(T.format(1), EXECUTING))
    item = store.get("e1")
    assert item is not None
    assert (store.changes("e1"), item[ExecutionAttribute.STATUS]) == ([], CREATED)


def test_a_change_of_an_unknown_execution_is_raised(store: ExecutionStore) -> None:
    with pytest.raises(LookupError, match="nobody"):
        store.record("nobody", Change(T.format(1), EXECUTING))


def test_the_list_holds_every_execution_newest_first(store: ExecutionStore) -> None:
    for number in range(3):
        store.create(f"e{number}", SNAPSHOT, "t", "runs")
    assert [item["Id"] for item in store.all()] == ["e2", "e1", "e0"]
