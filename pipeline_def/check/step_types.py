"""Everything this project knows about the step types that its pipelines use: one row per type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from contracts import environment, model_metadata
from contracts.backtest import INFERENCE_CONFIG_VARIABLE
from contracts.hyperparameters import HYPERPARAMETERS

COST = "cost"
DATA = "data contract"
SECURITY = "security"
MODEL = "model"

STEP_ERRORS = ("Step.SERVICE_FAULT", "Step.THROTTLING")
JOB_ERRORS = ("SageMaker.JOB_INTERNAL_ERROR", "SageMaker.CAPACITY_ERROR", "SageMaker.RESOURCE_LIMIT")

# Reasons for required members. SageMaker's service rejects some requests that botocore's model accepts.
_SERVICE = "SageMaker rejects the step without it"
_LIMIT = "without it the job has no time limit that the project sets"
_ISOLATION = "jobs and models are isolated and encrypted"
_TAGS = "jobs and models carry the project's tags"
_CONTAINER = "the container needs it"
_REGISTRY = "readers of the model registry need it"
_BACKTEST = "the guide to DeepAR's batch transform sets it"
_SERVING = "it decides how the registered model can be served"


@dataclass(frozen=True)
class StepType:
    """One step type.

    ``operation`` is the API call that receives the step's arguments, ``generated`` the arguments that SageMaker adds, and
    ``description`` the call whose answer provides the step's properties; ``properties`` lists them for a type without one.
    ``required`` maps each required member of the arguments to the reason (``[]`` means every item of a list,
    ``a/b`` that one of two members is enough).
    ``sections`` maps an optional section of the template to the members that belong to it: all are present, or none is.
    ``retry_errors`` are the errors that a retry policy may name. ``added`` and ``removed`` are the effects of one step more
    or less, as (kind, text); ``colour`` is the fill colour in the graph.
    """

    name: str
    operation: str | None = None
    generated: tuple[str, ...] = ()
    description: str | None = None
    properties: tuple[str, ...] = ()
    required: Mapping[str, str] = field(default_factory=dict)
    sections: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    retry_errors: tuple[str, ...] = ()
    cacheable: bool = False
    property_files: bool = False
    makes_model: bool = False
    registers_model: bool = False
    added: tuple[tuple[str, str], ...] = ()
    removed: tuple[tuple[str, str], ...] = ()
    colour: str = "#f3f4f6"


def _needed(reason: str, *members: str) -> dict[str, str]:
    return dict.fromkeys(members, reason)


_PROCESSING = StepType(
    name="Processing",
    operation="CreateProcessingJob",
    generated=("ProcessingJobName",),
    description="DescribeProcessingJob",
    required={
        **_needed(
            _SERVICE,
            "RoleArn",
            "AppSpecification.ImageUri",
            "ProcessingResources.ClusterConfig.InstanceType",
            "ProcessingResources.ClusterConfig.InstanceCount",
            "ProcessingResources.ClusterConfig.VolumeSizeInGB",
            "ProcessingInputs[].InputName",
            "ProcessingInputs[].S3Input.S3Uri",
            "ProcessingInputs[].S3Input.LocalPath",
            "ProcessingInputs[].S3Input.S3DataType",
            "ProcessingInputs[].S3Input.S3InputMode",
            "ProcessingOutputConfig.Outputs[].OutputName",
            "ProcessingOutputConfig.Outputs[].S3Output.S3Uri",
            "ProcessingOutputConfig.Outputs[].S3Output.LocalPath",
            "ProcessingOutputConfig.Outputs[].S3Output.S3UploadMode",
        ),
        **_needed(_LIMIT, "StoppingCondition.MaxRuntimeInSeconds"),
        **_needed(_CONTAINER, "AppSpecification.ContainerEntrypoint", "AppSpecification.ContainerArguments"),
        **_needed(
            _CONTAINER,
            *(
                f"Environment.{name}"
                for name in (
                    environment.EXECUTION_TABLE,
                    environment.ASSETS_BUCKET,
                    environment.MODELS_BUCKET,
                    environment.LOG_SYNC_SECONDS,
                    environment.TEST_QUANTILES,
                    environment.PIPELINE_EXECUTION_ARN,
                )
            ),
        ),
        **_needed(_ISOLATION, "NetworkConfig.EnableInterContainerTrafficEncryption"),
        **_needed(_TAGS, "Tags"),
    },
    sections={
        "kms": ("ProcessingResources.ClusterConfig.VolumeKmsKeyId", "ProcessingOutputConfig.KmsKeyId"),
        "vpc": ("NetworkConfig.VpcConfig",),
    },
    retry_errors=STEP_ERRORS + JOB_ERRORS,
    cacheable=True,
    property_files=True,
    added=((COST, "a job with instances of its own in every execution"),),
    removed=((COST, "one job fewer in every execution"),),
    colour="#dbeafe",
)

_TRAINING = StepType(
    name="Training",
    operation="CreateTrainingJob",
    generated=("TrainingJobName",),
    description="DescribeTrainingJob",
    required={
        **_needed(
            _SERVICE,
            "RoleArn",
            "AlgorithmSpecification.TrainingImage",
            "AlgorithmSpecification.TrainingInputMode",
            "InputDataConfig[].ChannelName",
            "InputDataConfig[].DataSource.S3DataSource.S3Uri",
            "InputDataConfig[].DataSource.S3DataSource.S3DataType",
            "ResourceConfig.InstanceType",
            "ResourceConfig.InstanceCount",
            "ResourceConfig.VolumeSizeInGB",
            "OutputDataConfig.S3OutputPath",
        ),
        **_needed(_LIMIT, "StoppingCondition.MaxRuntimeInSeconds"),
        **_needed(
            "otherwise a start that sets the parameter has no effect", *(f"HyperParameters.{name}" for name in HYPERPARAMETERS)
        ),
        **_needed(_ISOLATION, "EnableNetworkIsolation", "EnableInterContainerTrafficEncryption"),
        **_needed(_TAGS, "Tags"),
    },
    sections={"kms": ("ResourceConfig.VolumeKmsKeyId", "OutputDataConfig.KmsKeyId"), "vpc": ("VpcConfig",)},
    retry_errors=STEP_ERRORS + JOB_ERRORS,
    cacheable=True,
    added=((COST, "a job with instances of its own in every execution"), (MODEL, "an additional model")),
    removed=((COST, "one job fewer in every execution"), (MODEL, "its model is no longer trained")),
    colour="#dcfce7",
)

_MODEL = StepType(
    name="Model",
    operation="CreateModel",
    generated=("ModelName",),
    description="DescribeModel",
    required={
        **_needed(_SERVICE, "ExecutionRoleArn"),
        **_needed(_SERVICE, "PrimaryContainer.Image/ModelPackageName", "PrimaryContainer.ModelDataUrl/ModelPackageName"),
        **_needed(_ISOLATION, "EnableNetworkIsolation"),
        **_needed(_TAGS, "Tags"),
    },
    sections={"vpc": ("VpcConfig",)},
    retry_errors=STEP_ERRORS,
    makes_model=True,
    added=((DATA, "there is an additional model to deploy"),),
    removed=((DATA, "this model can no longer be deployed"),),
    colour="#f3e8ff",
)

_TRANSFORM = StepType(
    name="Transform",
    operation="CreateTransformJob",
    generated=("TransformJobName",),
    description="DescribeTransformJob",
    required={
        **_needed(
            _SERVICE,
            "ModelName",
            "TransformInput.DataSource.S3DataSource.S3Uri",
            "TransformInput.DataSource.S3DataSource.S3DataType",
            "TransformOutput.S3OutputPath",
            "TransformResources.InstanceType",
            "TransformResources.InstanceCount",
        ),
        **_needed(
            _BACKTEST,
            "BatchStrategy",
            "MaxPayloadInMB",
            "TransformInput.ContentType",
            "TransformInput.SplitType",
            "TransformOutput.Accept",
            "TransformOutput.AssembleWith",
        ),
        **_needed(_CONTAINER, f"Environment.{INFERENCE_CONFIG_VARIABLE}"),
        **_needed(_TAGS, "Tags"),
    },
    # The model brings the VPC.
    sections={"kms": ("TransformResources.VolumeKmsKeyId", "TransformOutput.KmsKeyId")},
    retry_errors=STEP_ERRORS + JOB_ERRORS,
    cacheable=True,
    added=((COST, "a job with instances of its own in every execution"), (DATA, "additional files are written")),
    removed=((COST, "one job fewer in every execution"), (DATA, "these files are no longer written")),
    colour="#cffafe",
)

_REGISTER = StepType(
    name="RegisterModel",
    operation="CreateModelPackage",
    description="DescribeModelPackage",
    required={
        **_needed(
            _SERVICE,
            "ModelPackageGroupName",
            "InferenceSpecification.Containers[].Image",
            "InferenceSpecification.Containers[].ModelDataUrl",
            "InferenceSpecification.SupportedContentTypes",
            "InferenceSpecification.SupportedResponseMIMETypes",
        ),
        **_needed("without it SageMaker never asks for an approval", "ModelApprovalStatus"),
        **_needed(
            _SERVING,
            "InferenceSpecification.SupportedRealtimeInferenceInstanceTypes",
            "InferenceSpecification.SupportedTransformInstanceTypes",
        ),
        **_needed(
            _REGISTRY,
            "ModelMetrics.ModelQuality.Statistics.S3Uri",
            "ModelMetrics.ModelQuality.Statistics.ContentType",
            "ModelMetrics.Explainability.Report.S3Uri",
            "ModelMetrics.Explainability.Report.ContentType",
        ),
        **_needed(
            "readers of the model registry and later forecasts need it",
            *(f"CustomerMetadataProperties.{name}" for name in model_metadata.PROPERTIES),
        ),
    },
    retry_errors=STEP_ERRORS,
    makes_model=True,
    registers_model=True,
    added=((DATA, "the registry receives an additional version"),),
    removed=((DATA, "the registry no longer receives this version"),),
    colour="#f3e8ff",
)

_CONDITION = StepType(
    name="Condition",
    properties=("Outcome",),
    added=((MODEL, "a further condition decides which models are used"),),
    removed=((MODEL, "models are used without this condition"),),
    colour="#fef3c7",
)

_FAIL = StepType(
    name="Fail",
    properties=("ErrorMessage",),
    required={"ErrorMessage": "SageMaker rejects a Fail step without a message"},
    added=((DATA, "executions that reach it end as failed"),),
    removed=((DATA, "executions no longer end as failed here"),),
)

STEP_TYPES: Mapping[str, StepType] = {
    kind.name: kind for kind in (_PROCESSING, _TRAINING, _MODEL, _TRANSFORM, _REGISTER, _CONDITION, _FAIL)
}
