"""One execution on a real account, on a stack that is deployed already. Opt-in: it costs money (see docs/emulator.md)."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from contracts.layout import ExecutionLayout
from contracts.status import SUCCEEDED, is_terminal
from contracts.tables import ExecutionAttribute
from runs import begin
from runs.stack import Stack
from runs.store import execution_store

OUTPUTS, TEMPLATE = os.environ.get("SMOKE_STACK_OUTPUTS", ""), os.environ.get("SMOKE_TEMPLATE", "demo")
LIMIT_SECONDS, PAUSE_SECONDS = 3600, 15

pytestmark = pytest.mark.skipif(not OUTPUTS, reason="set SMOKE_STACK_OUTPUTS to a deployed stack's outputs to run it on AWS")


def test_an_execution_succeeds_and_leaves_its_files() -> None:
    stack = Stack.load(Path(OUTPUTS))
    started = begin.start(stack, TEMPLATE, overrides={"epochs": "1"})
    store, deadline = execution_store(stack), time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < deadline:
        item = store.get(started.execution_id)
        assert item is not None
        if is_terminal(item[ExecutionAttribute.STATUS]):
            break
        time.sleep(PAUSE_SECONDS)
    assert item[ExecutionAttribute.STATUS] == SUCCEEDED, item.get(ExecutionAttribute.FAILURE_REASON)
    layout = ExecutionLayout(started.execution_id)
    for key in (layout.train_json, layout.test_json, layout.features_csv, layout.gate_json, layout.manifest):
        stack.s3.head_object(Bucket=stack.outputs.models_bucket, Key=key)
