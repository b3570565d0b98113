"""The Transform step: serves the model in a process of its own, and sends each line of the input as one request.

Source: Amazon SageMaker developer guide, "Batch transform for inference with Amazon SageMaker AI".
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local_run.emulator.access import MODEL_ACTOR, PIPELINE_ACTOR
from local_run.emulator.pipelines.errors import StepFailedError
from local_run.emulator.pipelines.records.jobs import COMPLETED, JOB_STOPPING, TRANSFORM_JOB, Job
from local_run.emulator.pipelines.steps.context import StepContext
from local_run.emulator.pipelines.steps.jobrun import (
    POLL_SECONDS,
    JobLog,
    is_stopping,
    raise_stopped,
    running_container,
    running_job,
    warn_of_instances,
)
from local_run.emulator.pipelines.steps.requests import ModelServer, ServerAddress
from local_run.emulator.pipelines.steps.serving import fetch_model, serving_command, serving_environment
from local_run.emulator.pipelines.steps.transfer import download, upload
from local_run.emulator.processes import LineSink, OwnedProcess

LOG = JobLog(MODEL_ACTOR, "/aws/sagemaker/TransformJobs")
#: What the emulator supports: member of the request -> its only value.
_SUPPORTED: Mapping[str, str] = {
    "BatchStrategy": "SingleRecord",
    "TransformInput.SplitType": "Line",
    "TransformInput.CompressionType": "None",
    "TransformInput.DataSource.S3DataSource.S3DataType": "S3Prefix",
    "TransformOutput.AssembleWith": "Line",
}
#: Source: SageMaker API, CreateTransformJob.
_DEFAULT_PAYLOAD_MB = 6
_DEFAULT_TIMEOUT_SECONDS = 600


def run_transform(context: StepContext) -> None:
    """Run the step. Its properties are the job's description."""
    request = {"TransformJobName": context.resource_name, **context.resolved()}
    context.check_request("CreateTransformJob", request)
    _check_supported(request)
    container = _model_container(context, request["ModelName"])
    command = serving_command(context.services.options, container["Image"])
    job = context.services.jobs.create(TRANSFORM_JOB, context.resource_name, request)
    context.run.metadata = {"TransformJob": {"Arn": job.arn}}
    warn_of_instances(context, request["TransformResources"]["InstanceCount"])
    with running_job(context, job) as root:
        s3 = context.client("s3", MODEL_ACTOR)
        fetch_model(s3, container["ModelDataUrl"], root)
        download(s3, request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"], root / "input")
        environment = {**(container.get("Environment") or {}), **(request.get("Environment") or {})}
        with _serving(context, job, command(root), root, environment) as server:
            for path in sorted(item for item in (root / "input").rglob("*") if item.is_file()):
                _transform_file(context, job, server, path, root)
        output = request["TransformOutput"]
        upload(s3, root / "output", output["S3OutputPath"], output.get("KmsKeyId"))
        job.finish(COMPLETED)
    context.run.properties = job.described()


def _check_supported(request: Mapping[str, Any]) -> None:
    for path, supported in _SUPPORTED.items():
        found: Any = request
        for member in path.split("."):
            found = found.get(member, {}) if isinstance(found, Mapping) else {}
        if (found or "None") != supported:
            reason = f"the emulator supports only {path} {supported}, not {found or 'None'}"
            raise StepFailedError(f"ClientError: {reason}")
    for member in ("DataProcessing", "DataCaptureConfig"):
        if request.get(member):
            raise StepFailedError(f"ClientError: the emulator does not support {member} of transform jobs")


def _model_container(context: StepContext, name: str) -> Mapping[str, Any]:
    described = context.client("sagemaker", PIPELINE_ACTOR).describe_model(ModelName=name)
    container: Mapping[str, Any] = described["PrimaryContainer"]
    return container


@contextmanager
def _serving(context: StepContext, job: Job, command: Any, root: Path, environment: Mapping[str, str]) -> Iterator[ModelServer]:
    """Serve the model within the block. A stop of the execution or of the job ends the server, and so the block."""
    options = context.services.options
    variables = serving_environment(options, root, environment)

    def start(sink: LineSink) -> OwnedProcess:
        return OwnedProcess(command, variables, sink, directory=root)

    address = ServerAddress()
    request = job.request
    over = threading.Event()
    with running_container(context, job, start, address.read, LOG) as process:
        watcher = threading.Thread(target=_end_on_stop, args=(context, job, process, over), daemon=True)
        watcher.start()
        try:
            yield ModelServer(
                address.wait(process),
                content_type=request["TransformInput"].get("ContentType", "application/octet-stream"),
                accept=request["TransformOutput"].get("Accept", "application/json"),
                payload_bytes=(request.get("MaxPayloadInMB", _DEFAULT_PAYLOAD_MB)) * 1024**2,
                timeout=(request.get("ModelClientConfig") or {}).get("InvocationsTimeoutInSeconds", _DEFAULT_TIMEOUT_SECONDS),
            )
        except (OSError, StepFailedError) as error:
            if is_stopping(context, job):
                raise_stopped(context, job)
            if isinstance(error, StepFailedError):
                raise
            raise StepFailedError(f"ClientError: AlgorithmError: the model server does not answer: {error}") from error
        finally:
            over.set()
            watcher.join()


def _end_on_stop(context: StepContext, job: Job, process: OwnedProcess, over: threading.Event) -> None:
    while not over.wait(POLL_SECONDS):
        if is_stopping(context, job):
            job.status = JOB_STOPPING
            process.end(context.services.options.stop_grace_seconds)
            return


def _transform_file(context: StepContext, job: Job, server: ModelServer, path: Path, root: Path) -> None:
    """Send each line of a file, and write the answers to ``<file>.out`` in the same order."""
    relative = path.relative_to(root / "input")
    target = root / "output" / relative.parent / f"{relative.name}.out"
    target.parent.mkdir(parents=True, exist_ok=True)
    with path.open("rb") as lines, target.open("wb") as answers:
        for number, line in enumerate(lines, start=1):
            if is_stopping(context, job):
                raise_stopped(context, job)
            if line.strip():
                answers.write(server.answer(line.rstrip(b"\r\n"), f"{relative} line {number}").rstrip(b"\n") + b"\n")
