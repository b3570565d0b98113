"""Batch transforms of request lines: the backtest with the model that was just created, and the forecast with an approved one.

Source: Amazon SageMaker developer guide, "DeepAR Inference Formats" (batch transform: JSON Lines, SingleRecord, Line).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sagemaker.core.transformer import Transformer
from sagemaker.core.workflow.functions import Join
from sagemaker.mlops.workflow.model_step import ModelStep
from sagemaker.mlops.workflow.steps import ProcessingStep, TransformStep

from contracts import backtest, parameters, status
from contracts.backtest import JSON_LINES, MAX_PAYLOAD_MB
from pipeline_def.author.processing import output_uri
from pipeline_def.author.retries import JOB_RETRIES
from pipeline_def.author.session import Authoring
from pipeline_def.template.keys import JSON, TEXT


class ParameterTransformer(Transformer):  # type: ignore[misc]  # the SDK is not installed where types are checked
    """Also accepts a parameter as instance count, as the API does; the SDK's shape accepts only an integer."""

    def _get_transform_request(self, *args: Any, resource_config: dict[str, Any], **rest: Any) -> dict[str, Any]:
        checked = {**resource_config, "instance_count": 1}
        request: dict[str, Any] = super()._get_transform_request(*args, resource_config=checked, **rest)
        resources = request["TransformResources"]
        request["TransformResources"] = resources.model_copy(update={"instance_count": self.instance_count})
        return request


@dataclass(frozen=True)
class TransformJob:
    """One transform step: its name, what a reader sees, its parameters, and the output's prefix below the execution's."""

    name: str
    description: str
    instance_type: str
    instance_count: str
    output: str


BACKTEST = TransformJob(
    status.BACKTEST_STEP,
    "Sampled forecasts of every base asset and window",
    parameters.BACKTEST_INSTANCE_TYPE,
    parameters.BACKTEST_INSTANCE_COUNT,
    "backtest",
)
FORECAST = TransformJob(
    status.FORECAST_STEP,
    "Sampled forecasts of every base asset from its last price",
    parameters.FORECAST_INSTANCE_TYPE,
    parameters.FORECAST_INSTANCE_COUNT,
    "samples",
)


def transform_step(authoring: Authoring, job: TransformJob, requests: ProcessingStep, created: ModelStep) -> TransformStep:
    """One request per line, and one line of samples for each, in the same order. The model brings VPC and role."""
    values = authoring.parameters
    transformer = ParameterTransformer(
        model_name=created.properties.ModelName,
        instance_type=values[job.instance_type],
        instance_count=values[job.instance_count],
        strategy="SingleRecord",
        assemble_with="Line",
        accept=JSON_LINES,
        max_payload=MAX_PAYLOAD_MB,
        output_path=authoring.under_execution(job.output),
        output_kms_key=TEXT["kms_key_arn"],
        volume_kms_key=TEXT["kms_key_arn"],
        env={backtest.INFERENCE_CONFIG_VARIABLE: backtest.INFERENCE_CONFIG},
        tags=JSON["tags"],
        # Without it the SDK asks SageMaker for the model, which does not exist yet. The definition does not contain the name.
        base_transform_job_name=job.name,
        sagemaker_session=authoring.session,
    )
    # The slash keeps the index, which is next to this folder, out of the transform's input.
    lines = Join(on="/", values=[output_uri(requests, "requests"), f"{backtest.LINES_FOLDER}/"])
    return TransformStep(
        name=job.name,
        display_name=job.name,
        description=job.description,
        step_args=transformer.transform(data=lines, content_type=JSON_LINES, split_type="Line"),
        retry_policies=JOB_RETRIES,
    )
