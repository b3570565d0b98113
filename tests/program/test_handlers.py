"""The functions as they were deployed: their code runs by itself, and events reach them and no others."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

from local_run.archives import zip_bytes
from local_run.deployment import Deployment, deploy
from local_run.emulator import Emulator

IMPORTS = """
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
module, function = sys.argv[2].rsplit(".", 1)
assert callable(getattr(importlib.import_module(module), function))
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""
NOT_IN_LAMBDA = {"pydantic", "pulumi", "numpy", "typer", "rich", "moto"}


def test_a_functions_code_is_complete_and_needs_only_what_lambda_has(emulator: Emulator, root: Path, tmp_path: Path) -> None:
    functions = deploy(emulator, root, "dev").of_type("aws:lambda/function:Function")
    assert len(functions) == 4
    for function in functions:
        packed = tmp_path / f"{function.id}.zip"
        packed.write_bytes(zip_bytes(function.state["code"], root))
        code = [sys.executable, "-I", "-c", IMPORTS, str(packed), function.inputs["handler"]]
        done = subprocess.run(code, capture_output=True, text=True, timeout=60, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert set(json.loads(done.stdout)) & NOT_IN_LAMBDA == set()
        with zipfile.ZipFile(io.BytesIO(packed.read_bytes())) as opened:
            assert {name.partition("/")[0] for name in opened.namelist()} <= {"handlers", "runs", "contracts"}


def test_the_rule_hears_our_pipeline_alone_and_calls_the_handler(emulator: Emulator, root: Path) -> None:
    deployment = deploy(emulator, root, "dev")
    outputs, events = deployment.stack_outputs(), emulator.client("events")
    targets = _targets(emulator, deployment)
    assert targets
    for rule, target in targets:
        pattern = json.loads(events.describe_rule(Name=rule)["EventPattern"])
        assert pattern["source"] == ["aws.sagemaker"]
        assert outputs.pipeline_arn in json.dumps(pattern["detail"])
        assert target["DeadLetterConfig"]["Arn"].endswith(outputs.dead_letter_queue_url.rsplit("/", 1)[1])
        function = target["Arn"].rsplit(":", 1)[1]
        policy = json.loads(emulator.client("lambda").get_policy(FunctionName=function)["Policy"])
        sources = [statement["Condition"]["ArnLike"]["AWS:SourceArn"] for statement in policy["Statement"]]
        assert events.describe_rule(Name=rule)["Arn"] in sources


def _targets(emulator: Emulator, deployment: Deployment) -> list[tuple[str, dict[str, dict[str, str]]]]:
    rules = [rule.outputs["name"] for rule in deployment.of_type("aws:cloudwatch/eventRule:EventRule")]
    return [(rule, target) for rule in rules for target in emulator.client("events").list_targets_by_rule(Rule=rule)["Targets"]]
