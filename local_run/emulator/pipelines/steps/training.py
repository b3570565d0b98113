"""The Training step: writes channels and hyperparameters, runs the algorithm, and uploads its model to S3."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from contracts.environment import CONTAINER_ROOT
from contracts.layout import ML_ROOT
from local_run.deepar.tarballs import pack_folder
from local_run.emulator.access import TRAINING_ACTOR
from local_run.emulator.options import Command, Options, repository_of
from local_run.emulator.pipelines.errors import StepFailedError
from local_run.emulator.pipelines.records.jobs import COMPLETED, JOB_FAILED, TRAINING_JOB, Job
from local_run.emulator.pipelines.records.state import now
from local_run.emulator.pipelines.steps.context import StepContext
from local_run.emulator.pipelines.steps.jobrun import JobLog, failure_text, run_container, running_job, warn_of_instances
from local_run.emulator.pipelines.steps.metrics import BUILT_IN_METRICS, MetricReader, epoch_in
from local_run.emulator.pipelines.steps.transfer import download, split_s3_uri, upload_file, write_json
from local_run.emulator.processes import LineSink, OwnedProcess, inherited_environment
from local_run.emulator.progress import EpochFinished

LOG = JobLog(TRAINING_ACTOR, "/aws/sagemaker/TrainingJobs")


def run_training(context: StepContext) -> None:
    """Run the step. Its properties are the job's description."""
    request = {"TrainingJobName": context.resource_name, **context.resolved()}
    context.check_request("CreateTrainingJob", request)
    command = _command(context.services.options, request["AlgorithmSpecification"].get("TrainingImage", ""))
    definitions = request["AlgorithmSpecification"].get("MetricDefinitions") or BUILT_IN_METRICS
    job = context.services.jobs.create(TRAINING_JOB, context.resource_name, request)
    context.run.metadata = {"TrainingJob": {"Arn": job.arn}}
    warn_of_instances(context, request["ResourceConfig"].get("InstanceCount", 1))
    with running_job(context, job) as root:
        ml = Path(f"{root}{ML_ROOT}")
        job.enter("Downloading")
        _prepare(context, request, ml)
        job.enter("Training")
        code = run_container(
            context,
            job,
            lambda sink: _start(context, command, root, sink),
            lambda line: _read_metrics(context, job, MetricReader.of(definitions), line),
            LOG,
        )
        _raise_on_failure(job, code, failure_text(ml / "output" / "failure"))
        context.raise_if_stopped()
        job.enter("Uploading")
        job.model_artifacts = _send_model(context, request, ml)
        job.finish(COMPLETED)
    context.run.properties = job.described()


def _command(options: Options, image: str) -> Command:
    """Return the command for a training image, found by its repository's name."""
    command = options.training_commands.get(repository_of(image))
    if command is None:
        known = ", ".join(options.training_commands)
        raise StepFailedError(f"ClientError: no stand-in for the training image {image!r}; known repositories: {known}")
    return command


def _prepare(context: StepContext, request: Mapping[str, Any], ml: Path) -> None:
    """Create ``/opt/ml`` according to the container contract of training."""
    for folder in ("model", "output/data", "input/data"):
        (ml / folder).mkdir(parents=True, exist_ok=True)
    configuration = ml / "input" / "config"
    write_json(configuration / "hyperparameters.json", request.get("HyperParameters") or {})
    hosts = {"current_host": "algo-1", "hosts": ["algo-1"], "network_interface_name": "lo"}
    write_json(configuration / "resourceconfig.json", hosts)
    channels = {}
    for item in request.get("InputDataConfig") or ():
        source = item["DataSource"].get("S3DataSource")
        if source is None or source.get("S3DataType") != "S3Prefix" or item.get("CompressionType", "None") != "None":
            raise StepFailedError(
                f"ClientError: channel {item['ChannelName']!r}: the emulator supports only an uncompressed S3Prefix"
            )
        download(context.client("s3", TRAINING_ACTOR), source["S3Uri"], ml / "input" / "data" / item["ChannelName"])
        channels[item["ChannelName"]] = {
            "ContentType": item.get("ContentType"),
            "TrainingInputMode": item.get("InputMode", "File"),
            "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
            "RecordWrapperType": item.get("RecordWrapperType", "None"),
        }
    write_json(configuration / "inputdataconfig.json", channels)


def _start(context: StepContext, command: Command, root: Path, sink: LineSink) -> OwnedProcess:
    options = context.services.options
    environment = {
        **inherited_environment(),
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(options.repository),
        **context.services.aws.environment(TRAINING_ACTOR),
        **options.job_environment,
        CONTAINER_ROOT: str(root),
    }
    return OwnedProcess(command(Path(f"{root}{ML_ROOT}")), environment, sink, directory=root)


def _read_metrics(context: StepContext, job: Job, reader: MetricReader, line: str) -> None:
    for name, value in reader.read(line):
        with job.lock:
            job.metrics[name] = (value, now())
    ended = epoch_in(line)
    if ended is not None:
        epochs = (job.request.get("HyperParameters") or {}).get("epochs", "")
        total = int(epochs) if epochs.isdigit() else None
        context.services.report(EpochFinished(context.execution.arn, context.run.step.name, ended[0], total, ended[1]))


def _raise_on_failure(job: Job, code: int, message: str) -> None:
    if code != 0:
        known = message.startswith(("AlgorithmError:", "ClientError:"))
        reason = f"{message if known else f'AlgorithmError: {message}'}, exit code: {code}"
        job.finish(JOB_FAILED, reason)
        raise StepFailedError(reason if known else f"ClientError: {reason}")


def _send_model(context: StepContext, request: Mapping[str, Any], ml: Path) -> str:
    """Pack and upload the model and the files in ``output/data``. Returns the model artefact's S3 URI."""
    output = request["OutputDataConfig"]
    bucket, prefix = split_s3_uri(f"{output['S3OutputPath'].rstrip('/')}/{context.resource_name}/output")
    s3 = context.client("s3", TRAINING_ACTOR)
    for folder, name in ((ml / "model", "model.tar.gz"), (ml / "output" / "data", "output.tar.gz")):
        if name == "model.tar.gz" or any(folder.iterdir()):
            archive = ml / name
            upload_file(s3, pack_folder(folder, archive), bucket, f"{prefix}/{name}", output.get("KmsKeyId"))
    return f"s3://{bucket}/{prefix}/model.tar.gz"
