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
MODEL_APPROVAL_STATUS = "ModelApprovalStatus"
MODEL_PACKAGE_GROUP_NAME = "ModelPackageGroupName"

APPROVAL_STATUSES = ("PendingManualApproval", "Approved", "Rejected")

#: CPU by default; a GPU instance type (ml.g4dn.xlarge, ml.g5.xlarge …) trains on the GPU with no other change.
DEFAULT_PROCESSING_INSTANCE_TYPE = "ml.m5.xlarge"
DEFAULT_TRAINING_INSTANCE_TYPE = "ml.c5.2xlarge"

INSTANCE_TYPE_PATTERN = r"^ml\.[a-z][a-z0-9-]*\.([0-9]+x?large|medium|large|xlarge|metal(-[0-9]+xl)?)$"

#: Families with local NVMe storage: encrypted by their own hardware, and SageMaker refuses a volume key for them.
#: Source: SageMaker API, ResourceConfig.VolumeKmsKeyId.
_LOCAL_STORAGE = re.compile(
    r"ml\.([a-z]+[0-9]+[a-z]*d[a-z]*|g4dn|g5|g6e?|g7e?|p4de?|p5(?:en?)?|p6e?-[a-z0-9]+|trn1n?|trn2|i[0-9][a-z]*)\."
)


def has_local_storage(instance_type: str) -> bool:
    """Whether an instance type brings storage of its own, for which no volume key may be given.

    >>> has_local_storage("ml.g5.xlarge"), has_local_storage("ml.c5d.xlarge"), has_local_storage("ml.m5.xlarge")
    (True, True, False)
    """
    return _LOCAL_STORAGE.match(instance_type) is not None
