"""The pipeline, authored with the SageMaker Python SDK v3 (extra ``author``; the deploy path never imports it).

Processing (our image), training (built-in forecasting-deepar), quality gate, then creating and registering the model. A
placeholder (:mod:`pipeline_def.template.keys`) represents every name and ARN of a deployed resource. The authored pipeline
contains all optional parts; :mod:`pipeline_def.template.writer` turns placeholders into keys, and optional parts into sections.
"""

from __future__ import annotations

from sagemaker.core.helper.pipeline_variable import IntPipeVar, PipelineVariable
from sagemaker.core.network import NetworkConfig
from sagemaker.core.processing import ScriptProcessor
from sagemaker.core.shapes import (
    OutputDataConfig,
    ProcessingInput,
    ProcessingOutput,
    ProcessingS3Input,
    ProcessingS3Output,
    S3DataSource,
    StoppingCondition,
    Tag,
)
from sagemaker.core.training.configs import Compute, InputData, Networking
from sagemaker.core.workflow.conditions import ConditionGreaterThanOrEqualTo
from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.functions import JsonGet
from sagemaker.core.workflow.parameters import Parameter
from sagemaker.core.workflow.properties import PropertyFile
from sagemaker.mlops.workflow.condition_step import ConditionStep
from sagemaker.mlops.workflow.model_step import ModelStep
from sagemaker.mlops.workflow.pipeline import Pipeline
from sagemaker.mlops.workflow.steps import ProcessingStep, TrainingStep
from sagemaker.train.model_trainer import ModelTrainer

from contracts import environment, layout, parameters, status
from contracts.hyperparameters import HYPERPARAMETERS
from pipeline_def.author.models import create_step, final_metric, model_builder, register_step
from pipeline_def.author.parameters import pipeline_parameters
from pipeline_def.author.retries import JOB_RETRIES
from pipeline_def.author.session import Authoring, offline_session
from pipeline_def.template.keys import JSON, TEXT

GATE_PROPERTY_FILE = "Gate"


class TrainingCompute(Compute):  # type: ignore[misc]  # the SDK is not installed where types are checked
    """Also accepts a parameter as volume size, as the API does; the SDK's class accepts only an integer."""

    volume_size_in_gb: IntPipeVar | None = 30


def author_pipeline() -> Pipeline:
    """The complete pipeline with placeholders; its ``definition()`` needs no AWS access."""
    authoring = Authoring(offline_session(), {item.name: item for item in pipeline_parameters()})
    gate_file = PropertyFile(name=GATE_PROPERTY_FILE, output_name="evaluation", path=layout.GATE_FILE)
    processing = processing_step(authoring, gate_file)
    training = training_step(authoring, processing)
    builder = model_builder(authoring, training)
    # In this order, because registering reuses the container that building determines.
    created, registered = create_step(builder), register_step(authoring, training, builder)
    gate = gate_step(processing, training, gate_file, [created, registered])
    return Pipeline(
        name="unused: the pipeline's name is a property of the deployed resource",
        parameters=list(authoring.parameters.values()),
        steps=[processing, training, gate],
        sagemaker_session=authoring.session,
        # No experiment, because creating one per execution would need permissions that nothing here uses.
        pipeline_experiment_config=None,
    )


def processing_step(authoring: Authoring, gate_file: PropertyFile) -> ProcessingStep:
    """Feature engineering in our image; the executor comes from the pipeline bucket."""
    values = authoring.parameters
    processor = ScriptProcessor(
        role=TEXT["processing_role_arn"],
        image_uri=TEXT["feature_image_uri"],
        command=["python3"],
        instance_type=values[parameters.PROCESSING_INSTANCE_TYPE],
        instance_count=values[parameters.PROCESSING_INSTANCE_COUNT],
        volume_size_in_gb=values[parameters.PROCESSING_VOLUME_GB],
        volume_kms_key=TEXT["kms_key_arn"],
        output_kms_key=TEXT["kms_key_arn"],
        max_runtime_in_seconds=JSON["processing_max_runtime_seconds"],
        env=processing_environment(authoring),
        tags=JSON["tags"],
        # No network isolation, because the step reads its snapshot from DynamoDB.
        network_config=NetworkConfig(
            enable_network_isolation=False,
            encrypt_inter_container_traffic=True,
            subnets=JSON["subnet_ids"],
            security_group_ids=JSON["security_group_ids"],
        ),
        sagemaker_session=authoring.session,
    )
    run = processor.run(
        code=TEXT["executor_uri"],
        arguments=["--executionid", values[parameters.EXECUTION_ID]],
        inputs=[assets_input(values[parameters.ASSETS_S3_URI])],
        outputs=[processing_output(authoring, name) for name in layout.OUTPUTS],
    )
    return ProcessingStep(
        name=status.PROCESSING_STEP,
        display_name="Feature-engineering",
        description="Features, training data and the gate's threshold, from asset price histories",
        step_args=run,
        property_files=[gate_file],
        retry_policies=JOB_RETRIES,
    )


def processing_environment(authoring: Authoring) -> dict[str, str | PipelineVariable]:
    return {
        environment.EXECUTION_TABLE: TEXT["execution_table"],
        environment.ASSETS_BUCKET: TEXT["assets_bucket"],
        environment.MODELS_BUCKET: TEXT["models_bucket"],
        environment.LOG_SYNC_SECONDS: TEXT["log_sync_seconds"],
        environment.TEST_QUANTILES: authoring.parameters["test_quantiles"],
        # The step rejects an execution item of another pipeline execution.
        environment.PIPELINE_EXECUTION_ARN: ExecutionVariables.PIPELINE_EXECUTION_ARN,
    }


def assets_input(uri: Parameter) -> ProcessingInput:
    return ProcessingInput(
        input_name="assets",
        s3_input=ProcessingS3Input(
            s3_uri=uri,
            local_path=layout.INPUT_ASSETS_DIR,
            s3_data_type="S3Prefix",
            s3_input_mode="File",
        ),
    )


def processing_output(authoring: Authoring, name: str) -> ProcessingOutput:
    """Each output has its own prefix. The manifest goes to the execution's prefix, outside the channels."""
    uri = authoring.under_execution() if name == "manifest" else authoring.under_execution(name)
    return ProcessingOutput(
        output_name=name,
        s3_output=ProcessingS3Output(s3_uri=uri, local_path=f"{layout.OUTPUT_ROOT}/{name}", s3_upload_mode="EndOfJob"),
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


def gate_step(
    processing: ProcessingStep, training: TrainingStep, gate_file: PropertyFile, if_passed: list[ModelStep]
) -> ConditionStep:
    """Registers the model if its loss is at most the threshold: the naive forecast's loss plus the margin."""
    threshold = JsonGet(step_name=processing.name, property_file=gate_file, json_path=layout.GATE_THRESHOLD)
    return ConditionStep(
        name=status.GATE_STEP,
        display_name="Quality-gate",
        description="Is the model's loss at most the naive forecast's loss plus the margin?",
        conditions=[ConditionGreaterThanOrEqualTo(left=threshold, right=final_metric(training))],
        if_steps=if_passed,
        else_steps=[],
    )
