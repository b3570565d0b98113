"""The containers of the forecast pipeline: what prepares the requests, and what publishes the forecast."""

from __future__ import annotations

from components.iam import resources
from components.iam.jobs import container_statements
from components.iam.statement import SAGEMAKER, Actor, Statement

PREPARE = Actor(
    "prepare",
    SAGEMAKER,
    "The container that prepares a forecast, and SageMaker around it",
    (
        Statement(
            "ReadFitted",
            ("s3:GetObject",),
            (resources.fitted_objects,),
            "The scales and the fitted state of the model, which the step compares with the model package's hashes",
            by="SageMaker",
        ),
        Statement(
            "WriteOutputs",
            ("s3:AbortMultipartUpload", "s3:PutObject"),
            (resources.prepared_objects,),
            "SageMaker uploads the request lines with their index and the manifest",
            by="SageMaker",
        ),
        Statement("WriteLog", ("s3:PutObject",), (resources.prepare_logs,), "The container uploads its log"),
        *container_statements(resources.assets_bucket, resources.models_bucket),
    ),
)

PUBLISH = Actor(
    "publish",
    SAGEMAKER,
    "The container that publishes a forecast, and SageMaker around it",
    (
        Statement(
            "ReadSamples",
            ("s3:GetObject",),
            (resources.published_inputs,),
            "Request lines, the model's answers, and the model's fitted state and calibration",
            by="SageMaker",
        ),
        Statement(
            "WriteOutputs",
            ("s3:AbortMultipartUpload", "s3:PutObject"),
            (resources.published_objects,),
            "SageMaker uploads the forecast and the manifest",
            by="SageMaker",
        ),
        Statement("WriteLog", ("s3:PutObject",), (resources.publish_logs,), "The container uploads its log"),
        Statement(
            "KeepPredictions",
            ("dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"),
            (resources.prediction_table,),
            "Stores the forecast's rows, and adds the actual values to the rows of earlier forecasts",
        ),
        *container_statements(resources.assets_bucket, resources.models_bucket),
    ),
)
