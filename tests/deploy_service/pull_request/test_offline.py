"""Previews of two revisions: of a small repository for each rule, and once of this one."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from contracts.problems import ProblemsError
from deploy_service.cli import app
from deploy_service.pull_request import commands
from deploy_service.pull_request.changes import compare, differences
from deploy_service.pull_request.commands import NEEDS_ATTENTION
from deploy_service.pull_request.cost import cost
from deploy_service.pull_request.markdown import render
from deploy_service.pull_request.model import Preview, Verdict, read_preview
from deploy_service.pull_request.offline import Side, preview_offline
from deploy_service.pull_request.pipelines import pipeline_changes
from deploy_service.pull_request.revisions import WORKING_TREE, default_base, export, resolve
from tests.deploy_service.pull_request.programs import PACK, Repository
from tests.engine.checkout import Checkout

TABLES = "table('a', tags={'owner': 'x'})\ntable('b', {'protect': True})\ntable('c', {'retain_on_delete': True})\n"
BASE = (
    TABLES + "Thing('aws:sqs/queue:Queue', 'q', {'name': 'q', 'policy': '{\"Statement\": [{\"Action\": [\"a\", \"b\"]}]}'})\n"
)
HEAD = (
    "table('a', hashKey='Key', tags={'owner': 'x'})\ntable('d')\n"
    "Thing('aws:sqs/queue:Queue', 'q', {'name': 'q', 'policy': '{\"Statement\": [{\"Action\": [\"a\", \"b\", \"c\"]}]}'})\n"
)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return Repository.create(tmp_path_factory.mktemp("git") / "repository")


@pytest.fixture(scope="module")
def found(repository: Repository) -> Preview:
    base, head = repository.program(BASE), repository.program(HEAD)
    return preview_offline(repository.path, "dev", Side(base), Side(head))


def test_the_changes_are_those_of_the_programs(found: Preview) -> None:
    assert found.error is None
    assert [(change.operation, change.name) for change in found.resources] == [
        ("delete", "b"),
        ("replace", "a"),
        ("delete", "c"),
        ("update", "q"),
        ("create", "d"),
    ]
    deleted, replaced, forgotten, updated, _ = found.resources
    assert deleted.protected and deleted.loses_data and forgotten.retained and not forgotten.loses_data
    assert [(item.path, item.old, item.new) for item in replaced.properties if item.replaces] == [("hashKey", "'Id'", "'Key'")]
    assert [(item.path, item.old, item.new) for item in updated.properties] == [
        ("policy.Statement[0].Action[2]", None, "'c'"),
    ]
    assert found.unchanged == 0


def test_what_the_pack_reports_is_known_of_the_base_or_new(found: Preview) -> None:
    assert found.verdict is Verdict.BLOCKED
    assert [(finding.message, finding.existing) for finding in found.findings] == [
        ("d has no owner", False),
        ("q has no owner", True),
    ]
    assert found.exemptions == ["3 resources. Reason: small. Owner: team"]


def test_the_same_revision_changes_nothing(repository: Repository) -> None:
    head = repository.program("table('a')\n")
    same = preview_offline(repository.path, "dev", Side(head), Side(head))
    assert (same.resources, same.unchanged, same.pipelines) == ([], 1, [])
    assert [finding.existing for finding in same.findings] == [True]


def test_uncommitted_and_new_files_belong_to_the_working_tree(repository: Repository) -> None:
    repository.program("import other\n")
    repository.write("other.py", "import pulumi\npulumi.CustomResource('aws:sns/topic:Topic', 'new', {})\n")
    index = repository.git("status", "--porcelain")
    result = preview_offline(repository.path, "dev", Side(repository.program("")), Side(WORKING_TREE))
    assert result.head == WORKING_TREE
    repository.write("__main__.py", "import other\n")
    result = preview_offline(repository.path, "dev", Side("HEAD"), Side(WORKING_TREE))
    assert [(change.operation, change.name) for change in result.resources] == [("create", "new")]
    assert index and not list(repository.path.glob(".git/preview.index*"))


@pytest.mark.parametrize(("broken", "words"), [("head", "this change"), ("base", "the base")])
def test_a_program_that_does_not_run_is_a_result(repository: Repository, broken: str, words: str) -> None:
    bad, good = repository.program("raise ValueError('no')\n"), repository.program("")
    base, head = (bad, good) if broken == "base" else (good, bad)
    result = preview_offline(repository.path, "dev", Side(base), Side(head))
    assert result.verdict is Verdict.FAILED and result.error is not None
    assert result.error.startswith(f"The program of {words} does not run: __main__.py, line ")


def test_a_stack_without_settings_is_a_result(repository: Repository) -> None:
    head = repository.program("")
    result = preview_offline(repository.path, "prod", Side(head), Side(head))
    assert result.error is not None and "did you mean" not in result.error and "allowed: dev" in result.error


def test_changed_requirements_and_policies_are_noted(repository: Repository) -> None:
    base = repository.program("table('a')\n")
    repository.write("requirements.txt", "pulumi\n")
    repository.write("policies/pack.py", "def policies():\n    raise OSError('no pack today')\n")
    broken = preview_offline(repository.path, "dev", Side(base), Side(repository.commit()))
    assert [note.split()[:2] for note in broken.notes] == [
        ["requirements.txt", "changes,"],
        ["The", "policies"],
        ["The", "policies"],
    ]
    assert broken.notes[2] == "The policies did not run: OSError: no pack today" and broken.findings == []
    repository.git("rm", "--quiet", "policies/pack.py")
    gone = preview_offline(repository.path, "dev", Side(base), Side(repository.commit()))
    assert gone.notes[-1] == "This revision has no policy pack."
    repository.write("policies/pack.py", PACK)


@pytest.mark.parametrize("revision", ["missing", "--help", "a:b", "", "x y"])
def test_a_revision_that_does_not_exist_is_one_message(repository: Repository, revision: str) -> None:
    repository.program("")
    with pytest.raises(ProblemsError, match="--base is .*allowed: a branch, a tag or a commit"):
        resolve(repository.path, revision, "--base")


def test_attributes_and_links_of_a_revision_do_not_reach_outside_it(repository: Repository, tmp_path: Path) -> None:
    repository.write(".gitattributes", "Pulumi.dev.yaml export-ignore\n")
    (repository.path / "link").symlink_to("/etc/passwd")
    head = repository.commit()
    folder = tmp_path / "tree"
    folder.mkdir()
    export(repository.path, resolve(repository.path, head, "--head"), folder)
    assert (folder / "Pulumi.dev.yaml").is_file()
    assert not (folder / "link").is_symlink() and (folder / "link").read_text() == "/etc/passwd"
    (repository.path / "link").unlink()


def test_the_default_base_is_where_the_branch_left_main(repository: Repository) -> None:
    start = repository.program("")
    repository.git("checkout", "--quiet", "-b", "topic")
    repository.program("table('a')\n")
    assert default_base(repository.path) == start
    repository.git("checkout", "--quiet", "main")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": True}, ["a"]),
        ({"a": [1, 2]}, {"a": [2, 1]}, ["a[0]", "a[1]"]),
        ({"a": [1, 1, 2]}, {"a": [1, 2]}, ["a"]),
        ({"a": [1, 2, 3]}, {"a": [1, 3]}, ["a[1]"]),
        ({"a": '{"x": 1}'}, {"a": '{"x": 2}'}, ["a.x"]),
        ({"a": '{"x":1}'}, {"a": '{"x": 1}'}, ["a"]),
        ({"a": "{"}, {"a": '{"x": 1}'}, ["a"]),
        ({}, {"a": None}, ["a"]),
    ],
)
def test_differences(old: dict[str, Any], new: dict[str, Any], expected: list[str]) -> None:
    assert [path for path, _, _ in differences(old, new)] == expected


def _resource(name: str, inputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    options = {"protect": False, "retain_on_delete": False, "replace_on_changes": [], "ignore_changes": [], "aliases": []}
    own = {"urn": f"urn:{name}", "type": "aws:s3/bucket:Bucket", "name": name, "custom": True, "inputs": inputs, "sources": {}}
    return {**own, **options, **more}


def test_a_renamed_resource_with_an_alias_is_not_replaced(repository: Repository) -> None:
    base = repository.program("Thing('aws:sns/topic:Topic', 'old', {})\n")
    head = repository.program("Thing('aws:sns/topic:Topic', 'new', {}, aliases=[pulumi.Alias(name='old')])\n")
    result = preview_offline(repository.path, "dev", Side(base), Side(head))
    assert (result.error, result.resources, result.unchanged) == (None, [], 1)


def test_an_alias_is_the_same_resource_and_an_ignored_property_no_change() -> None:
    old = _resource("old", {"bucket": "b", "tags": {"a": "1"}})
    new = _resource("new", {"bucket": "b", "tags": {"a": "2"}}, aliases=["urn:old"], ignore_changes=["tags"])
    assert compare([old], [new]).unchanged == 1


def test_a_secret_looking_value_is_masked_and_long_values_show_where_they_differ() -> None:
    old = _resource("x", {"password": "hunter2hunter2", "text": "a" * 500 + "old", "other": "s"})
    new = _resource("x", {"password": "hunter3hunter3", "text": "a" * 500 + "new", "other": "t"})
    (change,) = compare([old], [new]).resources
    by_path = {item.path: item for item in change.properties}
    assert "hunter" not in change.model_dump_json()
    assert str(by_path["text"].old).endswith("old'") and str(by_path["text"].new).endswith("new'")


def test_the_end_of_a_protection_is_a_change() -> None:
    (change,) = compare([_resource("x", {}, protect=True)], [_resource("x", {})]).resources
    assert change.operation == "update" and change.protection_ends and not change.protected


@pytest.mark.parametrize("definition", ['{"Parameters": 1}', '{"Steps": [1]}', '{"Parameters": [{}]}', "[]", "{", '"x"', "1"])
def test_a_definition_of_another_shape_has_no_price_and_no_traceback(definition: str) -> None:
    kind = {"type": "aws:sagemaker/pipeline:Pipeline"}
    old = _resource("p", {"pipelineName": "p", "pipelineDefinition": "{}"}, **kind)
    new = _resource("p", {"pipelineName": "p", "pipelineDefinition": definition}, **kind)
    assert [change.name for change in pipeline_changes([old], [new])] == ["p"]
    assert [line.item for line in cost([old], [new]).lines] == ["an execution of p"]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return Checkout.of_this_repository(tmp_path_factory.mktemp("whole") / "checkout")


@pytest.mark.slow
def test_the_command_previews_this_program(checkout: Checkout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A renamed bucket, another default of a hyperparameter, a schedule and a larger instance, from the command line."""
    base = checkout.commit("base")
    checkout.edit_template_default("epochs", "300")
    with (checkout.path / "Pulumi.dev.yaml").open("a", encoding="utf-8") as file:
        file.write("  model-training:modelsBucketName: renamed-bucket\n  model-training:trainingInstanceType: ml.c5.4xlarge\n")
        file.write("  model-training:forecastSchedule: rate(1 day)\n  model-training:forecastTemplate: demo\n")
    monkeypatch.setattr(commands, "ROOT", checkout.path)
    out = tmp_path / "preview.json"
    arguments = ["preview", "--stack", "dev", "--offline", "--base", base, "--format", "json", "--out", str(out), "--exit-code"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == NEEDS_ATTENTION, done.output
    found = read_preview(out)
    assert found.verdict is Verdict.DATA and not [finding for finding in found.findings if finding.mandatory]
    lost = [(change.operation, change.name) for change in found.resources if change.loses_data]
    assert lost == [("replace", "storage-models-bucket")]
    text = render(found)
    assert "replaced because `bucket`: " in text and "default: `100` → `300`" in text
    costs = {line.item: line for line in found.cost.lines}
    training = costs["an execution of model-training-dev"]
    assert training.before is not None and training.after is not None and training.after > training.before
    assert costs["30 scheduled executions of model-training-dev-forecast"].before is None
    assert not json.loads(out.read_text())["error"] and found.unchanged > 50
    head = subprocess.run(
        ["git", "-C", str(checkout.path), "status", "--porcelain"], capture_output=True, text=True, check=True
    )
    assert head.stdout.split() == ["M", "Pulumi.dev.yaml", "M", "pipeline_def/template/pipeline.json.mustache"]


def test_the_online_preview_names_the_command_of_the_engine() -> None:
    done = CliRunner().invoke(app, ["preview", "--stack", "dev"])
    assert isinstance(done.exception, ProblemsError) and "`pulumi preview`" in str(done.exception)


def test_a_file_that_cannot_be_written_is_reported_before_the_programs_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "offline_preview", lambda *arguments: pytest.fail("it ran"))
    (tmp_path / "file").write_text("")
    done = CliRunner().invoke(app, ["preview", "--offline", "--out", str(tmp_path / "file" / "preview.json")])
    assert isinstance(done.exception, ProblemsError) and "--out is " in str(done.exception)
