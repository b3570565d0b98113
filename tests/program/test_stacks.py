"""Each stack of this project, after its deployment onto the emulator."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

from components.handlers import HANDLERS
from contracts.outputs import StackOutputs
from contracts.status import STEPS
from local_run.emulator.resources.archives import zip_bytes
from tests.patience import PATIENCE_SECONDS
from tests.program.support import definition, left_over, texts

IMPORTS = """
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
module, function = sys.argv[2].rsplit(".", 1)
assert callable(getattr(importlib.import_module(module), function))
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""
NOT_IN_LAMBDA = {"pydantic", "pulumi", "numpy", "typer", "rich", "moto"}


def test_it_exports_everything(live: Any) -> None:
    exported = live.deployment.outputs
    assert live.outputs.exported().keys() <= exported.keys()
    assert live.deployment.secret_outputs == ()
    arn = f"arn:aws:sagemaker:eu-central-1:{live.emulator.account_id}:pipeline/{live.outputs.pipeline_name}"
    assert live.outputs.pipeline_arn == arn
    assert StackOutputs.from_mapping(json.loads(json.dumps(exported))) == live.outputs


def test_what_it_exports_exists(live: Any, root: Path) -> None:
    outputs, s3 = live.outputs, live.emulator.client("s3")
    for bucket in (outputs.assets_bucket, outputs.models_bucket, outputs.pipeline_bucket):
        assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    executor_bucket, _, executor_key = outputs.executor_uri.removeprefix("s3://").partition("/")
    stored = s3.get_object(Bucket=executor_bucket, Key=executor_key)["Body"].read()
    assert stored == (root / "fe_image" / "run-fe-step.py").read_bytes()
    tables = set(live.emulator.client("dynamodb").list_tables()["TableNames"])
    assert {value for name, value in vars(outputs).items() if name.endswith("_table")} == tables
    repository, _, tag = outputs.image_uri.partition("/")[2].partition(":")
    images = live.emulator.client("ecr").describe_images(repositoryName=repository, imageIds=[{"imageTag": tag}])
    assert images["imageDetails"][0]["imageTags"] == [tag]
    queue = live.emulator.client("sqs").get_queue_attributes(QueueUrl=outputs.dead_letter_queue_url, AttributeNames=["All"])
    assert queue["Attributes"]["QueueArn"].endswith(outputs.dead_letter_queue_url.rsplit("/", 1)[1])


def test_physical_names_carry_project_and_stack(live: Any) -> None:
    own = f"model-training-{live.deployment.config.stack}"
    names = left_over(live.emulator)
    assert len(names) > 20
    assert {name for name in names if own not in name} == set()


def test_no_key_of_the_definition_is_left_unfilled(live: Any) -> None:
    deployed = definition(live.emulator, live.deployment)
    assert [text for text in texts(deployed) if "{{" in text or "}}" in text] == []
    steps = [step["Name"] for step in deployed["Steps"]]
    inner = [nested["Name"] for step in deployed["Steps"] for nested in step["Arguments"].get("IfSteps", [])]
    assert set(steps + inner) >= set(STEPS)


def test_the_definition_names_the_stacks_own_resources(live: Any) -> None:
    deployed, outputs = definition(live.emulator, live.deployment), live.outputs
    whole = json.dumps(deployed)
    for value in (
        outputs.image_uri,
        outputs.models_bucket,
        outputs.assets_bucket,
        outputs.executor_uri.rpartition("/")[0],
        outputs.execution_table,
        outputs.model_package_group,
    ):
        assert value in whole
    roles = {role.outputs["arn"] for role in live.deployment.of_type("aws:iam/role:Role")}
    named = {text for text in texts(deployed) if text.startswith("arn:aws:iam:")}
    assert named
    assert named <= roles


def test_no_secret_is_shown_or_stored(live: Any) -> None:
    token = live.emulator.client("ecr").get_authorization_token()["authorizationData"][0]["authorizationToken"]
    assert token not in repr(live.deployment)
    assert token not in json.dumps(definition(live.emulator, live.deployment))
    (image,) = live.deployment.of_type("docker:index/image:Image")
    assert image.inputs["registry"] == "[secret]"


def test_a_functions_code_is_complete_and_needs_only_what_lambda_has(live: Any, root: Path, tmp_path: Path) -> None:
    functions = live.deployment.of_type("aws:lambda/function:Function")
    assert len(functions) == len(HANDLERS)
    for function in functions:
        packed = tmp_path / f"{function.id}.zip"
        packed.write_bytes(zip_bytes(function.state["code"], root))
        code = [sys.executable, "-I", "-c", IMPORTS, str(packed), function.inputs["handler"]]
        done = subprocess.run(code, capture_output=True, text=True, timeout=PATIENCE_SECONDS, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert set(json.loads(done.stdout)) & NOT_IN_LAMBDA == set()
        with zipfile.ZipFile(io.BytesIO(packed.read_bytes())) as opened:
            assert {name.partition("/")[0] for name in opened.namelist()} <= {"handlers", "runs", "contracts"}


def test_the_rule_hears_our_pipeline_alone_and_calls_the_handler(live: Any) -> None:
    events = live.emulator.client("events")
    rules = [rule.outputs["name"] for rule in live.deployment.of_type("aws:cloudwatch/eventRule:EventRule")]
    targets = [(rule, target) for rule in rules for target in events.list_targets_by_rule(Rule=rule)["Targets"]]
    assert targets
    for rule, target in targets:
        described = events.describe_rule(Name=rule)
        pattern = json.loads(described["EventPattern"])
        assert pattern["source"] == ["aws.sagemaker"]
        assert live.outputs.pipeline_arn in json.dumps(pattern["detail"])
        assert target["DeadLetterConfig"]["Arn"].endswith(live.outputs.dead_letter_queue_url.rsplit("/", 1)[1])
        function = target["Arn"].rsplit(":", 1)[1]
        policy = json.loads(live.emulator.client("lambda").get_policy(FunctionName=function)["Policy"])
        sources = [statement["Condition"]["ArnLike"]["AWS:SourceArn"] for statement in policy["Statement"]]
        assert described["Arn"] in sources
