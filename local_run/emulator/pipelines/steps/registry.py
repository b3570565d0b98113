"""The Model and RegisterModel steps: moto creates both, and this module keeps what moto does not store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from local_run.emulator.access import PIPELINE_ACTOR
from local_run.emulator.pipelines.errors import StepFailedError
from local_run.emulator.pipelines.records.shapes import output_members
from local_run.emulator.pipelines.steps.context import StepContext


def run_create_model(context: StepContext) -> None:
    """Create the model. The step's properties are its description."""
    request = {"ModelName": context.resource_name, **context.resolved()}
    context.check_request("CreateModel", request)
    client = context.client("sagemaker", PIPELINE_ACTOR)
    package = (request.get("PrimaryContainer") or {}).get("ModelPackageName")
    if package:
        request = {**request, "PrimaryContainer": _approved_container(client, package)}
    arn = client.create_model(**request)["ModelArn"]
    context.run.metadata = {"Model": {"Arn": arn}}
    _keep(context, "DescribeModel", request["ModelName"], request)
    context.run.properties = plain(client.describe_model(ModelName=request["ModelName"]))


def _approved_container(client: Any, package: str) -> dict[str, Any]:
    """The container of a model package, which SageMaker puts in its place. The version must be approved."""
    try:
        described = client.describe_model_package(ModelPackageName=package)
    except ClientError as error:
        raise StepFailedError(f"ClientError: {error.response['Error']['Message']}") from error
    if described.get("ModelApprovalStatus") != "Approved":
        status = described.get("ModelApprovalStatus")
        raise StepFailedError(f"ClientError: Model package {package} is not approved; its ModelApprovalStatus is {status}")
    (container,) = described["InferenceSpecification"]["Containers"]
    return {name: container[name] for name in ("Image", "ModelDataUrl", "Environment") if container.get(name)}


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
