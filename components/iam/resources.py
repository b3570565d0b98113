"""ARNs that statements name, each a function of a stack's names."""

from __future__ import annotations

from collections.abc import Sequence

from components.iam.statement import Resources
from components.names import ALARM_TOPIC, DEAD_LETTERS, MODEL_PACKAGES, REPOSITORY, Names
from contracts import tables
from contracts.layout import ASSETS_PREFIX, EXECUTIONS_PREFIX
from contracts.regions import DEEPAR_ACCOUNTS, DEEPAR_REPOSITORY

_RUN = f"{EXECUTIONS_PREFIX}/*"


def _bucket(noun: str, *keys: str) -> Resources:
    """A bucket, or the objects in it that match the keys."""
    return lambda names: [names.bucket_arn(noun, key) for key in keys or ("",)]


def _table(table: tables.Table, index: tables.Index | None = None) -> Resources:
    suffix = f"/index/{index.name}" if index else ""
    return lambda names: [names.arn("dynamodb", f"table/{names.table(table)}{suffix}")]


def _sagemaker(*patterns: str) -> Resources:
    """SageMaker writes names in ARNs in lower case, and calls what a pipeline creates ``pipelines-<execution>-<step>-…``."""
    return lambda names: [
        names.sagemaker(
            pattern.format(pipeline=names.pipeline, forecast=names.forecast_pipeline, group=names.of(MODEL_PACKAGES))
        )
        for pattern in patterns
    ]


def _role(actor: str) -> Resources:
    return lambda names: [names.role(actor)]


def _log_streams(*groups: str) -> Resources:
    return lambda names: [names.arn("logs", f"log-group:{group.format(prefix=names.prefix)}:*") for group in groups]


def own_logs(handler: str) -> Resources:
    """The streams of a handler's own log group."""
    return lambda names: [names.arn("logs", f"log-group:{names.log_group(handler)}:*")]


def every_resource(_: Names) -> Sequence[str]:
    """Only for actions that AWS does not let a policy restrict to a resource."""
    return ["*"]


def key(names: Names) -> Sequence[str]:
    """The stack's key, if it has one of its own choice."""
    return [names.key_arn] if names.key_arn else []


def subnets(names: Names) -> Sequence[str]:
    """The subnets of the stack's VPC; none without a VPC."""
    return [names.arn("ec2", f"subnet/{id_}") for id_ in names.subnet_ids]


def security_groups(names: Names) -> Sequence[str]:
    """The security groups of the jobs; none without a VPC."""
    return [names.arn("ec2", f"security-group/{id_}") for id_ in names.security_group_ids]


def network_interfaces(names: Names) -> Sequence[str]:
    """All network interfaces of the account: SageMaker's get their ids only when they are created."""
    return [names.arn("ec2", "network-interface/*")]


def repository(names: Names) -> Sequence[str]:
    """The repository of our image."""
    return [names.arn("ecr", f"repository/{names.of(REPOSITORY)}")]


def deepar_repository(names: Names) -> Sequence[str]:
    """AWS's repository of the built-in algorithm, which is in another account."""
    return [names.arn("ecr", f"repository/{DEEPAR_REPOSITORY}", account=DEEPAR_ACCOUNTS[names.region])]


def dead_letters(names: Names) -> Sequence[str]:
    """The dead-letter queue."""
    return [names.queue(DEAD_LETTERS)]


def alarm_topic(names: Names) -> Sequence[str]:
    """The topic of alarms and notices."""
    return [names.topic(ALARM_TOPIC)]


assets_bucket = _bucket("assets")
asset_objects = _bucket("assets", f"{ASSETS_PREFIX}/*")
models_bucket = _bucket("models")
execution_objects = _bucket("models", _RUN)
evaluation_objects = _bucket("models", f"{_RUN}/evaluation/*")
report_objects = _bucket("models", f"{_RUN}/evaluation/*", f"{_RUN}/forecast/*")
evaluation_manifests = _bucket("models", f"{_RUN}/evaluation-manifest.json")
training_manifests = _bucket("models", f"{_RUN}/manifest.json", f"{_RUN}/evaluation-manifest.json")
evaluation_logs = _bucket("models", f"{_RUN}/logs/evaluation.log")
evaluated_objects = _bucket(
    "models", f"{_RUN}/requests/*", f"{_RUN}/backtest/*", f"{_RUN}/evaluation/*", f"{_RUN}/manifest.json"
)
model_templates = _bucket("models", f"{_RUN}/evaluation/template.json")
fitted_objects = _bucket("models", f"{_RUN}/evaluation/*")
prepared_objects = _bucket("models", f"{_RUN}/requests/*", f"{_RUN}/manifest.json")
prepare_logs = _bucket("models", f"{_RUN}/logs/prepare.log")
published_inputs = _bucket("models", f"{_RUN}/requests/*", f"{_RUN}/samples/*", f"{_RUN}/evaluation/*")
published_objects = _bucket("models", f"{_RUN}/forecast/*", f"{_RUN}/publish-manifest.json")
publish_logs = _bucket("models", f"{_RUN}/logs/publish.log")
request_lines = _bucket("models", f"{_RUN}/requests/lines/*")
answers = _bucket("models", f"{_RUN}/backtest/*", f"{_RUN}/samples/*")
channel_objects = _bucket("models", f"{_RUN}/train/*", f"{_RUN}/test/*")
model_objects = _bucket("models", f"{_RUN}/model/*")
pipeline_bucket = _bucket("pipeline")
executor_objects = _bucket("pipeline", "code/*")

prediction_table = _table(tables.PREDICTION)
asset_table = _table(tables.ASSET_METADATA)
template_table = _table(tables.TRAINING_TEMPLATE)
execution_table = _table(tables.EXECUTION)
execution_index = _table(tables.EXECUTION, tables.PIPELINE_EXECUTION_INDEX)
event_table = _table(tables.EXECUTION_EVENT)
endpoint_table = _table(tables.ENDPOINT_MAINTENANCE)
endpoint_index = _table(tables.ENDPOINT_MAINTENANCE, tables.ENDPOINT_STATUS_INDEX)

training_pipeline = _sagemaker("pipeline/{pipeline}")
forecast_pipeline = _sagemaker("pipeline/{forecast}")
pipelines = _sagemaker("pipeline/{pipeline}", "pipeline/{forecast}")
pipeline_executions = _sagemaker("pipeline/{pipeline}/execution/*", "pipeline/{forecast}/execution/*")
processing_jobs = _sagemaker("processing-job/pipelines-*")
training_jobs = _sagemaker("training-job/pipelines-*")
transform_jobs = _sagemaker("transform-job/pipelines-*")
models = _sagemaker("model/pipelines-*")
model_package_group = _sagemaker("model-package-group/{group}")
model_packages = _sagemaker("model-package/{group}/*")
#: What ``runs endpoint up`` creates: the pipeline's name and a word of its own, so that a stack ``dev`` has no
#: rights to what belongs to ``dev-2``.
endpoints = _sagemaker("endpoint/{pipeline}-ep-*")
endpoint_parts = _sagemaker("endpoint/{pipeline}-ep-*", "endpoint-config/{pipeline}-ep-*", "model/{pipeline}-ep-*")

processing_role = _role("processing")
evaluation_role = _role("evaluation")
prepare_role = _role("prepare")
publish_role = _role("publish")
training_role = _role("training")
model_role = _role("model")
processing_logs = _log_streams("/aws/sagemaker/ProcessingJobs")
training_logs = _log_streams("/aws/sagemaker/TrainingJobs")
job_logs = _log_streams(*(f"/aws/sagemaker/{kind}Jobs" for kind in ("Processing", "Training", "Transform")))
inference_logs = _log_streams("/aws/sagemaker/Endpoints/{prefix}-*", "/aws/sagemaker/TransformJobs")
