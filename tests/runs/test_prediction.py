"""Request lines for an endpoint: what is no request, and stored lines that are gone or are not what the forecast wrote."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from contracts.backtest import INDEX_FILE
from contracts.layout import ExecutionLayout
from contracts.manifest import entry, manifest_bytes
from contracts.status import FORECAST, PUBLISHED
from contracts.tables import ENDPOINT_MAINTENANCE, EndpointAttribute, ExecutionAttribute
from runs import cli_endpoints
from runs.cli import app
from runs.endpoint_rows import EndpointRows
from runs.stack import Stack
from runs.store import execution_store
from tests.fake_sagemaker import FakeSageMaker
from tests.runs.registry import PACKAGE, register_model
from tests.tables import create_table

ENDPOINT = "pipe-v1-abcdef"
LAYOUT = ExecutionLayout("next")
LINES = "requests/lines/0000.jsonl"
LINE: dict[str, Any] = {"start": "2020-01-01 00:00:00", "target": [1.0, 2.0], "cat": [0]}
CONTENT = json.dumps(LINE).encode()
START_ONE = f"start one: `runs forecast daily --model {PACKAGE}`, or give request lines: --request"


@pytest.fixture(autouse=True)
def forecast(stack: Stack, sagemaker: FakeSageMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """An endpoint in service, and a published forecast with its model."""
    register_model(stack, sagemaker)
    create_table(stack.dynamodb.meta.client, replace(ENDPOINT_MAINTENANCE, name="endpoints"))
    EndpointRows(stack).create(ENDPOINT, {EndpointAttribute.MODEL_PACKAGE_ARN: PACKAGE, "DeleteAfter": "2030-01-01T00:00:00Z"})
    monkeypatch.setattr(sagemaker, "describe_endpoint", lambda **_: {"EndpointStatus": "InService"}, raising=False)
    monkeypatch.setattr(cli_endpoints.Stack, "load", lambda path=None: stack)
    snapshot: Any = {"Template": {}, "Parameters": {}, "Assets": {}, "Model": {"PackageArn": PACKAGE}}
    execution_store(stack).create("next", snapshot, "daily", "runs", kind=FORECAST)
    stack.dynamodb.Table(stack.outputs.execution_table).update_item(
        Key={ExecutionAttribute.ID: "next"},
        UpdateExpression="SET Outcome = :outcome",
        ExpressionAttributeValues={":outcome": PUBLISHED},
    )
    put(stack, LAYOUT.manifest, manifest_bytes("next", {LINES: entry(CONTENT)}))
    put(stack, f"{LAYOUT.requests}/{INDEX_FILE}", json.dumps({"files": {"0000.jsonl": []}}).encode())
    put(stack, f"{LAYOUT.prefix}/{LINES}", CONTENT)


def put(stack: Stack, key: str, body: bytes) -> None:
    stack.s3.put_object(Bucket="models", Key=key, Body=body)


def predict(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["predict", ENDPOINT, *arguments])


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"cat": []}, "cat is []; the model knows 0 to 0: AAPL"),
        ({"cat": [1]}, "cat is 1; the model knows 0 to 0: AAPL"),
        ({"start": "9999-12-25"}, "its forecast ends after the year 9999"),
        ({"start": 5}, "fromisoformat"),
    ],
)
def test_a_line_that_is_no_request_is_one_message(tmp_path: Path, changes: dict[str, Any], problem: str) -> None:
    file = tmp_path / "lines.jsonl"
    file.write_text(json.dumps(LINE | changes))
    done = predict("--request", str(file))
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("predict: 1 problem\n")
    assert problem in done.stderr


@pytest.mark.parametrize("key", [LAYOUT.manifest, f"{LAYOUT.requests}/{INDEX_FILE}", f"{LAYOUT.prefix}/{LINES}"])
def test_a_forecast_whose_objects_have_expired_says_what_to_start(stack: Stack, key: str) -> None:
    stack.s3.delete_object(Bucket="models", Key=key)
    expired = f"s3://models/{key} is missing; the objects of forecast next have expired; {START_ONE}"
    assert predict().stderr == f"predict: 1 problem\n  - {expired}\n"


@pytest.mark.parametrize(
    ("key", "body", "problem"),
    [
        (LAYOUT.manifest, b"{", "it was changed"),
        (LAYOUT.manifest, b"\xff", "it was changed"),
        (LAYOUT.manifest, b'{"version": 0}', "'not a manifest of version 1'; it was changed"),
        (LAYOUT.manifest, manifest_bytes("next", {}), "the manifest has no such file"),
        (f"{LAYOUT.requests}/{INDEX_FILE}", b"[]", "'not an index of request lines'; it was changed"),
        (f"{LAYOUT.requests}/{INDEX_FILE}", b'{"files": 1}', "'not an index of request lines'; it was changed"),
        (f"{LAYOUT.prefix}/{LINES}", b"{}", f"the manifest has {entry(CONTENT)['sha256']}"),
    ],
)
def test_stored_lines_that_are_not_what_the_forecast_wrote_are_one_message(
    stack: Stack, key: str, body: bytes, problem: str
) -> None:
    put(stack, key, body)
    done = predict()
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("predict: 1 problem\n  - s3://models/executions/next/")
    assert f"{problem}; {START_ONE}" in done.stderr
