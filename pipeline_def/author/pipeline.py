"""The pipeline, authored with the SageMaker Python SDK v3 (extra ``author``; the deploy path never imports it).

Processing (our image), training (built-in forecasting-deepar), creating the model, backtest (batch transform), evaluation (our
image), quality gate, then registering the model. A placeholder (:mod:`pipeline_def.template.keys`) represents every name and
ARN of a deployed resource. The authored pipeline contains all optional parts; :mod:`pipeline_def.template.writer` turns
placeholders into keys, and optional parts into sections.
"""

from __future__ import annotations

from sagemaker.core.helper.pipeline_variable import IntPipeVar
from sagemaker.core.shapes import OutputDataConfig, S3DataSource, StoppingCondition, Tag
from sagemaker.core.training.configs import Compute, InputData, Networking
from sagemaker.core.workflow.conditions import ConditionGreaterThanOrEqualTo
from sagemaker.core.workflow.functions import JsonGet
from sagemaker.core.workflow.properties import PropertyFile
from sagemaker.mlops.workflow.condition_step import ConditionStep
from sagemaker.mlops.workflow.model_step import ModelStep
from sagemaker.mlops.workflow.pipeline import Pipeline
from sagemaker.mlops.workflow.steps import ProcessingStep, TrainingStep
from sagemaker.train.model_trainer import ModelTrainer

from contracts import layout, parameters, status
from contracts.hyperparameters import HYPERPARAMETERS
from pipeline_def.author.models import create_step, model_builder, register_step
from pipeline_def.author.parameters import pipeline_parameters
from pipeline_def.author.processing import evaluation_step, processing_step
from pipeline_def.author.retries import JOB_RETRIES
from pipeline_def.author.session import Authoring, offline_session
from pipeline_def.author.transform import BACKTEST, transform_step
from pipeline_def.template.keys import JSON, TEXT

GATE_PROPERTY_FILE = "Gate"


class TrainingCompute(Compute):  # type: ignore[misc]  # the SDK is not installed where types are checked
    """Also accepts a parameter as volume size, as the API does; the SDK's class accepts only an integer."""

    volume_size_in_gb: IntPipeVar | None = 30


def author_pipeline() -> Pipeline:
    """The complete pipeline with placeholders; its ``definition()`` needs no AWS access."""
    authoring = Authoring(offline_session(), {item.name: item for item in pipeline_parameters()})
    gate_file = PropertyFile(name=GATE_PROPERTY_FILE, output_name="evaluation", path=layout.GATE_FILE)
    processing = processing_step(authoring)
    training = training_step(authoring, processing)
    builder = model_builder(authoring, training)
    # Before registering, which reuses the container that building determines.
    created = create_step(builder)
    backtest = transform_step(authoring, BACKTEST, processing, created)
    evaluation = evaluation_step(authoring, processing, backtest, gate_file)
    gate = gate_step(evaluation, gate_file, register_step(authoring, training, builder, gate_file))
    return Pipeline(
        name="unused: the pipeline's name is a property of the deployed resource",
        parameters=list(authoring.parameters.values()),
        steps=[processing, training, created, backtest, evaluation, gate],
        sagemaker_session=authoring.session,
        # No experiment, because creating one per execution would need permissions that nothing here uses.
        pipeline_experiment_config=None,
    )


def training_step(authoring: Authoring, processing: ProcessingStep) -> TrainingStep:
    """The built-in DeepAR on the processing step's outputs, without network access."""
    values = authoring.parameters
    trainer = ModelTrainer(
        role=TEXT["training_role_arn"],
        training_image=TEXT["deepar_image_uri"],
        # The API's map is string to string; to_string() turns a numeric parameter into text by Std:Join.
        hyperparameters={name: values[name].to_string() for name in HYPERPARAMETERS},
        compute=TrainingCompute(
            instance_type=values[parameters.TRAINING_INSTANCE_TYPE],
            instance_count=values[parameters.TRAINING_INSTANCE_COUNT],
            volume_size_in_gb=values[parameters.TRAINING_VOLUME_GB],
            volume_kms_key_id=TEXT["kms_key_arn"],
            enable_managed_spot_training=True,
        ),
        networking=Networking(
            enable_network_isolation=True,
            enable_inter_container_traffic_encryption=True,
            subnets=JSON["subnet_ids"],
            security_group_ids=JSON["security_group_ids"],
        ),
        stopping_condition=StoppingCondition(
            max_runtime_in_seconds=JSON["training_max_runtime_seconds"],
            max_wait_time_in_seconds=JSON["training_max_wait_seconds"],
        ),
        output_data_config=OutputDataConfig(
            s3_output_path=authoring.under_execution("model"),
            kms_key_id=TEXT["kms_key_arn"],
        ),
        tags=[Tag(key=item["Key"], value=item["Value"]) for item in JSON["tags"]],
        sagemaker_session=authoring.session,
    )
    return TrainingStep(
        name=status.TRAINING_STEP,
        display_name="Training",
        description="The built-in DeepAR learns from train.json and scores itself on test.json",
        step_args=trainer.train(input_data_config=[channel(processing, name) for name in ("train", "test")]),
        retry_policies=JOB_RETRIES,
    )


def channel(processing: ProcessingStep, name: str) -> InputData:
    uri = processing.properties.ProcessingOutputConfig.Outputs[name].S3Output.S3Uri
    source = S3DataSource(s3_data_type="S3Prefix", s3_uri=uri, s3_data_distribution_type="FullyReplicated")
    return InputData(channel_name=name, data_source=source)


def gate_step(evaluation: ProcessingStep, gate_file: PropertyFile, registering: ModelStep) -> ConditionStep:
    """Registers the model if its skill against the best baseline is at least what the template requires."""
    # The difference is computed by the evaluation, because SageMaker accepts JsonGet only on the left of a comparison.
    excess = JsonGet(step_name=evaluation.name, property_file=gate_file, json_path=layout.GATE_EXCESS)
    return ConditionStep(
        name=status.GATE_STEP,
        display_name="Quality-gate",
        description="Is the model's skill against the best baseline at least what the template requires?",
        conditions=[ConditionGreaterThanOrEqualTo(left=excess, right=0.0)],
        if_steps=[registering],
        else_steps=[],
    )
