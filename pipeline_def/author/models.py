"""The steps for the model: create it for the backtest, and register it with its metrics after the gate."""

from __future__ import annotations

from typing import Any

from sagemaker.core.model_metrics import MetricsSource, ModelMetrics
from sagemaker.core.training.configs import Networking
from sagemaker.core.workflow.functions import Join, JsonGet
from sagemaker.core.workflow.properties import PropertyFile
from sagemaker.mlops.workflow.model_step import ModelStep
from sagemaker.mlops.workflow.steps import TrainingStep
from sagemaker.serve.model_builder import ModelBuilder

from contracts import layout, parameters, status
from contracts import model_metadata as metadata
from contracts.backtest import JSON_LINES
from pipeline_def.author.retries import MODEL_RETRIES
from pipeline_def.author.session import Authoring
from pipeline_def.template.keys import JSON, TEXT

#: Instance types for serving and batch transform of a registered model. DeepAR needs no GPU for inference.
SERVING_INSTANCE_TYPES = ["ml.m5.large", "ml.m5.xlarge", "ml.m5.2xlarge", "ml.c5.large", "ml.c5.xlarge", "ml.c5.2xlarge"]
TRANSFORM_INSTANCE_TYPES = ["ml.m5.large", "ml.m5.xlarge", "ml.m5.2xlarge", "ml.c5.xlarge", "ml.c5.2xlarge"]
#: One instance, or lines of instances as in a batch transform.
CONTENT_TYPES = ["application/json", JSON_LINES]


def create_step(builder: ModelBuilder) -> ModelStep:
    return ModelStep(
        name=status.CREATE_MODEL_STEP,
        display_name="Create-model",
        step_args=builder.build(tags=JSON["tags"]),
        retry_policies=MODEL_RETRIES,
    )


def register_step(authoring: Authoring, training: TrainingStep, builder: ModelBuilder, gate_file: PropertyFile) -> ModelStep:
    """A version in the model package group. It has the tags of the group; the API rejects others."""
    values = authoring.parameters
    registered = builder.register(
        model_package_group_name=values[parameters.MODEL_PACKAGE_GROUP_NAME],
        approval_status=values[parameters.MODEL_APPROVAL_STATUS],
        content_types=CONTENT_TYPES,
        response_types=CONTENT_TYPES,
        inference_instances=SERVING_INSTANCE_TYPES,
        transform_instances=TRANSFORM_INSTANCE_TYPES,
        model_metrics=ModelMetrics(
            model_statistics=evaluation_file(authoring, layout.STATISTICS_FILE),
            explainability=evaluation_file(authoring, layout.IMPORTANCE_FILE),
        ),
        customer_metadata_properties=customer_metadata(authoring, training, gate_file),
    )
    return ModelStep(
        name=status.REGISTER_STEP,
        display_name="Register-model",
        step_args=registered,
        retry_policies=MODEL_RETRIES,
    )


def customer_metadata(authoring: Authoring, training: TrainingStep, gate_file: PropertyFile) -> dict[str, Any]:
    """What a reader of the registry wants to know, and all that a later forecast needs, by S3 URI and SHA-256."""

    def gate(key: str) -> Join:
        # Metadata are text; Std:Join turns a number into text.
        figure = JsonGet(step_name=status.EVALUATION_STEP, property_file=gate_file, json_path=key)
        return Join(on="", values=[figure])

    files = {name: authoring.under_execution("evaluation", item.file) for name, item in metadata.FORECAST_FILES.items()}
    return {
        metadata.EXECUTION_ID: authoring.parameters[parameters.EXECUTION_ID],
        metadata.TRAINING_LOSS: Join(on="", values=[training.properties.FinalMetricDataList[layout.GATE_METRIC].Value]),
        **{name: gate(key) for name, key in metadata.GATE_FIGURES.items()},
        **{metadata.uri_key(name): uri for name, uri in files.items()},
        **{metadata.hash_key(name): gate(item.hash_key) for name, item in metadata.FORECAST_FILES.items()},
    }


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
