"""Every resource type: its outputs, its planned id, its physical name and its deletion."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from typing import Any

import pytest

from local_run.deployment.deploy import Deployment
from local_run.emulator.resources import Properties, resource_of
from tests.local_run.programs.every import every_type_deployed, physical_resources

#: Outputs that the provider leaves empty if they are not set, although its schema marks them as required.
EMPTY_UNLESS_SET = {
    "aws:s3/bucket:Bucket": "accelerationStatus acl bucketNamespace corsRules grants hostedZoneId lifecycleRules logging "
    "objectLockConfiguration policy replicationConfiguration serverSideEncryptionConfiguration versioning website "
    "websiteDomain websiteEndpoint",
    "aws:s3/bucketObjectv2:BucketObjectv2": "checksumCrc32 checksumCrc32c checksumCrc64nvme checksumSha1 checksumSha256 source",
    "aws:dynamodb/table:Table": "globalTableWitness warmThroughput",
}


@pytest.fixture(scope="module")
def deployment() -> Iterator[Deployment]:
    with every_type_deployed() as (_, deployed):
        yield deployed


def sdk_class(type_: str) -> Any:
    package, module, name = type_.split(":")
    folder = module.partition("/")[0]
    folder = {"lambda": "lambda_", "index": ""}.get(folder, folder)
    return getattr(importlib.import_module(".".join(filter(None, (f"pulumi_{package}", folder)))), name)


def required_outputs(type_: str) -> set[str]:
    """Return the wire names of the outputs that the SDK declares as always set."""
    names = set()
    for name, member in inspect.getmembers(sdk_class(type_), lambda item: isinstance(item, property)):
        annotation = str(member.fget.__annotations__.get("return", ""))
        if "Output[" in annotation and "Optional" not in annotation and name not in ("id", "urn"):
            names.add(getattr(member.fget, "_pulumi_name", None) or name)
    return names


def test_the_sdk_finds_every_output_that_it_declares(deployment: Deployment) -> None:
    missing = {}
    for resource, _ in physical_resources(deployment):
        empty = set(EMPTY_UNLESS_SET.get(resource.type, "").split())
        required = required_outputs(resource.type)
        assert required, resource.type
        lacking = required - resource.outputs.keys() - empty
        if lacking:
            missing[resource.type] = lacking
    assert missing == {}


def test_inputs_are_among_the_outputs_unchanged(deployment: Deployment) -> None:
    # Inputs that are only needed to build and push an image.
    kept = {"registry", "build", "buildOnPreview", "skipPush"}
    for resource, _ in physical_resources(deployment):
        for key in resource.inputs.keys() - kept:
            assert resource.outputs[key] == resource.inputs[key], (resource.urn, key)


def test_planned_ids_are_the_ids(deployment: Deployment) -> None:
    for resource, aws in physical_resources(deployment):
        planned = resource_of(resource.type).planned_id(aws, resource.state)
        assert planned is None or planned.endswith(resource.id), resource.urn


def test_a_name_is_generated_if_the_program_sets_none() -> None:
    kind = resource_of("aws:sqs/queue:Queue")
    given: Properties = {"name": "given"}
    assert kind.named(given, "logical", "seed") == given
    assert kind.named({}, "logical", "seed") == kind.named({}, "logical", "seed")
    assert kind.named({}, "logical", "seed") != kind.named({}, "logical", "other")
    assert kind.named({"namePrefix": "pre-"}, "logical", "seed")["name"].startswith("pre-")
    assert resource_of("aws:kms/alias:Alias").named({}, "logical", "seed")["name"].startswith("alias/logical-")
