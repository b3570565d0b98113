"""The pipeline's definition as it was deployed: filled from the stack's own resources, and from nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contracts.status import STEPS
from local_run.deployment import deploy
from local_run.emulator import Emulator
from tests.program.support import definition, texts


@pytest.mark.parametrize("stack", ["dev", "prod", "local"])
def test_no_key_is_left_unfilled(emulator: Emulator, root: Path, stack: str) -> None:
    deployed = definition(emulator, deploy(emulator, root, stack))
    assert [text for text in texts(deployed) if "{{" in text or "}}" in text] == []
    steps = [step["Name"] for step in deployed["Steps"]]
    inner = [nested["Name"] for step in deployed["Steps"] for nested in step["Arguments"].get("IfSteps", [])]
    assert set(steps + inner) >= set(STEPS)


def test_it_names_the_stacks_resources(emulator: Emulator, root: Path) -> None:
    deployment = deploy(emulator, root, "dev")
    outputs = deployment.stack_outputs()
    whole = json.dumps(definition(emulator, deployment))
    for value in (
        outputs.image_uri,
        outputs.models_bucket,
        outputs.assets_bucket,
        outputs.executor_uri.rpartition("/")[0],
        outputs.execution_table,
        outputs.feature_importance_table,
        outputs.model_package_group,
    ):
        assert value in whole
    roles = {role.outputs["arn"] for role in deployment.of_type("aws:iam/role:Role")}
    named = {text for text in texts(definition(emulator, deployment)) if text.startswith("arn:aws:iam:")}
    assert named
    assert named <= roles


@pytest.mark.parametrize("setting", ["assetsBucketName", "modelsBucketName", "pipelineBucketName"])
def test_another_bucket_name_changes_the_definition_there_and_nowhere_else(
    emulator: Emulator, root: Path, setting: str
) -> None:
    before = deploy(emulator, root, "dev")
    old_text = json.dumps(definition(emulator, before))
    emulator.reset()
    after = deploy(emulator, root, "dev", {f"model-training:{setting}": "another-name"})
    new_text = json.dumps(definition(emulator, after))
    noun = setting.removesuffix("BucketName")
    assert new_text != old_text
    assert after.outputs[f"{noun}Bucket"] == "another-name"
    assert new_text.replace("another-name", before.outputs[f"{noun}Bucket"]) == old_text


def test_settings_reach_the_definition(emulator: Emulator, root: Path) -> None:
    changed = {"trainingInstanceType": "ml.g5.xlarge", "processingInstanceType": "ml.m5.2xlarge", "logSyncSeconds": 7}
    deployed = definition(emulator, deploy(emulator, root, "dev", changed))
    defaults = {parameter["Name"]: parameter.get("DefaultValue") for parameter in deployed["Parameters"]}
    assert defaults["TrainingInstanceType"] == "ml.g5.xlarge"
    assert defaults["ProcessingInstanceType"] == "ml.m5.2xlarge"
    environments = [step["Arguments"]["Environment"] for step in deployed["Steps"] if "Environment" in step["Arguments"]]
    assert "7" in {environment.get("LOG_SYNC_SECONDS") for environment in environments}
