"""A killed ``up``: whatever it leaves half-done, of whichever type, ends in a stack without changes."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.engine.cli import Cli, kill
from tests.engine.facts import client

HOLD_SECONDS = 120
PIPELINE = "aws:sagemaker/pipeline:Pipeline"
REGION, ACCOUNT = "eu-central-1", "123456789012"


def _by(id_property: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda inputs: str(inputs[id_property])


#: Types whose creation AWS refuses if the resource exists, or would make a second one: they are imported, by this id.
IMPORTED: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "aws:s3/bucket:Bucket": _by("bucket"),
    "aws:dynamodb/table:Table": _by("name"),
    "aws:iam/role:Role": _by("name"),
    "aws:ecr/repository:Repository": _by("name"),
    "aws:cloudwatch/logGroup:LogGroup": _by("name"),
    "aws:lambda/function:Function": _by("name"),
    "aws:lambda/permission:Permission": lambda inputs: f"{inputs['function']}/{inputs['statementId']}",
    "aws:scheduler/scheduleGroup:ScheduleGroup": _by("name"),
    "aws:scheduler/schedule:Schedule": lambda inputs: f"{inputs['groupName']}/{inputs['name']}",
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": _by("modelPackageGroupName"),
    PIPELINE: _by("pipelineName"),
    "aws:kms/alias:Alias": _by("name"),
    "aws:sqs/queue:Queue": lambda inputs: f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{inputs['name']}",
}
#: The type whose id AWS makes up: the newest key of the account is the one that is pending.
KEY = "aws:kms/key:Key"
#: Types that are only named under ``pending_operations``: creating them again gives the same resource.
REPEATED = (
    "aws:iam/rolePolicy:RolePolicy",
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:s3/bucketVersioning:BucketVersioning",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketLogging:BucketLogging",
    "aws:sns/topicSubscription:TopicSubscription",
    "aws:s3/bucketObjectv2:BucketObjectv2",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy",
    "aws:cloudwatch/eventRule:EventRule",
    "aws:cloudwatch/eventTarget:EventTarget",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:sns/topic:Topic",
    "aws:sns/topicPolicy:TopicPolicy",
    "aws:sqs/queuePolicy:QueuePolicy",
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
    "docker:index/image:Image",
)


def test_a_killed_up_recovers_whatever_it_was_creating(cli: Callable[[str], Cli], tmp_path: Path) -> None:
    """Killed once for each type, after AWS made the resource and before Pulumi knew: the worst moment.

    The settings add the types that only a production stack has.
    """
    deployed = cli("dev")
    for name, value in {"encryptionKey": "create", "accessLogsBucket": "create", "alarmEmail": "a@example.org"}.items():
        deployed.run("config", "set", name, value)
    left = {KEY, *IMPORTED, *REPEATED}
    while (type_ := _kill_while_creating(deployed, left, tmp_path / "held")) is not None:
        left.remove(type_)
        _recover(deployed, type_)
    deployed.require_unchanged()
    assert "pending_operations" not in deployed.export()["deployment"]
    assert client(deployed, "sagemaker").describe_pipeline(PipelineName="model-training-dev")["PipelineName"]
    created = {entry["type"] for entry in deployed.resources() if entry["type"].startswith(("aws:", "docker:"))}
    assert created == {KEY, *IMPORTED, *REPEATED} - left, "every type of the stack was interrupted once"


def _recover(deployed: Cli, type_: str) -> None:
    """As docs/deploying.md says."""
    locked = deployed.run("up", "--yes", "--skip-preview", check=False)
    assert locked.code != 0 and "pulumi cancel" in locked.text
    deployed.run("cancel", "--yes")
    (pending,) = deployed.export()["deployment"]["pending_operations"]
    assert (pending["type"], pending["resource"]["type"]) == ("creating", type_)
    resource = pending["resource"]
    if type_ == KEY:
        _import(deployed, resource, client(deployed, "kms").list_keys()["Keys"][-1]["KeyId"])
    elif type_ in IMPORTED:
        _import(deployed, resource, IMPORTED[type_](resource["inputs"]))
    deployed.run("refresh", "--yes", "--skip-preview", "--clear-pending-creates")
    steps = [step for step in deployed.plan() if step.urn == resource["urn"]]
    expected = {"create"} if type_ in REPEATED else {"update", "same"}
    assert {step.operation for step in steps} <= expected, [(step.operation, step.paths) for step in steps]


def _kill_while_creating(deployed: Cli, types: set[str], mark: Path) -> str | None:
    """Run ``up`` until a resource of one of the types was made, and kill it before it hears of that; None if it ended."""
    mark.unlink(missing_ok=True)
    held = Cli(deployed.project, deployed.stack, deployed.environment, extra={
        "EMULATED_HOLD_TYPES": ",".join(sorted(types)), "EMULATED_HOLD_FILE": str(mark),
    })  # fmt: skip
    # One at a time: otherwise other resources are in flight when the CLI is killed.
    process = held.start("up", "--yes", "--skip-preview", "--parallel", "1")
    deadline = time.monotonic() + HOLD_SECONDS
    while not (mark.exists() and mark.read_text()) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.2)
    if process.poll() is None:
        kill(process)
    try:
        output = "".join(process.communicate(timeout=30))
    except subprocess.TimeoutExpired:
        pytest.fail("a process that the CLI had started outlived it")
    if not mark.exists():
        assert process.returncode == 0, output
        return None
    return mark.read_text()


def _import(deployed: Cli, resource: dict[str, Any], id_: str) -> None:
    """Take what exists into the state."""
    where = ("--parent", f"parent={resource['parent']}", "--protect=false", "--generate-code=false")
    deployed.run("import", resource["type"], resource["urn"].rsplit("::", 1)[1], id_, *where, "--yes", "--skip-preview")


def test_a_truncated_local_state_is_restored_from_its_backup(cli: Callable[[str], Cli]) -> None:
    """A kill in the middle of a write leaves half a file; the CLI keeps the one before it as ``.bak``."""
    deployed = cli("local")
    deployed.up()
    folder = Path(deployed.environment["PULUMI_BACKEND_URL"].removeprefix("file://")) / ".pulumi" / "stacks"
    (state,) = folder.rglob("local.json")
    backup = state.with_suffix(".json.bak")
    assert json.loads(backup.read_text())
    state.write_text(state.read_text()[:200])
    broken = deployed.run("preview", check=False)
    assert broken.code != 0 and "failed to load checkpoint" in broken.text
    shutil.copy(backup, state)
    deployed.run("refresh", "--yes", "--skip-preview", "--clear-pending-creates")
    deployed.up()
    deployed.require_unchanged()
