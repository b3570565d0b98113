"""The steps after the gate: create the model, and register it with its metrics."""

from __future__ import annotations

from typing import Any

from sagemaker.core.model_metrics import MetricsSource, ModelMetrics
from sagemaker.core.training.configs import Networking
from sagemaker.core.workflow.functions import Join
from sagemaker.mlops.workflow.model_step import ModelStep
from sagemaker.mlops.workflow.steps import TrainingStep
from sagemaker.serve.model_builder import ModelBuilder

from contracts import layout, parameters, status
from pipeline_def.author.retries import MODEL_RETRIES
from pipeline_def.author.session import Authoring
from pipeline_def.template.keys import JSON, TEXT

#: Instance types for serving and batch transform of a registered model. DeepAR needs no GPU for inference.
SERVING_INSTANCE_TYPES = ["ml.m5.large", "ml.m5.xlarge", "ml.m5.2xlarge", "ml.c5.large", "ml.c5.xlarge", "ml.c5.2xlarge"]
TRANSFORM_INSTANCE_TYPES = ["ml.m5.large", "ml.m5.xlarge", "ml.m5.2xlarge", "ml.c5.xlarge", "ml.c5.2xlarge"]


def final_metric(training: TrainingStep) -> Any:
    return training.properties.FinalMetricDataList[layout.GATE_METRIC].Value


def create_step(builder: ModelBuilder) -> ModelStep:
    return ModelStep(
        name=status.CREATE_MODEL_STEP,
        display_name="Create-model",
        step_args=builder.build(tags=JSON["tags"]),
        retry_policies=MODEL_RETRIES,
    )


def register_step(authoring: Authoring, training: TrainingStep, builder: ModelBuilder) -> ModelStep:
    """A version in the model package group. It has the tags of the group; the API rejects others."""
    values = authoring.parameters
    registered = builder.register(
        model_package_group_name=values[parameters.MODEL_PACKAGE_GROUP_NAME],
        approval_status=values[parameters.MODEL_APPROVAL_STATUS],
        content_types=["application/json"],
        response_types=["application/json"],
        inference_instances=SERVING_INSTANCE_TYPES,
        transform_instances=TRANSFORM_INSTANCE_TYPES,
        model_metrics=ModelMetrics(
            model_statistics=evaluation_file(authoring, layout.GATE_FILE),
            explainability=evaluation_file(authoring, "importance.json"),
        ),
        customer_metadata_properties={
            "ExecutionId": values[parameters.EXECUTION_ID],
            "TestMeanWQuantileLoss": Join(on="", values=[final_metric(training)]),
        },
    )
    return ModelStep(
        name=status.REGISTER_STEP,
        display_name="Register-model",
        step_args=registered,
        retry_policies=MODEL_RETRIES,
    )


def evaluation_file(authoring: Authoring, name: str) -> MetricsSource:
    return MetricsSource(content_type="application/json", s3_uri=authoring.under_execution("evaluation", name))


def model_builder(authoring: Authoring, training: TrainingStep) -> ModelBuilder:
    """The trained model with the image that trained it, without network access."""
    return ModelBuilder(
        image_uri=TEXT["deepar_image_uri"],
        s3_model_data_url=training.properties.ModelArtifacts.S3ModelArtifacts,
        role_arn=TEXT["model_role_arn"],
        network=Networking(
            enable_network_isolation=True,
            subnets=JSON["subnet_ids"],
            security_group_ids=JSON["security_group_ids"],
        ),
        sagemaker_session=authoring.session,
    )
