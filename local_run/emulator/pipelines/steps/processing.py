"""The Processing step: inputs from S3, the container, outputs to S3 once it has succeeded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from contracts.layout import EXIT_MESSAGE_FILE
from local_run.emulator.access import PROCESSING_ACTOR, role_actor
from local_run.emulator.pipelines.errors import StepFailedError
from local_run.emulator.pipelines.records.jobs import COMPLETED, JOB_FAILED, PROCESSING_JOB, Job
from local_run.emulator.pipelines.steps.container import ContainerJob, joined_command
from local_run.emulator.pipelines.steps.context import StepContext
from local_run.emulator.pipelines.steps.jobrun import JobLog, failure_text, run_container, running_job, warn_of_instances
from local_run.emulator.pipelines.steps.transfer import download, local_path, upload, write_json

LOG_GROUP = "/aws/sagemaker/ProcessingJobs"


def run_processing(context: StepContext) -> None:
    """Run the step. Its properties are the job's description."""
    request = {"ProcessingJobName": context.resource_name, **context.resolved()}
    context.check_request("CreateProcessingJob", request)
    job = context.services.jobs.create(PROCESSING_JOB, context.resource_name, request)
    context.run.metadata = {"ProcessingJob": {"Arn": job.arn}}
    actor = role_actor(request["RoleArn"], PROCESSING_ACTOR)
    warn_of_instances(context, request["ProcessingResources"]["ClusterConfig"]["InstanceCount"])
    with running_job(context, job) as root:
        _fetch_inputs(context.client("s3", actor), request, root)
        _write_configuration(request, job, root)
        code = run_container(
            context,
            job,
            lambda sink: context.services.backend.start(_container(context, request, root, actor), sink),
            lambda _line: None,
            JobLog(actor, LOG_GROUP),
        )
        _raise_on_failure(job, code, failure_text(Path(f"{root}{EXIT_MESSAGE_FILE}")))
        context.raise_if_stopped()
        _send_outputs(context.client("s3", actor), request, root)
        job.finish(COMPLETED, exit_message=failure_text(Path(f"{root}{EXIT_MESSAGE_FILE}")) or None)
    context.run.properties = job.described()


def _container(context: StepContext, request: dict[str, Any], root: Path, actor: str) -> ContainerJob:
    application = request["AppSpecification"]
    return ContainerJob(
        name=context.resource_name,
        image=application["ImageUri"],
        command=joined_command(application.get("ContainerEntrypoint"), application.get("ContainerArguments")),
        root=root,
        environment={**context.services.options.job_environment, **(request.get("Environment") or {})},
        aws_environment=context.services.aws.environment(actor),
    )


def _fetch_inputs(s3: Any, request: dict[str, Any], root: Path) -> None:
    for item in request.get("ProcessingInputs") or ():
        source = item.get("S3Input")
        if source is None:
            raise StepFailedError(f"ClientError: input {item['InputName']!r}: the emulator supports only S3Input")
        wanted = {"S3DataType": "S3Prefix", "S3InputMode": "File", "S3CompressionType": "None"}
        if any(source.get(name, value) != value for name, value in wanted.items()):
            supported = "the emulator supports only an uncompressed S3Prefix in File mode"
            raise StepFailedError(f"ClientError: input {item['InputName']!r}: {supported}")
        download(s3, source["S3Uri"], local_path(root, source["LocalPath"]))
    for item in _outputs(request):
        local_path(root, item["S3Output"]["LocalPath"]).mkdir(parents=True, exist_ok=True)
    Path(f"{root}{EXIT_MESSAGE_FILE}").parent.mkdir(parents=True, exist_ok=True)


def _write_configuration(request: dict[str, Any], job: Job, root: Path) -> None:
    """Write the two configuration files that SageMaker provides to every processing container."""
    folder = local_path(root, "/opt/ml/config")
    write_json(folder / "processingjobconfig.json", {**request, "ProcessingJobArn": job.arn})
    write_json(folder / "resourceconfig.json", {"current_host": "algo-1", "hosts": ["algo-1"]})


def _raise_on_failure(job: Job, code: int, message: str) -> None:
    if code != 0:
        reason = f"AlgorithmError: {message or 'See job logs for more information'}, exit code: {code}"
        job.finish(JOB_FAILED, reason, exit_message=message or None)
        raise StepFailedError(f"ClientError: {reason}")


def _send_outputs(s3: Any, request: dict[str, Any], root: Path) -> None:
    key = (request.get("ProcessingOutputConfig") or {}).get("KmsKeyId")
    for item in _outputs(request):
        target = item["S3Output"]
        upload(s3, local_path(root, target["LocalPath"]), target["S3Uri"], key)


def _outputs(request: dict[str, Any]) -> list[dict[str, Any]]:
    outputs: list[dict[str, Any]] = (request.get("ProcessingOutputConfig") or {}).get("Outputs") or []
    return outputs
