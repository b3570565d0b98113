"""The Model and RegisterModel steps: moto creates both, and this module keeps what moto does not store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_run.emulator.access import PIPELINE_ACTOR
from local_run.emulator.pipelines.records.shapes import output_members
from local_run.emulator.pipelines.steps.context import StepContext


def run_create_model(context: StepContext) -> None:
    """Create the model. The step's properties are its description."""
    request = {"ModelName": context.resource_name, **context.resolved()}
    context.check_request("CreateModel", request)
    client = context.client("sagemaker", PIPELINE_ACTOR)
    arn = client.create_model(**request)["ModelArn"]
    context.run.metadata = {"Model": {"Arn": arn}}
    _keep(context, "DescribeModel", request["ModelName"], request)
    context.run.properties = plain(client.describe_model(ModelName=request["ModelName"]))


def run_register_model(context: StepContext) -> None:
    """Register a version of the model package. The step's properties are its description."""
    request = context.resolved()
    context.check_request("CreateModelPackage", request)
    client = context.client("sagemaker", PIPELINE_ACTOR)
    with context.services.registry_lock:
        arn = client.create_model_package(**request)["ModelPackageArn"]
    context.run.metadata = {"RegisterModel": {"Arn": arn}}
    _keep(context, "DescribeModelPackage", arn, request)
    context.run.properties = plain(client.describe_model_package(ModelPackageName=arn))


def _keep(context: StepContext, operation: str, key: str, request: Mapping[str, Any]) -> None:
    kept = {name: value for name, value in request.items() if name in output_members(operation)}
    context.services.supplements[(operation, key)] = kept


def plain(response: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a boto3 response back to JSON: without metadata, and with times as seconds since the epoch."""
    return {key: _plain(value) for key, value in response.items() if key != "ResponseMetadata"}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.timestamp() if hasattr(value, "timestamp") else value
