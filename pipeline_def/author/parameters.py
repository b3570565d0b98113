"""The pipeline's parameters as objects of the SDK, with defaults, so that a scheduled start sets only what changes."""

from __future__ import annotations

from sagemaker.core.workflow.parameters import Parameter, ParameterFloat, ParameterInteger, ParameterString

from contracts import layout
from contracts import parameters as names
from contracts.hyperparameters import HYPERPARAMETERS, Hyperparameter
from pipeline_def.author.hyperparameter_defaults import DEFAULTS
from pipeline_def.template.keys import TEXT


def pipeline_parameters() -> list[Parameter]:
    """All parameters. Only ExecutionId has no default, so every start must name the execution whose files it writes."""
    return [
        ParameterString(names.EXECUTION_ID),
        ParameterString(names.ASSETS_S3_URI, f"s3://{TEXT['assets_bucket']}/{layout.ASSETS_PREFIX}"),
        ParameterString(names.PROCESSING_INSTANCE_TYPE, TEXT["processing_instance_type"]),
        ParameterInteger(names.PROCESSING_INSTANCE_COUNT, 1),
        ParameterInteger(names.PROCESSING_VOLUME_GB, 30),
        ParameterString(names.TRAINING_INSTANCE_TYPE, TEXT["training_instance_type"]),
        ParameterInteger(names.TRAINING_INSTANCE_COUNT, 1),
        ParameterInteger(names.TRAINING_VOLUME_GB, 30),
        ParameterString(names.BACKTEST_INSTANCE_TYPE, TEXT["backtest_instance_type"]),
        ParameterInteger(names.BACKTEST_INSTANCE_COUNT, 1),
        ParameterString(names.MODEL_APPROVAL_STATUS, TEXT["model_approval_status"], enum_values=list(names.APPROVAL_STATUSES)),
        ParameterString(names.MODEL_PACKAGE_GROUP_NAME, TEXT["model_package_group"]),
        *(hyperparameter(item) for item in HYPERPARAMETERS.values()),
    ]


def forecast_parameters() -> list[Parameter]:
    """The forecast pipeline's parameters. A start names the execution, the model package, and where its fitted state is."""
    return [
        *(ParameterString(name) for name in names.SET_BY_START),
        ParameterString(names.ASSETS_S3_URI, f"s3://{TEXT['assets_bucket']}/{layout.ASSETS_PREFIX}"),
        ParameterString(names.PROCESSING_INSTANCE_TYPE, TEXT["processing_instance_type"]),
        ParameterInteger(names.PROCESSING_INSTANCE_COUNT, 1),
        ParameterInteger(names.PROCESSING_VOLUME_GB, 30),
        ParameterString(names.FORECAST_INSTANCE_TYPE, TEXT["backtest_instance_type"]),
        ParameterInteger(names.FORECAST_INSTANCE_COUNT, 1),
        hyperparameter(HYPERPARAMETERS["test_quantiles"]),
    ]


def hyperparameter(item: Hyperparameter) -> Parameter:
    """A pipeline parameter with the hyperparameter's name. Each has a default, so the algorithm never gets an empty string."""
    default = DEFAULTS[item.name]
    if item.kind == "integer":
        return ParameterInteger(item.name, int(default))
    if item.kind == "float":
        return ParameterFloat(item.name, float(default))
    if item.kind == "choice":
        return ParameterString(item.name, default, enum_values=list(item.words))
    return ParameterString(item.name, default)
