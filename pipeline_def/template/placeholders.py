"""Stand-ins for what a stack fills in, in shapes that the SDK accepts; ``generate`` turns each into its key.

The SDK looks up a role that is no ARN, asks for an ``s3://`` code location and takes only integers for limits; so the
placeholders are not all plain words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.layout import EXECUTOR_NAME
from contracts.regions import deepar_image_uri

#: The region the authoring session claims to be in. It appears in nothing but the built-in image's URI, which is a key.
AUTHORING_REGION = "us-east-1"

#: Key -> text that stands for it, anywhere inside a string of the authored definition.
TEXT: Mapping[str, str] = {
    "feature_image_uri": "@feature_image_uri@",
    "deepar_image_uri": deepar_image_uri(AUTHORING_REGION),
    "executor_uri": f"s3://@executor_uri@/{EXECUTOR_NAME}",
    "assets_bucket": "@assets_bucket@",
    "models_bucket": "@models_bucket@",
    "execution_table": "@execution_table@",
    "feature_importance_table": "@feature_importance_table@",
    "log_sync_seconds": "@log_sync_seconds@",
    "processing_role_arn": "arn:aws:iam::role/@processing_role_arn@",
    "training_role_arn": "arn:aws:iam::role/@training_role_arn@",
    "model_role_arn": "arn:aws:iam::role/@model_role_arn@",
    "model_package_group": "@model_package_group@",
    "model_approval_status": "@model_approval_status@",
    "processing_instance_type": "@processing_instance_type@",
    "training_instance_type": "@training_instance_type@",
    "kms_key_arn": "@kms_key_arn@",
}

#: Key -> whole JSON value that stands for it.
JSON: Mapping[str, Any] = {
    "processing_max_runtime_seconds": 1_000_000_001,
    "training_max_runtime_seconds": 1_000_000_002,
    "training_max_wait_seconds": 1_000_000_003,
    "subnet_ids": ["@subnet_ids@"],
    "security_group_ids": ["@security_group_ids@"],
    "tags": [{"Key": "@tags@", "Value": "@tags@"}],
}

#: Member of the definition -> the optional section it belongs to, wherever it stands.
SECTION_OF_MEMBER: Mapping[str, str] = {
    "VpcConfig": "vpc",
    "KmsKeyId": "kms",
    "VolumeKmsKeyId": "kms",
    "EnableManagedSpotTraining": "spot",
    "MaxWaitTimeInSeconds": "spot",
}
