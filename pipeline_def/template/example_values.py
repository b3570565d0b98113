"""Values to fill the template with where no stack is at hand: the offline check, ``render`` and the diff between revisions.

Account 123456789012 is the one AWS uses in its documentation.
"""

from __future__ import annotations

from contracts.layout import EXECUTOR_NAME
from contracts.parameters import DEFAULT_PROCESSING_INSTANCE_TYPE, DEFAULT_TRAINING_INSTANCE_TYPE
from contracts.regions import deepar_image_uri, dns_suffix, partition
from pipeline_def.template.keys import KmsValues, SpotValues, TemplateValues, VpcValues

EXAMPLE_REGION = "eu-central-1"
EXAMPLE_ACCOUNT = "123456789012"


def example_values(region: str = EXAMPLE_REGION, *, sections: bool = False) -> TemplateValues:
    """Plausible values for a stack ``dev`` in a region; with ``sections`` VPC, KMS and spot are set as well."""
    return TemplateValues(
        feature_image_uri=f"{EXAMPLE_ACCOUNT}.dkr.ecr.{region}.{dns_suffix(region)}/model-training-dev-features:0123456789abcdef0123456789abcdef",
        deepar_image_uri=deepar_image_uri(region),
        executor_uri=f"s3://{_bucket('pipeline', region)}/code/0123456789abcdef/{EXECUTOR_NAME}",
        assets_bucket=_bucket("assets", region),
        models_bucket=_bucket("models", region),
        execution_table="model-training-dev-execution",
        feature_importance_table="model-training-dev-feature-importance",
        log_sync_seconds="10",
        processing_role_arn=_role("processing", region),
        training_role_arn=_role("training", region),
        model_role_arn=_role("model", region),
        model_package_group="model-training-dev-models",
        model_approval_status="PendingManualApproval",
        processing_instance_type=DEFAULT_PROCESSING_INSTANCE_TYPE,
        training_instance_type=DEFAULT_TRAINING_INSTANCE_TYPE,
        processing_max_runtime_seconds=3600,
        training_max_runtime_seconds=3600,
        tags={"project": "model-training", "stack": "dev", "owner": "forecasting"},
        vpc=VpcValues(["subnet-0123456789abcdef0"], ["sg-0123456789abcdef0"]) if sections else None,
        kms=KmsValues(_arn("kms", region, "key/12345678-1234-1234-1234-123456789012")) if sections else None,
        spot=SpotValues(3600) if sections else None,
    )


def _bucket(noun: str, region: str) -> str:
    return f"model-training-dev-{noun}-{EXAMPLE_ACCOUNT}-{region}"


def _role(actor: str, region: str) -> str:
    return f"arn:{partition(region)}:iam::{EXAMPLE_ACCOUNT}:role/model-training-dev-{actor}"


def _arn(service: str, region: str, resource: str) -> str:
    return f"arn:{partition(region)}:{service}:{region}:{EXAMPLE_ACCOUNT}:{resource}"
