"""The pipeline's parameters besides the hyperparameters, which go by the algorithm's own names.

``runs start --set name=value`` and the definition share these names.
"""

from __future__ import annotations

EXECUTION_ID = "ExecutionId"
ASSETS_S3_URI = "AssetsS3Uri"
PROCESSING_INSTANCE_TYPE = "ProcessingInstanceType"
PROCESSING_INSTANCE_COUNT = "ProcessingInstanceCount"
PROCESSING_VOLUME_GB = "ProcessingVolumeSizeInGB"
TRAINING_INSTANCE_TYPE = "TrainingInstanceType"
TRAINING_INSTANCE_COUNT = "TrainingInstanceCount"
TRAINING_VOLUME_GB = "TrainingVolumeSizeInGB"
MODEL_APPROVAL_STATUS = "ModelApprovalStatus"
MODEL_PACKAGE_GROUP_NAME = "ModelPackageGroupName"

APPROVAL_STATUSES = ("PendingManualApproval", "Approved", "Rejected")

#: CPU by default; a GPU instance type (ml.g4dn.xlarge, ml.g5.xlarge …) trains on the GPU with no other change.
DEFAULT_PROCESSING_INSTANCE_TYPE = "ml.m5.xlarge"
DEFAULT_TRAINING_INSTANCE_TYPE = "ml.c5.2xlarge"

INSTANCE_TYPE_PATTERN = r"^ml\.[a-z][a-z0-9-]*\.([0-9]+x?large|medium|large|xlarge|metal(-[0-9]+xl)?)$"
