"""What the tests share: a world of one emulator, small definitions, and jobs that take milliseconds."""

from __future__ import annotations

import hashlib
import io
import json
import textwrap
import threading
import uuid
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from local_run.emulator.progress import LogLine, Progress
from local_run.emulator.server import ACCOUNT_ID, Emulator
from local_run.emulator.service import LocalSageMaker
from tests.patience import PATIENCE_SECONDS

REGION = "eu-central-1"
ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/pipeline-role"
IMAGE = f"{ACCOUNT_ID}.dkr.ecr.{REGION}.amazonaws.com/features:abc"
DEEPAR_IMAGE = f"495149712605.dkr.ecr.{REGION}.amazonaws.com/forecasting-deepar:1"
BUCKET = "work"
WAIT = PATIENCE_SECONDS
E = TypeVar("E")

#: Scripts of the steps that tests wrote, by key: an entry point's arguments end at 256 characters, so code comes from S3.
SCRIPTS: dict[str, str] = {}
_HEAD = "import os, sys, json, time, signal\nfrom pathlib import Path\nML = Path(os.environ['CONTAINER_ROOT'] + '/opt/ml')\n"


class ProgressRecorder:
    """A progress callback that keeps every event."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._events: list[Progress] = []

    def __call__(self, event: Progress) -> None:
        with self._lock:
            self._events.append(event)

    def events(self) -> list[Progress]:
        with self._lock:
            return list(self._events)

    def of(self, kind: type[E]) -> list[E]:
        """The events of one type, in order."""
        return [event for event in self.events() if isinstance(event, kind)]

    def lines(self) -> list[str]:
        """What the containers printed."""
        return [event.line for event in self.of(LogLine)]


@dataclass
class World:
    """Everything a test needs of one emulator."""

    emulator: Emulator
    local: LocalSageMaker
    progress: ProgressRecorder
    trainer: Path
    _names: set[str] = field(default_factory=set)

    def client(self, service: str) -> Any:
        return self.emulator.client(service)

    def put(self, key: str, body: str) -> None:
        self.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body.encode())

    def keys(self, prefix: str) -> set[str]:
        answer = self.client("s3").list_objects_v2(Bucket=BUCKET, Prefix=prefix)
        return {item["Key"] for item in answer.get("Contents", [])}

    def read(self, key: str) -> str:
        return str(self.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read().decode())

    def pipeline(
        self,
        steps: list[dict[str, Any]],
        parameters: list[dict[str, Any]] | None = None,
        name: str = "demo",
        again: bool = False,
    ) -> str:
        """Create (or replace) a pipeline of these steps; returns its ARN."""
        for key, text in SCRIPTS.items():
            self.put(key, text)
        definition = json.dumps({"Version": "2020-12-01", "Parameters": parameters or [], "Steps": steps})
        client = self.client("sagemaker")
        if name in self._names and not again:
            return str(client.update_pipeline(PipelineName=name, PipelineDefinition=definition)["PipelineArn"])
        self._names.add(name)
        created = client.create_pipeline(
            PipelineName=name, PipelineDefinition=definition, RoleArn=ROLE, ClientRequestToken=uuid.uuid4().hex
        )
        return str(created["PipelineArn"])

    def start(self, name: str = "demo", token: str | None = None, **parameters: str) -> str:
        answer = self.client("sagemaker").start_pipeline_execution(
            PipelineName=name,
            ClientRequestToken=token or uuid.uuid4().hex,
            PipelineParameters=[{"Name": key, "Value": value} for key, value in parameters.items()],
        )
        return str(answer["PipelineExecutionArn"])

    def run(self, steps: list[dict[str, Any]], parameters: list[dict[str, Any]] | None = None, **given: str) -> str:
        """Create the pipeline, run it to its end, return the execution's ARN."""
        self.pipeline(steps, parameters)
        arn = self.start(**given)
        assert self.local.wait(arn, WAIT)
        return arn

    def describe(self, arn: str) -> dict[str, Any]:
        described: dict[str, Any] = self.client("sagemaker").describe_pipeline_execution(PipelineExecutionArn=arn)
        return described

    def steps(self, arn: str) -> dict[str, dict[str, Any]]:
        answer = self.client("sagemaker").list_pipeline_execution_steps(PipelineExecutionArn=arn)
        return {item["StepName"]: item for item in answer["PipelineExecutionSteps"]}

    def status(self, arn: str) -> str:
        return str(self.describe(arn)["PipelineExecutionStatus"])


def get(path: str) -> dict[str, str]:
    return {"Get": path}


def join(on: str, *values: Any) -> dict[str, Any]:
    return {"Std:Join": {"On": on, "Values": list(values)}}


def processing(
    name: str,
    script: str,
    *arguments: Any,
    outputs: dict[str, Any] | None = None,
    inputs: dict[str, Any] | None = None,
    environment: dict[str, Any] | None = None,
    max_runtime: int | None = None,
    **step: Any,
) -> dict[str, Any]:
    """A processing step that runs a piece of Python. ``ML`` in it is the container's /opt/ml as a Path."""
    text = _HEAD + textwrap.dedent(script)
    code = f"code/{hashlib.sha256(text.encode()).hexdigest()[:16]}/job.py"
    SCRIPTS[code] = text
    inputs = {"code": f"s3://{BUCKET}/{code}", **(inputs or {})}
    body: dict[str, Any] = {
        "AppSpecification": {
            "ImageUri": IMAGE,
            "ContainerEntrypoint": ["python3", "/opt/ml/processing/input/code/job.py"],
            **({"ContainerArguments": list(arguments)} if arguments else {}),
        },
        "ProcessingResources": {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 30}},
        "RoleArn": ROLE,
    }
    if outputs is not None:
        body["ProcessingOutputConfig"] = {"Outputs": [
            {"OutputName": key, "S3Output": {
                "S3Uri": uri, "LocalPath": f"/opt/ml/processing/output/{key}", "S3UploadMode": "EndOfJob"}}
            for key, uri in outputs.items()
        ]}  # fmt: skip
    body["ProcessingInputs"] = [
        {"InputName": key, "S3Input": {
            "S3Uri": uri, "LocalPath": f"/opt/ml/processing/input/{key}", "S3DataType": "S3Prefix", "S3InputMode": "File"}}
        for key, uri in inputs.items()
    ]  # fmt: skip
    if environment is not None:
        body["Environment"] = environment
    if max_runtime is not None:
        body["StoppingCondition"] = {"MaxRuntimeInSeconds": max_runtime}
    return {"Name": name, "Type": "Processing", "Arguments": body, **step}


def training(name: str, channels: dict[str, Any], hyperparameters: dict[str, Any], **step: Any) -> dict[str, Any]:
    return {"Name": name, "Type": "Training", **step, "Arguments": {
        "AlgorithmSpecification": {"TrainingImage": DEEPAR_IMAGE, "TrainingInputMode": "File"},
        "HyperParameters": hyperparameters,
        "InputDataConfig": [
            {"ChannelName": key, "DataSource": {"S3DataSource": {
                "S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}}}
            for key, uri in channels.items()
        ],
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/models"},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.c5.2xlarge", "VolumeSizeInGB": 30},
        "RoleArn": ROLE,
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    }}  # fmt: skip


def condition(
    name: str, conditions: list[dict[str, Any]], yes: list[Any] | None = None, no: list[Any] | None = None
) -> dict[str, Any]:
    branches = {"IfSteps": yes or [], "ElseSteps": no or []}
    return {"Name": name, "Type": "Condition", "Arguments": {"Conditions": conditions, **branches}}


def handler_zip(source: str) -> bytes:
    """A Lambda package with one module ``app``."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("app.py", textwrap.dedent(source))
    return buffer.getvalue()
