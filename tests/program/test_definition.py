"""The pipeline's definition as it was deployed: filled from the stack's own resources, and from nothing else."""

from __future__ import annotations

import json
from pathlib import Path

from local_run.deployment.deploy import deploy
from local_run.emulator.server import Emulator
from tests.program.support import definition


def test_settings_reach_the_definition(emulator: Emulator, root: Path) -> None:
    changed = {"trainingInstanceType": "ml.g5.xlarge", "processingInstanceType": "ml.m5.2xlarge", "logSyncSeconds": 7}
    deployed = definition(emulator, deploy(emulator, root, "dev", changed))
    defaults = {parameter["Name"]: parameter.get("DefaultValue") for parameter in deployed["Parameters"]}
    assert defaults["TrainingInstanceType"] == "ml.g5.xlarge"
    assert defaults["ProcessingInstanceType"] == "ml.m5.2xlarge"
    environments = [step["Arguments"]["Environment"] for step in deployed["Steps"] if "Environment" in step["Arguments"]]
    assert "7" in {environment.get("LOG_SYNC_SECONDS") for environment in environments}


def test_another_bucket_name_changes_the_definition_there_and_nowhere_else(emulator: Emulator, root: Path) -> None:
    before = deploy(emulator, root, "dev")
    old_text = json.dumps(definition(emulator, before))
    for noun in ("assets", "models", "pipeline"):
        emulator.reset()
        after = deploy(emulator, root, "dev", {f"model-training:{noun}BucketName": "another-name"})
        new_text = json.dumps(definition(emulator, after))
        assert new_text != old_text
        assert after.outputs[f"{noun}Bucket"] == "another-name"
        assert new_text.replace("another-name", before.outputs[f"{noun}Bucket"]) == old_text
