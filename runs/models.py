"""Models in the registry: the versions of a template, and what a forecast needs of one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from contracts import model_metadata as metadata
from contracts.problems import Problem, ProblemsError, one_problem
from contracts.snapshot import ModelVersion
from runs.aws_errors import is_missing_object
from runs.pages import all_entries
from runs.stack import Stack

APPROVED, REJECTED = "Approved", "Rejected"


@dataclass(frozen=True)
class Model:
    """One version of the model package group. ``properties`` are its metadata (:mod:`contracts.model_metadata`)."""

    arn: str
    version: int
    approval: str
    created_at: datetime
    properties: Mapping[str, str]
    template: Mapping[str, Any]

    @property
    def execution_id(self) -> str:
        """The execution that trained it."""
        return str(self.properties.get(metadata.EXECUTION_ID, ""))

    @property
    def fitted_uri(self) -> str:
        """The prefix with the files that a forecast needs."""
        return self.properties[metadata.uri_key("Target")].rpartition("/")[0]

    def frozen(self) -> ModelVersion:
        """What a forecast's snapshot keeps of the model."""
        files = {item.file: self.properties[metadata.hash_key(stem)] for stem, item in metadata.FORECAST_FILES.items()}
        return {
            "PackageArn": self.arn,
            "ExecutionId": self.execution_id,
            "FittedS3Uri": self.fitted_uri,
            "Files": files,
            "BestBaseline": str(self.properties.get("BestBaseline", "")),
        }


def models_of(stack: Stack, template_id: str, approval: str | None = None) -> Iterator[Model]:
    """Yield the versions that were trained with a template, newest first; with ``approval``, only those with this status.

    Versions whose metadata or template file cannot be read are left out: they were registered by other means.
    """
    request: dict[str, Any] = {
        "ModelPackageGroupName": stack.outputs.model_package_group,
        "SortBy": "CreationTime",
        "SortOrder": "Descending",
    }
    if approval:
        request["ModelApprovalStatus"] = approval
    for summary in all_entries(stack.sagemaker, "list_model_packages", "ModelPackageSummaryList", **request):
        model = _read(stack, str(summary["ModelPackageArn"]))
        if model is not None and model.template.get("id") == template_id:
            yield model


def champion(stack: Stack, template_id: str) -> Model | None:
    """Return the newest approved version of a template; None if there is none."""
    return next(models_of(stack, template_id, APPROVED), None)


def approved_model(stack: Stack, template_id: str) -> Model:
    """Return the newest approved version of a template.

    Raises:
        ProblemsError: there is none.
    """
    model = champion(stack, template_id)
    if model is None:
        waiting = next(models_of(stack, template_id), None)
        approve = f"approve one: `runs models approve {waiting.arn}`" if waiting else "train one: `runs start`"
        raise one_problem("models", "template id", template_id, f"it has no approved model; {approve}")
    return model


def model_package(stack: Stack, arn: str) -> Model:
    """Return a version by its ARN.

    Raises:
        ProblemsError: there is none, or it lacks what a forecast needs.
    """
    try:
        model = _read(stack, arn)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("ValidationException", "ResourceNotFound", "ResourceNotFoundException"):
            raise
        raise one_problem("models", "model package", arn, "not found; see `runs models list TEMPLATE`") from error
    if model is None:
        allowed = "allowed: a version that the training pipeline registered, with the files that its metadata name"
        raise one_problem("models", "model package", arn, allowed)
    return model


def decide(stack: Stack, arn: str, approval: str, reason: str) -> Model:
    """Approve or reject a version; ``reason`` is kept with it."""
    model = model_package(stack, arn)
    request = {"ModelPackageArn": model.arn, "ModelApprovalStatus": approval}
    stack.sagemaker.update_model_package(**request, **({"ApprovalDescription": reason} if reason else {}))
    return model


def approval_problems(model: Model) -> Iterator[Problem]:
    """Yield a problem if a version is not approved."""
    if model.approval != APPROVED:
        allowed = f"allowed: a version with the status {APPROVED}; `runs models approve {model.arn}` gives it"
        yield Problem("model package", f"{model.arn} ({model.approval})", allowed)


def bucket_and_key(uri: str) -> tuple[str, str]:
    """Return bucket and key of ``s3://bucket/key``."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def _read(stack: Stack, arn: str) -> Model | None:
    """The version; None if its metadata are not those of our pipeline, or its template file is gone."""
    described = stack.sagemaker.describe_model_package(ModelPackageName=arn)
    properties = {name: str(value) for name, value in (described.get("CustomerMetadataProperties") or {}).items()}
    if not set(metadata.PROPERTIES) <= set(properties):
        return None
    template = _template(stack, properties)
    if template is None:
        return None
    return Model(
        str(described["ModelPackageArn"]),
        int(described.get("ModelPackageVersion", 0)),
        str(described.get("ModelApprovalStatus", "")),
        described["CreationTime"],
        properties,
        template,
    )


def _template(stack: Stack, properties: Mapping[str, str]) -> dict[str, Any] | None:
    """The template of the training, if the file is the one that was registered.

    Raises:
        ProblemsError: the file was replaced since.
    """
    uri, digest = properties[metadata.uri_key("Template")], properties[metadata.hash_key("Template")]
    bucket, key = bucket_and_key(uri)
    try:
        content = stack.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if is_missing_object(error):
            return None
        raise
    found = hashlib.sha256(content).hexdigest()
    if found != digest:
        raise ProblemsError(
            "models", [Problem(uri, f"SHA-256 {found}", f"the model's metadata have {digest}; restore the file")]
        )
    template: dict[str, Any] = json.loads(content)
    return template
