"""The Lambda functions, one row each: the module, what calls it, what it may do, and which exports it reads.

To add a scheduled handler: write ``handlers/<name>.py``, add a row here, and test it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from components.iam import resources
from components.iam.statement import Resources, Statement, always
from settings import Settings

RECONCILE_MINUTES = 15
#: EventBridge Scheduler replaces this word with the time at which the call was due.
SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"


def _slot(template_id: str) -> Mapping[str, str]:
    """The event of a handler that starts an execution. The due time makes two calls for the same time one execution."""
    return {"scheduledTime": SCHEDULED_TIME, "templateId": template_id}


@dataclass(frozen=True)
class Schedule:
    """When EventBridge Scheduler calls a handler, and with which event."""

    #: A schedule expression; empty if the settings ask for none.
    expression: Callable[[Settings], str]
    event: Callable[[Settings], Mapping[str, str]] = lambda _: {}


@dataclass(frozen=True)
class Handler:
    """One function. ``outputs`` are the fields of :class:`contracts.outputs.StackOutputs` that it reads."""

    name: str
    purpose: str
    #: None: the event rule calls it.
    schedule: Schedule | None
    outputs: tuple[str, ...]
    statements: tuple[Statement, ...]

    @property
    def module(self) -> str:
        """Name of its module in ``handlers/``."""
        return self.name.replace("-", "_")


_OBSERVED = (
    "pipeline_name",
    "pipeline_arn",
    "forecast_pipeline_name",
    "forecast_pipeline_arn",
    "models_bucket",
    "execution_table",
    "event_table",
)
_OBSERVE = (
    Statement(
        "KeepExecutions",
        ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
        (resources.execution_table,),
        "Updates the execution's item, and creates one for an execution that was started elsewhere",
    ),
    Statement(
        "FindExecution", ("dynamodb:Query",), (resources.execution_index,), "Finds the item by the pipeline execution's ARN"
    ),
    Statement(
        "AppendEvents",
        ("dynamodb:PutItem", "dynamodb:Query"),
        (resources.event_table,),
        "Appends the change and reads all changes",
    ),
    Statement(
        "ReadExecution",
        ("sagemaker:ListPipelineExecutionSteps", "sagemaker:ListPipelineParametersForExecution"),
        (resources.pipeline_executions,),
        "Reads the ExecutionId, the steps and the registered model",
    ),
    Statement(
        "ReadOutputs",
        ("s3:GetObject", "s3:GetObjectVersion"),
        (resources.execution_objects,),
        "Reads the gate's figures and compares the outputs of both processing steps with their manifests",
    ),
)

#: What ``runs.models`` needs to find the newest approved model of a template.
_FIND_MODEL = (
    Statement(
        "FindModel",
        ("sagemaker:ListModelPackages",),
        (resources.model_packages,),
        "Looks through the approved versions of the group",
    ),
    Statement(
        "ReadModel",
        ("sagemaker:DescribeModelPackage",),
        (resources.model_packages,),
        "Reads which execution trained a version, and where its files are",
    ),
    Statement(
        "ReadModelTemplate",
        ("s3:GetObject",),
        (resources.model_templates,),
        "Reads which template a version was trained with",
    ),
)

EXECUTION_EVENTS = Handler(
    "execution-events", "The function that the event rule calls", schedule=None, outputs=_OBSERVED, statements=_OBSERVE
)

RECONCILE = Handler(
    "reconcile",
    "The function that repairs what a lost event left behind",
    Schedule(lambda _: f"rate({RECONCILE_MINUTES} minutes)"),
    outputs=_OBSERVED,
    statements=(
        *_OBSERVE,
        Statement(
            "ListExecutions", ("sagemaker:ListPipelineExecutions",), (resources.pipelines,), "Lists the pipeline's executions"
        ),
        Statement(
            "DescribeExecution",
            ("sagemaker:DescribePipelineExecution",),
            (resources.pipeline_executions,),
            "Reads an execution's status",
        ),
    ),
)

#: Of every handler that starts an execution.
_START = (
    Statement(
        "ReadAssetVersions",
        ("s3:GetObject", "s3:GetObjectVersion"),
        (resources.asset_objects,),
        "Freezes each asset's version and digest in the snapshot",
    ),
    Statement(
        "ReadAssetMetadata",
        ("dynamodb:GetItem",),
        (resources.asset_table,),
        "Rejects what the stored prices cannot serve before a job is paid for, and reports files stored by other means",
    ),
    Statement(
        "TellMissing",
        ("s3:ListBucket",),
        (resources.assets_bucket, resources.models_bucket),
        "Without it S3 answers 403 instead of 404 for a missing object",
    ),
    *_FIND_MODEL,
    Statement(
        "CreateExecution",
        ("dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
        (resources.execution_table,),
        "Creates the execution's item, and deletes it if SageMaker rejects the start",
    ),
)
_START_OUTPUTS = (
    "pipeline_name",
    "pipeline_arn",
    "assets_bucket",
    "models_bucket",
    "model_package_group",
    "asset_table",
    "execution_table",
    "event_table",
)


def _start_of(pipeline: Resources) -> tuple[Statement, ...]:
    return (
        Statement(
            "ReadDefinition", ("sagemaker:DescribePipeline",), (pipeline,), "Freezes image and definition in the snapshot"
        ),
        Statement("StartPipeline", ("sagemaker:StartPipelineExecution",), (pipeline,), "Starts the pipeline"),
        *_START,
    )


SCHEDULED_START = Handler(
    "scheduled-start",
    "The function that the retraining schedule calls",
    Schedule(lambda settings: settings.retraining_schedule, lambda settings: _slot(settings.retraining_template)),
    outputs=(*_START_OUTPUTS, "template_table"),
    statements=(
        Statement("ReadTemplate", ("dynamodb:GetItem",), (resources.template_table,), "Reads the template that is started"),
        *_start_of(resources.training_pipeline),
    ),
)

FORECAST_START = Handler(
    "forecast-start",
    "The function that the forecast schedule calls",
    Schedule(lambda settings: settings.forecast_schedule, lambda settings: _slot(settings.forecast_template)),
    outputs=(*_START_OUTPUTS, "forecast_pipeline_name"),
    statements=_start_of(resources.forecast_pipeline),
)

ENDPOINT_CLEANUP = Handler(
    "endpoint-cleanup",
    "The function that deletes endpoints whose time is over, and models that nothing uses any more",
    Schedule(lambda _: "rate(1 hour)"),
    outputs=(
        "pipeline_name",
        "pipeline_arn",
        "forecast_pipeline_name",
        "execution_table",
        "event_table",
        "endpoint_table",
    ),
    statements=(
        Statement("FindExpired", ("dynamodb:Query",), (resources.endpoint_index,), "Finds the endpoints that are due"),
        Statement("NoteDeleted", ("dynamodb:UpdateItem",), (resources.endpoint_table,), "Records that an endpoint is deleted"),
        Statement(
            "ReadOwnership",
            (
                "sagemaker:DescribeEndpoint",
                "sagemaker:DescribeEndpointConfig",
                "sagemaker:DescribeModel",
                "sagemaker:ListTags",
            ),
            (resources.endpoint_parts,),
            "Deletes only endpoints, configurations and models that carry this stack's tags",
        ),
        Statement(
            "ReadOwnTags", ("sagemaker:ListTags",), (resources.training_pipeline,), "Reads this stack's tags from its pipeline"
        ),
        Statement(
            "ListExecutions",
            ("sagemaker:ListPipelineExecutions",),
            (resources.pipelines,),
            "Lists the executions that ended lately",
        ),
        Statement(
            "FindExecution", ("dynamodb:Query",), (resources.execution_index,), "Finds the item by the pipeline execution's ARN"
        ),
        Statement(
            "NoteUnusedModel",
            ("dynamodb:GetItem", "dynamodb:UpdateItem"),
            (resources.execution_table,),
            "Reads an execution's outcome and model, and records that the model is deleted",
        ),
        Statement(
            "DeleteUnusedModel",
            ("sagemaker:DeleteModel", "sagemaker:ListTags"),
            (resources.models,),
            "Deletes only models that carry this stack's tags",
        ),
        Statement(
            "DeleteEndpoint",
            ("sagemaker:DeleteEndpoint", "sagemaker:DeleteEndpointConfig", "sagemaker:DeleteModel"),
            (resources.endpoint_parts,),
            "Deletes endpoints named after this stack, with their configurations and models",
        ),
    ),
)

DRIFT_CHECK = Handler(
    "drift-check",
    "The function that compares published forecasts with each template's drift rule",
    Schedule(lambda _: "rate(1 hour)"),
    outputs=(*_START_OUTPUTS, "template_table", "prediction_table", "alarm_topic_arn"),
    statements=(
        Statement(
            "ReadTemplates",
            ("dynamodb:GetItem", "dynamodb:Scan"),
            (resources.template_table,),
            "Finds the templates with a drift rule, and reads the one that is retrained",
        ),
        Statement(
            "ReadForecasts",
            ("dynamodb:Query",),
            (resources.prediction_table,),
            "Reads the losses of a template's forecasts",
        ),
        Statement(
            "KeepEpisode",
            ("dynamodb:GetItem", "dynamodb:PutItem"),
            (resources.prediction_table,),
            "Records since when a template's forecasts have drifted, so that there is one notice",
            # An episode's key is the template's id. Forecasts have the asset behind it, after a slash.
            always({"ForAllValues:StringNotLike": {"dynamodb:LeadingKeys": ["*/*"]}}),
        ),
        Statement("SendNotice", ("sns:Publish",), (resources.alarm_topic,), "Sends one notice per episode of drift"),
        Statement(
            "FindTrainings",
            ("dynamodb:Scan",),
            (resources.execution_table,),
            "Starts no training while another one of the template is running",
        ),
        *_start_of(resources.training_pipeline),
    ),
)

HANDLERS = (EXECUTION_EVENTS, RECONCILE, SCHEDULED_START, FORECAST_START, DRIFT_CHECK, ENDPOINT_CLEANUP)
