"""The library over the Automation API, on the true CLI: one stack from its first preview to its end."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from deploy_service.failures import ConflictError, ProviderError, SettingsError
from deploy_service.stacks import Stacks
from tests.engine.checkout import Checkout

PIPELINE = "aws:sagemaker/pipeline:Pipeline"
SECRET = "correct horse"


def client(service: str, environment: Mapping[str, str]) -> Any:
    return boto3.client(
        service,
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=environment["AWS_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )


@pytest.fixture
def stacks(checkout: Checkout, environment: Mapping[str, str], tmp_path: Path) -> Stacks:
    found = Stacks(tmp_path / "data", checkout.path, dict(environment))
    settings = yaml.safe_load((checkout.path / "Pulumi.dev.yaml").read_text())["config"]
    found.configure("dev", settings)
    return found


def test_a_stack_from_its_first_preview_to_its_end(
    stacks: Stacks, checkout: Checkout, environment: Mapping[str, str], tmp_path: Path
) -> None:
    for operation in (stacks.drift, stacks.destroy, stacks.outputs):
        with pytest.raises(SettingsError, match="stack dev does not exist"):
            operation("dev")

    first, again = stacks.preview("dev"), stacks.preview("dev")
    assert {step.operation for step in first.steps} == {"create"}
    assert first.counts["create"] == len(first.steps)
    assert first.fingerprint == again.fingerprint
    assert {"encryptionsalt"} <= yaml.safe_load((tmp_path / "data" / "Pulumi.dev.yaml").read_text()).keys()

    seen = []
    done = stacks.up("dev", seen.append)
    assert tuple(seen) == done.events
    assert done.counts["create"] == first.counts["create"]
    assert stacks.preview("dev").steps == []
    assert stacks.outputs("dev")["pipelineName"] == "model-training-dev"
    assert [entry["kind"] for entry in stacks.history("dev")] == ["update"]
    assert stacks.drift("dev").steps == []

    checkout.edit_default("epochs", "17")
    changed = stacks.preview("dev")
    (step,) = changed.steps
    assert (step.operation, step.kind, step.paths) == ("update", PIPELINE, ("pipelineDefinition",))
    checkout.edit_default("epochs", "18")
    assert stacks.preview("dev").fingerprint != changed.fingerprint

    name = stacks.outputs("dev")["executionTable"]
    client("dynamodb", environment).delete_table(TableName=name)
    assert [(step.operation, step.kind) for step in stacks.drift("dev").steps] == [("delete", "aws:dynamodb/table:Table")]

    stacks.destroy("dev")
    assert [entry["kind"] for entry in stacks.history("dev")] == ["destroy", "update"]
    assert SECRET not in json.dumps(stacks.history("dev"))
    assert not list(checkout.path.glob(".*salt*"))
    assert "encryptionsalt" not in (checkout.path / "Pulumi.dev.yaml").read_text()


def test_a_lock_that_another_update_left_is_a_conflict_until_it_is_cancelled(
    stacks: Stacks, environment: Mapping[str, str]
) -> None:
    stacks.preview("dev")
    backend = Path(environment["PULUMI_BACKEND_URL"].removeprefix("file://"))
    locks = backend / ".pulumi" / "locks" / "organization" / "model-training" / "dev"
    locks.mkdir(parents=True, exist_ok=True)
    (locks / "00000000-0000-0000-0000-000000000000.json").write_text(
        json.dumps({"pid": 1, "username": "u", "hostname": "h", "timestamp": "2026-01-01T00:00:00Z"})
    )
    with pytest.raises(ConflictError):
        stacks.up("dev")
    stacks.cancel("dev")
    assert not list(locks.glob("*.json"))


def test_a_provider_that_refuses_is_named_as_such(stacks: Stacks, environment: Mapping[str, str]) -> None:
    """There is another model package group of that name. What was created before stays, and the next update continues there."""
    foreign, group = client("sagemaker", environment), {"ModelPackageGroupName": "model-training-dev-models"}
    foreign.create_model_package_group(**group)
    with pytest.raises(ProviderError, match="model-training-dev-models") as caught:
        stacks.up("dev")
    assert caught.value.advice.startswith("remove the cause")
    foreign.delete_model_package_group(**group)
    stacks.up("dev")
    assert stacks.preview("dev").steps == []
    stacks.destroy("dev")
