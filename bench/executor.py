"""The step as the container runs it: the executor as a process, its snapshot, and log in an emulator."""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.measured import Usage, measured
from contracts import environment as names
from contracts import layout
from contracts.snapshot import AssetVersion, canonical_json
from contracts.tables import EXECUTION, ExecutionAttribute
from local_run.emulator.server import Emulator
from pipeline_def.author.hyperparameter_defaults import DEFAULTS
from tests.tables import create_table

REPOSITORY = Path(__file__).parents[1]
_REGION, _BUCKET, _EXECUTION_ID = "eu-central-1", "models", "bench"


class ExecutorBench:
    """One execution in an emulator, to be run as often as wanted."""

    def __init__(self, emulator: Emulator, root: Path) -> None:
        self._emulator = emulator
        self._root = root

    def run(self) -> Usage:
        """The executor once, from an empty output folder on."""
        shutil.rmtree(self._root / layout.OUTPUT_ROOT.lstrip("/"), ignore_errors=True)
        environment = self._emulator.process_environment("processing") | {
            "PYTHONPATH": str(REPOSITORY),
            names.EXECUTION_TABLE: EXECUTION.name,
            names.MODELS_BUCKET: _BUCKET,
            names.CONTAINER_ROOT: str(self._root),
            names.TEST_QUANTILES: DEFAULTS["test_quantiles"],
            names.LOG_SYNC_SECONDS: "0.5",  # several syncs in a run as short as this
        }
        command = [sys.executable, str(REPOSITORY / "fe_image/run-fe-step.py"), "--executionid", _EXECUTION_ID]
        return measured(command, environment)


@contextmanager
def executor_bench(samples: Path, template: dict[str, Any], root: Path) -> Iterator[ExecutorBench]:
    """Tables, bucket, the item with its snapshot, and the assets where SageMaker would lay them."""
    assets = root / layout.INPUT_ASSETS_DIR.lstrip("/")
    shutil.copytree(samples, assets)
    with Emulator(region=_REGION) as emulator:
        dynamodb = emulator.client("dynamodb")
        create_table(dynamodb, EXECUTION)
        emulator.client("s3").create_bucket(Bucket=_BUCKET, CreateBucketConfiguration={"LocationConstraint": _REGION})
        versions = {asset: _version(asset, assets / f"{asset}.csv") for asset in template["baseAssets"]}
        snapshot = {"Template": template, "Parameters": {}, "Assets": versions}
        item = {ExecutionAttribute.ID: {"S": _EXECUTION_ID}, ExecutionAttribute.SNAPSHOT: {"S": canonical_json(snapshot)}}
        dynamodb.put_item(TableName=EXECUTION.name, Item=item)
        yield ExecutorBench(emulator, root)


def _version(asset: str, path: Path) -> AssetVersion:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return {"Key": layout.asset_key(asset), "VersionId": "v1", "Sha256": digest, "Size": len(content)}
