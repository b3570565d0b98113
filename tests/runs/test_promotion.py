"""What is refused before anything is written to the stack that a model is promoted to."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest

from contracts import model_metadata as metadata
from contracts.problems import ProblemsError
from contracts.regions import deepar_image_uri
from runs.promotion import promote
from runs.stack import Stack
from tests.conftest import aws_session

TEMPLATE = json.dumps({"id": "daily", "baseAssets": ["AAPL"], "predictionLength": 10}).encode()
FOLDER = "executions/t/evaluation"


@pytest.fixture
def target(stack: Stack) -> Stack:
    """Another stack in the same account. Both have a bucket and a model package group."""
    other = Stack(replace(stack.outputs, models_bucket="other-models", model_package_group="other"), aws_session())
    for side in (stack, other):
        place = {"LocationConstraint": side.outputs.region}
        side.s3.create_bucket(Bucket=side.outputs.models_bucket, CreateBucketConfiguration=place)
        side.sagemaker.create_model_package_group(ModelPackageGroupName=side.outputs.model_package_group)
    return other


def register(stack: Stack, image: str, **container: str) -> str:
    """An approved model whose files are in the bucket and have their hashes in its metadata."""
    files = {stem: item.file for stem, item in metadata.FORECAST_FILES.items()} | metadata.FURTHER_FILES
    content = {stem: TEMPLATE if stem == "Template" else stem.encode() for stem in files}
    for stem, name in files.items():
        stack.s3.put_object(Bucket="models", Key=f"{FOLDER}/{name}", Body=content[stem])
    stack.s3.put_object(Bucket="models", Key="executions/t/model/model.tar.gz", Body=b"weights")
    properties = dict.fromkeys(metadata.PROPERTIES, "x") | {metadata.EXECUTION_ID: "t"}
    properties |= {metadata.hash_key(stem): hashlib.sha256(content[stem]).hexdigest() for stem in files}
    properties |= {metadata.uri_key(stem): f"s3://models/{FOLDER}/{files[stem]}" for stem in metadata.FORECAST_FILES}
    container = {"Image": image, "ModelDataUrl": "s3://models/executions/t/model/model.tar.gz", **container}
    created = stack.sagemaker.create_model_package(
        ModelPackageGroupName=stack.outputs.model_package_group,
        InferenceSpecification={"Containers": [container], "SupportedContentTypes": ["a"], "SupportedResponseMIMETypes": ["a"]},
        ModelApprovalStatus="Approved",
        CustomerMetadataProperties=properties,
    )
    return str(created["ModelPackageArn"])


def kept(target: Stack) -> dict[str, Any]:
    """Objects and versions of the target."""
    group = {"ModelPackageGroupName": target.outputs.model_package_group}
    return {
        "objects": target.s3.list_objects_v2(Bucket=target.outputs.models_bucket).get("Contents", []),
        "versions": target.sagemaker.list_model_packages(**group)["ModelPackageSummaryList"],
    }


def test_a_model_with_another_image_is_refused_before_a_file_is_written(stack: Stack, target: Stack) -> None:
    with pytest.raises(ProblemsError, match="image is 'elsewhere/other:1'; allowed: "):
        promote(stack, target, register(stack, "elsewhere/other:1"))
    assert kept(target) == {"objects": [], "versions": []}


def test_a_version_with_other_files_than_before_is_refused_with_what_helps(stack: Stack, target: Stack) -> None:
    package = register(stack, deepar_image_uri(stack.outputs.region))
    promote(stack, target, package)
    before = kept(target)
    stack.s3.put_object(Bucket="models", Key="executions/t/model/model.tar.gz", Body=b"other weights")
    with pytest.raises(ProblemsError) as caught:
        promote(stack, target, package)
    assert f"it came from {package} with other files ({metadata.hash_key(metadata.ARTEFACT)}); train again" in str(caught.value)
    assert kept(target) == before


def test_an_artefact_that_is_not_the_registered_one_is_refused(stack: Stack, target: Stack) -> None:
    etag = hashlib.md5(b"weights", usedforsecurity=False).hexdigest()
    image = deepar_image_uri(stack.outputs.region)
    promote(stack, target, register(stack, image, ModelDataETag=f'"{etag}"'))
    before = kept(target)
    replaced = register(stack, image, ModelDataETag="0" * 32)
    with pytest.raises(ProblemsError, match=f"ETag {etag}.*; SageMaker registered {'0' * 32}; restore the file"):
        promote(stack, target, replaced)
    assert kept(target) == before
