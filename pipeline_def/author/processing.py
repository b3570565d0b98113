"""The processing steps, which run our image: feature engineering and evaluation, preparing and publishing a forecast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sagemaker.core.helper.pipeline_variable import PipelineVariable
from sagemaker.core.network import NetworkConfig
from sagemaker.core.processing import ScriptProcessor
from sagemaker.core.shapes import ProcessingInput, ProcessingOutput, ProcessingS3Input, ProcessingS3Output
from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.functions import Join
from sagemaker.core.workflow.properties import PropertyFile
from sagemaker.mlops.workflow.steps import ProcessingStep, TransformStep

from contracts import environment, layout, parameters, status
from contracts.manifest import MANIFEST_NAME
from pipeline_def.author.retries import JOB_RETRIES
from pipeline_def.author.session import Authoring
from pipeline_def.template.keys import JSON, TEXT

#: Publishing writes the prediction table; the evaluation reads the champion's forecasts there.
_PREDICTIONS = {environment.PREDICTION_TABLE: TEXT["prediction_table"]}


def processing_step(authoring: Authoring) -> ProcessingStep:
    """Feature engineering; the executor comes from the pipeline bucket."""
    return _step(
        authoring,
        status.PROCESSING_STEP,
        "Feature-engineering",
        "Features, training data and the backtest's request lines, from asset price histories",
        role=TEXT["processing_role_arn"],
        executor=TEXT["executor_uri"],
        inputs=[],
        outputs=layout.OUTPUTS,
    )


def evaluation_step(
    authoring: Authoring, processing: ProcessingStep, backtest: TransformStep, gate_file: PropertyFile
) -> ProcessingStep:
    """Scores the backtest's forecasts and the baselines, on the prices that the feature step read."""
    manifest = Join(on="/", values=[output_uri(processing, "manifest"), MANIFEST_NAME])
    return _step(
        authoring,
        status.EVALUATION_STEP,
        "Evaluation",
        "Scores of the model and of the baselines on the same windows, and the gate's figures",
        role=TEXT["evaluation_role_arn"],
        executor=TEXT["evaluation_executor_uri"],
        inputs=[
            s3_input("requests", output_uri(processing, "requests"), layout.INPUT_REQUESTS_DIR),
            s3_input("backtest", backtest.properties.TransformOutput.S3OutputPath, layout.INPUT_BACKTEST_DIR),
            s3_input("fitted", output_uri(processing, "evaluation"), layout.INPUT_FITTED_DIR),
            s3_input("manifest", manifest, layout.INPUT_MANIFEST_DIR),
        ],
        outputs=layout.EVALUATION_OUTPUTS,
        environment_variables=_PREDICTIONS,
        property_files=[gate_file],
    )


def prepare_step(authoring: Authoring) -> ProcessingStep:
    """Features up to the last price with the model's own fitted state, and one request line per base asset."""
    return _step(
        authoring,
        status.PREPARE_STEP,
        "Prepare",
        "Request lines for the steps after the last price, with the model's own scales and fitted state",
        role=TEXT["prepare_role_arn"],
        executor=TEXT["prepare_executor_uri"],
        inputs=[fitted_input(authoring)],
        outputs=layout.PREPARE_OUTPUTS,
    )


def publish_step(authoring: Authoring, prepared: ProcessingStep, forecast: TransformStep) -> ProcessingStep:
    """Turns the samples into a forecast of prices, stores it, and scores earlier forecasts."""
    return _step(
        authoring,
        status.PUBLISH_STEP,
        "Publish",
        "The forecast as prices with quantiles, and the scores of earlier forecasts",
        role=TEXT["publish_role_arn"],
        executor=TEXT["publish_executor_uri"],
        inputs=[
            fitted_input(authoring),
            s3_input("requests", output_uri(prepared, "requests"), layout.INPUT_REQUESTS_DIR),
            s3_input("samples", forecast.properties.TransformOutput.S3OutputPath, layout.INPUT_SAMPLES_DIR),
        ],
        outputs=layout.PUBLISH_OUTPUTS,
        environment_variables=_PREDICTIONS,
    )


def _step(
    authoring: Authoring,
    name: str,
    display_name: str,
    description: str,
    *,
    role: str,
    executor: str,
    inputs: Sequence[ProcessingInput],
    outputs: Sequence[str],
    environment_variables: Mapping[str, str] | None = None,
    property_files: Sequence[PropertyFile] = (),
) -> ProcessingStep:
    """A job of our image: the executor reads the assets and ``inputs``, and writes ``outputs``."""
    run = script_processor(authoring, role, environment_variables or {}).run(
        code=executor,
        arguments=["--executionid", authoring.parameters[parameters.EXECUTION_ID]],
        inputs=[assets_input(authoring), *inputs],
        outputs=[processing_output(authoring, output) for output in outputs],
    )
    return ProcessingStep(
        name=name,
        display_name=display_name,
        description=description,
        step_args=run,
        property_files=list(property_files),
        retry_policies=JOB_RETRIES,
    )


def fitted_input(authoring: Authoring) -> ProcessingInput:
    """The files that the model package's metadata name. The step compares their hashes with those of its execution item."""
    return s3_input("fitted", authoring.parameters[parameters.FITTED_S3_URI], layout.INPUT_FITTED_DIR)


def script_processor(authoring: Authoring, role: str, more: Mapping[str, str]) -> ScriptProcessor:
    """A job of our image. All steps run on the same instances, because each holds all price histories in memory."""
    values = authoring.parameters
    return ScriptProcessor(
        role=role,
        image_uri=TEXT["feature_image_uri"],
        command=["python3"],
        instance_type=values[parameters.PROCESSING_INSTANCE_TYPE],
        instance_count=values[parameters.PROCESSING_INSTANCE_COUNT],
        volume_size_in_gb=values[parameters.PROCESSING_VOLUME_GB],
        volume_kms_key=TEXT["kms_key_arn"],
        output_kms_key=TEXT["kms_key_arn"],
        max_runtime_in_seconds=JSON["processing_max_runtime_seconds"],
        env={**processing_environment(authoring), **more},
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


def assets_input(authoring: Authoring) -> ProcessingInput:
    return s3_input("assets", authoring.parameters[parameters.ASSETS_S3_URI], layout.INPUT_ASSETS_DIR)


def s3_input(name: str, uri: PipelineVariable, folder: str) -> ProcessingInput:
    return ProcessingInput(
        input_name=name,
        s3_input=ProcessingS3Input(s3_uri=uri, local_path=folder, s3_data_type="S3Prefix", s3_input_mode="File"),
    )


def output_uri(step: ProcessingStep, name: str) -> Any:
    """The S3 URI of a step's output; the step that refers to it runs after this one."""
    return step.properties.ProcessingOutputConfig.Outputs[name].S3Output.S3Uri


def processing_output(authoring: Authoring, name: str) -> ProcessingOutput:
    """Each output has its own prefix. A manifest goes to the execution's prefix, outside the channels."""
    uri = authoring.under_execution() if name == "manifest" else authoring.under_execution(name)
    return ProcessingOutput(
        output_name=name,
        s3_output=ProcessingS3Output(s3_uri=uri, local_path=f"{layout.OUTPUT_ROOT}/{name}", s3_upload_mode="EndOfJob"),
    )
