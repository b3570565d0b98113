"""A stack's whole life, for dev and prod in one account: made, seen unchanged, changed in one default, destroyed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.checkout import Checkout
from tests.engine.cli import UNKNOWN, Cli, Step
from tests.engine.facts import client, differences

PIPELINE = "aws:sagemaker/pipeline:Pipeline"


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_stack_from_first_preview_to_destroy(stack: str, cli: Callable[[str], Cli], checkout: Checkout) -> None:
    deployed = cli(stack)
    assert {step.operation for step in deployed.plan()} == {"create"}
    deployed.up()
    deployed.require_unchanged()
    assert _definition(deployed) == json.loads(_inputs_of_pipeline(deployed)["pipelineDefinition"])

    checkout.edit_default("epochs", "17")
    (step,) = deployed.plan()
    _assert_only_a_default_changes(step, "epochs", 17)
    deployed.up()
    assert _default(_definition(deployed), "epochs") == 17
    deployed.require_unchanged()

    if stack == "prod":
        _assert_refuses_to_be_destroyed(deployed)
        deployed.run("config", "set", "protectData", "false")
        deployed.up()
    deployed.run("destroy", "--yes", "--skip-preview")
    assert deployed.resources() == []
    assert _left_in_the_cloud(deployed) == []


def _assert_only_a_default_changes(step: Step, parameter: str, value: object) -> None:
    assert (step.type, step.operation, step.paths) == (PIPELINE, "update", ("pipelineDefinition",))
    assert UNKNOWN not in json.dumps(step.new)
    assert {key for key in step.old.keys() | step.new.keys() if step.old.get(key) != step.new.get(key)} == {
        "pipelineDefinition"
    }
    old, new = json.loads(step.old["pipelineDefinition"]), json.loads(step.new["pipelineDefinition"])
    index = [entry["Name"] for entry in new["Parameters"]].index(parameter)
    assert differences(old, new) == [f"Parameters[{index}].DefaultValue"]
    assert _default(new, parameter) == value


def _assert_refuses_to_be_destroyed(deployed: Cli) -> None:
    before = deployed.resources()
    refused = deployed.run("destroy", "--yes", check=False)
    assert refused.code != 0
    assert "protect" in refused.text
    assert [entry["urn"] for entry in deployed.resources()] == [entry["urn"] for entry in before]
    deployed.require_unchanged()
    # Even with Pulumi's own protection lifted, AWS keeps the tables.
    table = deployed.outputs()["executionTable"]
    with pytest.raises(Exception, match="deletion protection|DeletionProtection"):
        client(deployed, "dynamodb").delete_table(TableName=table)


def _definition(deployed: Cli) -> Any:
    name = deployed.outputs()["pipelineName"]
    return json.loads(client(deployed, "sagemaker").describe_pipeline(PipelineName=name)["PipelineDefinition"])


def _default(definition: Any, parameter: str) -> object:
    (found,) = [entry["DefaultValue"] for entry in definition["Parameters"] if entry["Name"] == parameter]
    return found


def _inputs_of_pipeline(deployed: Cli) -> dict[str, Any]:
    (found,) = [
        entry["inputs"]
        for entry in deployed.resources()
        if entry["type"] == PIPELINE and entry["urn"].endswith("::pipeline-pipeline")
    ]
    return dict(found)


def _left_in_the_cloud(deployed: Cli) -> list[str]:
    """Names of what there still is, of every kind that holds data or costs money."""
    prefix = f"model-training-{deployed.stack}"
    found = [bucket["Name"] for bucket in client(deployed, "s3").list_buckets()["Buckets"]]
    found += client(deployed, "dynamodb").list_tables()["TableNames"]
    found += [item["PipelineName"] for item in client(deployed, "sagemaker").list_pipelines()["PipelineSummaries"]]
    found += [item["repositoryName"] for item in client(deployed, "ecr").describe_repositories()["repositories"]]
    found += [item["FunctionName"] for item in client(deployed, "lambda").list_functions()["Functions"]]
    found += [item["RoleName"] for item in client(deployed, "iam").list_roles()["Roles"]]
    found += [item["Name"] for item in client(deployed, "events").list_rules()["Rules"]]
    found += [item["Name"] for item in client(deployed, "scheduler").list_schedules()["Schedules"]]
    return [name for name in found if name.startswith(prefix)]
