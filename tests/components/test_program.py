from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from dataclasses import fields

import pytest
from pulumi import Alias, ResourceOptions

import components
from components.context import StackContext
from components.tables import Tables
from contracts.outputs import FURTHER_OUTPUTS, StackOutputs, exported_name
from contracts.problems import ProblemsError
from settings import parse
from tests.components.recording import ACCOUNT, PROJECT, ROOT, Recorder, configuration, run_in_context, run_program
from tests.patience import PATIENCE_SECONDS

TAGGED = {
    "aws:s3/bucket:Bucket", "aws:dynamodb/table:Table", "aws:ecr/repository:Repository", "aws:iam/role:Role",
    "aws:sagemaker/pipeline:Pipeline", "aws:sagemaker/modelPackageGroup:ModelPackageGroup", "aws:lambda/function:Function",
    "aws:cloudwatch/logGroup:LogGroup", "aws:cloudwatch/eventRule:EventRule", "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:sqs/queue:Queue", "aws:sns/topic:Topic", "aws:scheduler/scheduleGroup:ScheduleGroup", "aws:kms/key:Key",
    "aws:s3/bucketObjectv2:BucketObjectv2",
}  # fmt: skip

#: Types without data or data protection, which `pulumi up` creates again → why deleting them loses nothing.
REPRODUCIBLE = {
    "aws:s3/bucketObjectv2:BucketObjectv2": "its content is in the repository; a replaced executor is retained",
    "docker:index/image:Image": "a tag in the protected repository; deleting it removes nothing from the registry",
    "aws:iam/role:Role": "grants access; without it nobody has more",
    "aws:iam/rolePolicy:RolePolicy": "grants access; without it nobody has more",
    "aws:sagemaker/pipeline:Pipeline": "its definition is in the repository",
    "aws:lambda/function:Function": "its code is in the repository",
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": "goes with its function",
    "aws:lambda/permission:Permission": "grants access; without it nobody has more",
    "aws:cloudwatch/eventRule:EventRule": "holds no data",
    "aws:cloudwatch/eventTarget:EventTarget": "holds no data",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "holds no data",
    "aws:scheduler/scheduleGroup:ScheduleGroup": "holds no data",
    "aws:scheduler/schedule:Schedule": "holds no data",
    "aws:sns/topic:Topic": "alarms are delivered at once, not kept",
    "aws:sns/topicPolicy:TopicPolicy": "goes with its topic",
    "aws:sns/topicSubscription:TopicSubscription": "goes with its topic",
}


def test_exports_are_the_contract(recorded: Recorder) -> None:
    named = [field.name for field in fields(StackOutputs)]
    assert set(recorded.exports) == {exported_name(name) for name in (*named, *FURTHER_OUTPUTS)}
    outputs = StackOutputs.from_mapping(recorded.exports)
    assert outputs.pipeline_arn == f"arn:aws:sagemaker:eu-central-1:{ACCOUNT}:pipeline/{outputs.pipeline_name}"
    assert outputs.executor_uri.startswith(f"s3://{outputs.pipeline_bucket}/code/")
    assert outputs.image_uri.startswith(f"{outputs.repository_url}:")


def test_no_name_is_used_twice(recorded: Recorder) -> None:
    names = Counter((resource.type, resource.name) for resource in recorded.resources)
    assert [name for name, count in names.items() if count > 1] == []


def test_the_docstring_lists_what_the_program_uses(dev: Recorder, everything: Recorder) -> None:
    documented = set(re.findall(r"``((?:aws|docker):[a-zA-Z0-9]+/[a-zA-Z0-9]+:[A-Za-z0-9]+)``", str(components.__doc__)))
    used = {resource.type for run in (dev, everything) for resource in run.resources if not resource.type.startswith(PROJECT)}
    asked = {*everything.invokes, "aws:ecr/getImages:getImages"}
    assert documented == used | asked
    classes = set(re.findall(r"``(?:model-training:)?([a-z_]+:[A-Z][A-Za-z]+)``", str(components.__doc__)))
    assert classes == {
        resource.type.removeprefix(f"{PROJECT}:") for resource in everything.resources if PROJECT in resource.type
    }


def test_everything_taggable_says_whose_it_is(recorded: Recorder) -> None:
    for resource in recorded.resources:
        if resource.type in TAGGED:
            assert resource.inputs["tags"] == {"project": PROJECT, "stack": recorded.stack, "owner": "data-science"}, resource
        else:
            assert "tags" not in resource.inputs, f"{resource.type} takes tags: add it to TAGGED"


def test_what_holds_configures_or_secures_data_is_protected(prod: Recorder, everything: Recorder) -> None:
    """By class: each resource type of the program is protected, or in the table with the reason why it need not be."""
    for recorded in (prod, everything):
        requests = [(kind, request) for (kind, _), request in recorded.requests.items() if kind.startswith(("aws:", "docker:"))]
        assert {kind for kind, request in requests if not request.protect} <= REPRODUCIBLE.keys()
        assert not {kind for kind, request in requests if request.protect} & REPRODUCIBLE.keys()


def test_a_protected_component_protects_everything_in_it(everything: Recorder) -> None:
    """Resources that belong to a bucket, table, queue, key or log group have it as a parent, so they are not deleted alone."""
    protected = {request.parent for request in everything.requests.values() if request.protect}
    for (kind, name), request in everything.requests.items():
        alone = kind in ("docker:index/image:Image", "aws:s3/bucketObjectv2:BucketObjectv2") or kind in REPRODUCIBLE
        assert request.protect or request.parent not in protected or alone or kind.startswith(PROJECT), name


def test_nothing_is_protected_in_dev(dev: Recorder) -> None:
    assert not [kind for (kind, _), request in dev.requests.items() if request.protect]


def test_a_component_parents_all_its_resources(everything: Recorder) -> None:
    root = f"{PROJECT}-{everything.stack}"
    for (kind, name), request in everything.requests.items():
        if kind.startswith(("aws:", "docker:")):
            assert not request.parent.endswith(f"::{root}"), f"{kind} {name} is outside of every component"


def test_wrong_settings_stop_the_program_before_any_resource() -> None:
    recorder = Recorder(region="eu-central-1")
    with pytest.raises(ProblemsError) as caught:
        run_program("dev", recorder, trainingInstanceType="m5.xlarge", alarmEmail="me")
    assert len(caught.value.problems) == 2
    assert recorder.resources == []


def test_the_deploy_path_imports_nothing_heavy() -> None:
    code = (
        "import sys, runpy; sys.path.insert(0, '.')\n"
        "import components.alarms, components.image, components.pipeline, components.storage, components.tables, settings\n"
        "heavy = {'sagemaker', 'numpy', 'pandas', 'jax', 'moto', 'typer', 'rich', 'talib', 'sklearn'} & sys.modules.keys()\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_entry_is_one_page() -> None:
    assert len((ROOT / "__main__.py").read_text().splitlines()) < 80


def test_nothing_in_the_program_knows_of_the_emulator() -> None:
    program = [ROOT / "__main__.py", ROOT / "settings.py", *(ROOT / "components").rglob("*.py")]
    for path in program:
        assert not re.search(r"moto|emulator|local_run|localhost|127\.0\.0\.1|endpoint_url", path.read_text(), re.I), path


def test_a_childs_name_begins_with_its_parents(everything: Recorder) -> None:
    """So that the engine can derive the children's old names from a renamed component's alias (docs/adr/0001-names.md)."""
    for (kind, name), request in everything.requests.items():
        parent_kind, _, parent = request.parent.rpartition("::")
        if not parent_kind.endswith("pulumi:pulumi:Stack") and kind != "pulumi:pulumi:Stack":
            assert name.startswith(f"{parent}-"), f"{kind} {name} under {parent}"


def test_a_renamed_component_passes_its_old_name_on() -> None:
    recorder = Recorder(region="eu-central-1")
    settings = parse(PROJECT, "dev", configuration("dev"))

    def program() -> None:
        alias = ResourceOptions(aliases=[Alias(name="tables")])
        Tables("data", StackContext.create(settings, ACCOUNT), alias)

    run_in_context(program, recorder, {})
    component = recorder.requests[("model-training:tables:Tables", "data")]
    assert [alias.spec.name for alias in component.aliases] == ["tables"]
    names = {name for kind, name in recorder.requests if kind == "aws:dynamodb/table:Table"}
    assert all(name.startswith("data-") for name in names)
