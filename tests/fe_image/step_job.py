"""One run of the step as SageMaker would start it, and the cloud that it sees."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from contracts import layout
from contracts.snapshot import canonical_json
from contracts.tables import EXECUTION
from local_run.emulator.server import Emulator
from tests.fe_image.support import template_data, walk, write_csv
from tests.patience import PATIENCE_SECONDS
from tests.tables import create_table

REPOSITORY = Path(__file__).parents[2]
EXECUTOR = REPOSITORY / "fe_image/run-fe-step.py"
REGION = "eu-central-1"
ARN = f"arn:aws:sagemaker:{REGION}:123456789012:pipeline/p/execution/abc"


class Hang:
    """A middleware in which chosen operations never answer: DynamoDB's by name, S3's by method."""

    def __init__(self) -> None:
        self.operations: set[str] = set()
        self.released = threading.Event()

    @contextmanager
    def on(self, *operations: str) -> Iterator[None]:
        self.operations, self.released = set(operations), threading.Event()
        try:
            yield
        finally:
            self.operations = set()
            self.released.set()

    def wrap(self, application: Any) -> Any:
        def serve(environ: dict[str, Any], start_response: Any) -> Any:
            target = environ.get("HTTP_X_AMZ_TARGET") or environ["REQUEST_METHOD"]
            if target.split(".")[-1] in self.operations:
                self.released.wait(2 * PATIENCE_SECONDS)  # longer than any test waits for the step
            return application(environ, start_response)

        return serve


@dataclass
class Cloud:
    """An emulator with the tables and the bucket that the step uses."""

    environment: dict[str, str]
    dynamodb: Any
    s3: Any
    hang: Hang

    def item(self, execution_id: str) -> dict[str, Any]:
        return self.dynamodb.get_item(TableName=EXECUTION.name, Key={"Id": {"S": execution_id}})["Item"]


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    hang = Hang()
    with Emulator(region=REGION, middleware=hang.wrap) as emulator:
        environment = emulator.process_environment("processing")
        made = Cloud(environment, emulator.client("dynamodb"), emulator.client("s3"), hang)
        create_table(made.dynamodb, EXECUTION)
        made.s3.create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": REGION})
        yield made


@dataclass
class Job:
    """One execution's container root, item and environment."""

    cloud: Cloud
    root: Path
    execution_id: str
    environment: dict[str, str] = field(default_factory=dict)
    executor: Path = EXECUTOR

    @property
    def outputs(self) -> Path:
        return self.root / layout.OUTPUT_ROOT.lstrip("/")

    @property
    def message(self) -> str:
        return (self.root / layout.EXIT_MESSAGE_FILE.lstrip("/")).read_text()

    def variables(self) -> dict[str, str]:
        return {
            **self.cloud.environment,
            "PYTHONPATH": str(REPOSITORY),
            "EXECUTION_TABLE": EXECUTION.name,
            "MODELS_BUCKET": "models",
            "LOG_SYNC_SECONDS": "0.1",
            "TEST_QUANTILES": "[0.1, 0.5, 0.9]",
            "CONTAINER_ROOT": str(self.root),
            **self.environment,
        }

    def start(self) -> subprocess.Popen[str]:
        command = [sys.executable, str(self.executor), "--executionid", self.execution_id]
        return subprocess.Popen(command, env=self.variables(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run(self) -> tuple[int, str]:
        process = self.start()
        output, _ = process.communicate(timeout=PATIENCE_SECONDS)
        return process.returncode, output

    def log(self) -> str:
        """The log that was synced into the bucket."""
        key = layout.ExecutionLayout(self.execution_id).step_log
        return self.cloud.s3.get_object(Bucket="models", Key=key)["Body"].read().decode()

    def log_exists(self) -> bool:
        prefix = layout.ExecutionLayout(self.execution_id).step_log
        return self.cloud.s3.list_objects_v2(Bucket="models", Prefix=prefix)["KeyCount"] > 0

    def files(self) -> dict[str, bytes]:
        return {str(path.relative_to(self.outputs)): path.read_bytes() for path in self.outputs.rglob("*") if path.is_file()}


def make_job(cloud: Cloud, root: Path, execution_id: str, **template: Any) -> Job:
    panel = walk(1, rows=340)
    assets = root / layout.INPUT_ASSETS_DIR.lstrip("/")
    write_csv(assets, panel)
    versions = {
        name: {
            "Key": layout.asset_key(name),
            "VersionId": "v1",
            "Sha256": hashlib.sha256((assets / f"{name}.csv").read_bytes()).hexdigest(),
            "Size": (assets / f"{name}.csv").stat().st_size,
        }
        for name in panel.assets
    }
    snapshot = {"Template": template_data(panel, 300, **template), "Parameters": {}, "ImageUri": "", "DefinitionDigest": ""}
    put_snapshot(cloud, execution_id, {**snapshot, "Assets": versions})
    return Job(cloud, root, execution_id)


def make_slow(job: Job) -> None:
    """Give the step work for many seconds after its first line, so that a signal arrives before its end."""
    snapshot = snapshot_of(job)
    snapshot["Template"]["features"] |= {"arima": {"order": [5, 1, 5], "refit": "once"}}
    put_snapshot(job.cloud, job.execution_id, snapshot)


def put_snapshot(cloud: Cloud, execution_id: str, snapshot: dict[str, Any], **more: Any) -> None:
    item = {"Id": {"S": execution_id}, "Snapshot": {"S": canonical_json(snapshot)}, **more}
    cloud.dynamodb.put_item(TableName=EXECUTION.name, Item=item)


def snapshot_of(job: Job) -> dict[str, Any]:
    return json.loads(job.cloud.item(job.execution_id)["Snapshot"]["S"])
