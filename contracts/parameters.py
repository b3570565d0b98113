"""The pipeline's parameters besides the hyperparameters, which go by the algorithm's own names.

``runs start --set name=value`` and the definition share these names.
"""

from __future__ import annotations

import re

EXECUTION_ID = "ExecutionId"
ASSETS_S3_URI = "AssetsS3Uri"
PROCESSING_INSTANCE_TYPE = "ProcessingInstanceType"
PROCESSING_INSTANCE_COUNT = "ProcessingInstanceCount"
PROCESSING_VOLUME_GB = "ProcessingVolumeSizeInGB"
TRAINING_INSTANCE_TYPE = "TrainingInstanceType"
TRAINING_INSTANCE_COUNT = "TrainingInstanceCount"
TRAINING_VOLUME_GB = "TrainingVolumeSizeInGB"
BACKTEST_INSTANCE_TYPE = "BacktestInstanceType"
BACKTEST_INSTANCE_COUNT = "BacktestInstanceCount"
MODEL_APPROVAL_STATUS = "ModelApprovalStatus"
MODEL_PACKAGE_GROUP_NAME = "ModelPackageGroupName"

#: Parameters of the forecast pipeline alone. Every start names the model package and the prefix with its fitted state.
MODEL_PACKAGE_ARN = "ModelPackageArn"
FITTED_S3_URI = "FittedS3Uri"
FORECAST_INSTANCE_TYPE = "ForecastInstanceType"
FORECAST_INSTANCE_COUNT = "ForecastInstanceCount"
#: Parameters without a default, because each start sets them.
SET_BY_START = (EXECUTION_ID, MODEL_PACKAGE_ARN, FITTED_S3_URI)

#: What ``runs start --set`` takes besides hyperparameters; the id has an option of its own.
SETTABLE = (
    ASSETS_S3_URI,
    PROCESSING_INSTANCE_TYPE,
    PROCESSING_INSTANCE_COUNT,
    PROCESSING_VOLUME_GB,
    TRAINING_INSTANCE_TYPE,
    TRAINING_INSTANCE_COUNT,
    TRAINING_VOLUME_GB,
    BACKTEST_INSTANCE_TYPE,
    BACKTEST_INSTANCE_COUNT,
    MODEL_APPROVAL_STATUS,
    MODEL_PACKAGE_GROUP_NAME,
)
#: What ``runs forecast --set`` takes.
FORECAST_SETTABLE = (
    ASSETS_S3_URI,
    PROCESSING_INSTANCE_TYPE,
    PROCESSING_INSTANCE_COUNT,
    PROCESSING_VOLUME_GB,
    FORECAST_INSTANCE_TYPE,
    FORECAST_INSTANCE_COUNT,
)

APPROVAL_STATUSES = ("PendingManualApproval", "Approved", "Rejected")

#: CPU by default; a GPU instance type (ml.g4dn.xlarge, ml.g5.xlarge …) trains on the GPU with no other change.
DEFAULT_PROCESSING_INSTANCE_TYPE = "ml.m5.xlarge"
DEFAULT_TRAINING_INSTANCE_TYPE = "ml.c5.2xlarge"
#: DeepAR needs no GPU for inference.
DEFAULT_BACKTEST_INSTANCE_TYPE = "ml.c5.xlarge"

INSTANCE_TYPE_PATTERN = r"^ml\.[a-z][a-z0-9-]*\.([0-9]+x?large|medium|large|xlarge|metal(-[0-9]+xl)?)$"

#: Source: SageMaker API, ProcessingClusterConfig.InstanceCount and TransformResources.InstanceCount; no account's quota for
#: training allows more.
MAX_INSTANCES = 100
#: Source: SageMaker API, ResourceConfig.VolumeSizeInGB and EBS: the largest general-purpose volume.
_LARGEST_VOLUME = 16_384
_RANGES = {
    # A second instance would do the same step again and write the same files and the same log.
    PROCESSING_INSTANCE_COUNT: (1, 1),
    TRAINING_INSTANCE_COUNT: (1, MAX_INSTANCES),
    BACKTEST_INSTANCE_COUNT: (1, MAX_INSTANCES),
    FORECAST_INSTANCE_COUNT: (1, MAX_INSTANCES),
    PROCESSING_VOLUME_GB: (1, _LARGEST_VOLUME),
    TRAINING_VOLUME_GB: (1, _LARGEST_VOLUME),
}
#: Source: SageMaker API, ModelPackageGroupName and S3DataSource.S3Uri, and Amazon S3, "Bucket naming rules".
_PATTERNS = {
    MODEL_PACKAGE_GROUP_NAME: (r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", "up to 63 letters, digits and hyphens"),
    ASSETS_S3_URI: (r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?", "an S3 URI such as s3://bucket/assets"),
    PROCESSING_INSTANCE_TYPE: (INSTANCE_TYPE_PATTERN, "a SageMaker instance type such as ml.m5.xlarge"),
    TRAINING_INSTANCE_TYPE: (INSTANCE_TYPE_PATTERN, "a SageMaker instance type such as ml.m5.xlarge"),
    BACKTEST_INSTANCE_TYPE: (INSTANCE_TYPE_PATTERN, "a SageMaker instance type such as ml.m5.xlarge"),
    FORECAST_INSTANCE_TYPE: (INSTANCE_TYPE_PATTERN, "a SageMaker instance type such as ml.m5.xlarge"),
}


def allowed_instead(name: str, value: str) -> str | None:
    """Return what is allowed instead of ``value``; None if the value is allowed or the parameter is unknown."""
    if name in _RANGES:
        least, most = _RANGES[name]
        fits = re.fullmatch(r"[0-9]{1,9}", value, re.ASCII) is not None and least <= int(value) <= most
        return None if fits else f"a whole number from {least} to {most}" if least < most else str(least)
    pattern, words = _PATTERNS.get(name, (r"[^\ud800-\udfff]+", "a text of at least one character, valid in UTF-8"))
    return None if re.fullmatch(pattern, value) else words
