"""A registered model for the tests of what ``runs`` does with models."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

from contracts import model_metadata as metadata
from contracts.status import PREPARE_STEP
from runs.stack import Stack
from tests.fake_sagemaker import FakeSageMaker

PACKAGE = "arn:aws:sagemaker:eu-central-1:123456789012:model-package/group/1"
TEMPLATE = json.dumps(
    {"id": "daily", "baseAssets": ["AAPL"], "frequency": "1D", "predictionLength": 10, "endTraining": "2026-01-01"}
).encode()


def ready_to_forecast(stack: Stack, sagemaker: FakeSageMaker) -> None:
    """Store the prices that the registered model needs, and deploy the forecast pipeline."""
    stack.s3.put_object(Bucket="assets", Key="assets/AAPL.csv", Body=b"Date,Close\n2020-01-01,1\n2020-01-02,2\n")
    register_model(stack, sagemaker)
    sagemaker.definition["Steps"][0]["Name"] = PREPARE_STEP
    sagemaker.definition["Parameters"].append(
        {"Name": "ForecastInstanceType", "Type": "String", "DefaultValue": "ml.c5.xlarge"}
    )


def register_model(stack: Stack, sagemaker: FakeSageMaker) -> None:
    """Put an approved model of the template ``daily`` into the registry, and create the bucket with its files."""
    stack.s3.create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": stack.outputs.region})
    add_package(stack, sagemaker, PACKAGE, TEMPLATE, "t")


def add_package(stack: Stack, sagemaker: FakeSageMaker, arn: str, template: bytes, execution_id: str) -> None:
    """Put an approved version into the registry, and its template into the bucket."""
    folder = f"executions/{execution_id}/evaluation"
    stack.s3.put_object(Bucket="models", Key=f"{folder}/template.json", Body=template)
    properties = dict.fromkeys(metadata.PROPERTIES, "x") | {
        metadata.EXECUTION_ID: execution_id,
        metadata.hash_key("Template"): hashlib.sha256(template).hexdigest(),
        **{metadata.uri_key(stem): f"s3://models/{folder}/{item.file}" for stem, item in metadata.FORECAST_FILES.items()},
    }
    sagemaker.packages[arn] = {
        "ModelPackageArn": arn,
        "ModelPackageVersion": int(arn.rpartition("/")[2]),
        "ModelApprovalStatus": "Approved",
        "CreationTime": datetime(2026, 1, 1, tzinfo=UTC),
        "CustomerMetadataProperties": properties,
    }
