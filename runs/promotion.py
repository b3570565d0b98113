"""Copy a model into another stack, possibly of another account: its files and a version that waits for approval there.

Every file is compared with the hash that the source recorded for it, and read back from the target. The target's version has
the source's metadata with the target's URIs, the hashes of all files, and the model package it came from.
Source: Amazon SageMaker API, CreateModelPackage; Amazon S3 API, PutObject (``ChecksumSHA256``).
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts import model_metadata as metadata
from contracts.problems import Problem, ProblemsError, one_problem
from contracts.regions import deepar_image_uri
from runs.models import Model, approval_problems, model_package
from runs.pages import all_entries
from runs.promotion_files import File, files_of, read_files, write_files
from runs.stack import Stack

WAITING = "PendingManualApproval"
#: What a version in a group is created with, besides its container.
_KEPT = (
    "SupportedContentTypes",
    "SupportedResponseMIMETypes",
    "SupportedRealtimeInferenceInstanceTypes",
    "SupportedTransformInstanceTypes",
)


@dataclass(frozen=True)
class Promoted:
    """The target's version. ``new`` is False if it was there before; ``written`` are the keys that were missing."""

    arn: str
    new: bool
    written: tuple[str, ...]


def promote(source: Stack, target: Stack, package_arn: str) -> Promoted:
    """Copy an approved model from one stack to another. Repeating it changes nothing, and restores files that are missing.

    Raises:
        ProblemsError: the model is not an approved one of ours or has another image, a file is missing or not the one that was
            registered, or the target has other content in its place. Nothing is written then.
    """
    model = model_package(source, package_arn)
    _check(source, target, model)
    described = source.sagemaker.describe_model_package(ModelPackageName=model.arn)
    files = list(files_of(source, model, _container(described)))
    with contextlib.ExitStack() as opened:
        copies = read_files(source, files, opened)
        digests = {metadata.hash_key(copy.file.stem): copy.content.sha256 for copy in copies}
        existing = _existing(target, model.arn, digests)
        request = _registration(source, target, model, described, files, digests)
        written = write_files(target, copies)
    if existing:
        return Promoted(existing, False, written)
    return Promoted(str(target.sagemaker.create_model_package(**request)["ModelPackageArn"]), True, written)


def _check(source: Stack, target: Stack, model: Model) -> None:
    problems = list(approval_problems(model))
    if source.outputs.models_bucket == target.outputs.models_bucket:
        problems.append(Problem("--to", target.outputs.models_bucket, "allowed: the outputs of another stack than the model's"))
    if problems:
        raise ProblemsError("promote", problems)


def _existing(target: Stack, package_arn: str, digests: Mapping[str, str]) -> str | None:
    """The target's version that came from this model package, if any.

    Raises:
        ProblemsError: its files are not those of the source.
    """
    group = {"ModelPackageGroupName": target.outputs.model_package_group}
    for summary in all_entries(target.sagemaker, "list_model_packages", "ModelPackageSummaryList", **group):
        arn = str(summary["ModelPackageArn"])
        properties = target.sagemaker.describe_model_package(ModelPackageName=arn).get("CustomerMetadataProperties") or {}
        if properties.get(metadata.PROMOTED_FROM) == package_arn:
            differing = [name for name, digest in digests.items() if properties.get(name) != digest]
            if differing:
                advice = "train again, and promote the new version"
                allowed = f"it came from {package_arn} with other files ({', '.join(differing)}); {advice}"
                raise one_problem("promote", "the target's model package", arn, allowed)
            return arn
    return None


def _registration(
    source: Stack,
    target: Stack,
    model: Model,
    described: Mapping[str, Any],
    files: list[File],
    digests: Mapping[str, str],
) -> dict[str, Any]:
    """The request that registers the version in the target."""
    moved = {file.uri: f"s3://{target.outputs.models_bucket}/{file.target_key}" for file in files}
    container = _container(described)
    specification = described["InferenceSpecification"]
    properties = {name: moved.get(value, value) for name, value in model.properties.items()}
    return {
        "ModelPackageGroupName": target.outputs.model_package_group,
        "ModelPackageDescription": f"Promoted from {model.arn}",
        "InferenceSpecification": {
            **{name: specification[name] for name in _KEPT if specification.get(name)},
            "Containers": [
                {
                    "Image": _image(source, target, str(container["Image"])),
                    "ModelDataUrl": moved[str(container["ModelDataUrl"])],
                }
            ],
        },
        "ModelMetrics": _moved(described.get("ModelMetrics") or {}, moved),
        "CustomerMetadataProperties": {**properties, **digests, metadata.PROMOTED_FROM: model.arn},
        "ModelApprovalStatus": WAITING,
    }


def _container(described: Mapping[str, Any]) -> Mapping[str, Any]:
    containers: list[Mapping[str, Any]] = described["InferenceSpecification"]["Containers"]
    if len(containers) != 1:
        allowed = f"it has {len(containers)} containers; allowed: one, as the training pipeline registers"
        raise one_problem("promote", "model package", described["ModelPackageArn"], allowed)
    return containers[0]


def _image(source: Stack, target: Stack, image: str) -> str:
    """The built-in algorithm's image in the target's region. A stack is only deployed to a region that has it."""
    if image != deepar_image_uri(source.outputs.region):
        raise one_problem("promote", "image", image, f"allowed: {deepar_image_uri(source.outputs.region)}")
    return deepar_image_uri(target.outputs.region)


def _moved(value: Any, moved: Mapping[str, str]) -> Any:
    """A JSON value with the target's URIs."""
    if isinstance(value, Mapping):
        return {name: _moved(item, moved) for name, item in value.items()}
    return moved.get(value, value) if isinstance(value, str) else value
