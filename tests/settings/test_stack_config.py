"""Reading ``Pulumi.yaml`` and the stack files without the CLI, compared with the CLI itself if it is installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from contracts.problems import ProblemsError
from settings import parse
from stack_config import read_stack_config, stacks
from tests.patience import PATIENCE_SECONDS

ROOT = Path(__file__).parents[2]
DECLARED = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
Write = Callable[[str, str], Path]

PROJECT = """
name: shop
runtime: python
config:
  owner: {type: string, default: nobody}
  size: {type: integer, default: 3}
  ready: {type: boolean, default: false}
  names: {type: array, items: {type: string}, default: []}
  needed: {type: integer}
  aws:profile: {value: from-project}
  plain: fixed
"""
#: Every form that a value of this project can have in a stack's file.
VALUES = """
config:
  needed: 7
  shop:size: -12
  shop:ready: true
  shop:names: [a, "b-1"]
  shop:a: yes
  shop:b: ""
  shop:c: cron(0 6 ? * MON *)
  shop:d: "x: y"
  shop:e: 'single'
  shop:f: {k: v}
  shop:g: ["é"]
  aws:region: eu-west-1
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(project: str, stack: str) -> Path:
        (tmp_path / "Pulumi.yaml").write_text(project)
        (tmp_path / "Pulumi.dev.yaml").write_text(stack)
        return tmp_path

    return written


def test_defaults_values_and_namespaces(write: Write) -> None:
    config = read_stack_config(write(PROJECT, VALUES), "dev")
    assert (config.project, config.stack, config.region) == ("shop", "dev", "eu-west-1")
    assert config.values == {
        "aws:profile": "from-project",
        "aws:region": "eu-west-1",
        "shop:a": "yes",
        "shop:b": "",
        "shop:c": "cron(0 6 ? * MON *)",
        "shop:d": "x: y",
        "shop:e": "single",
        "shop:f": '{"k":"v"}',
        "shop:g": '["é"]',
        "shop:names": '["a","b-1"]',
        "shop:needed": "7",
        "shop:owner": "nobody",
        "shop:plain": "fixed",
        "shop:ready": "true",
        "shop:size": "-12",
    }


def test_overrides_take_precedence_over_the_file(write: Write) -> None:
    folder = write(PROJECT, "config: {shop:needed: 1, shop:owner: ada}")
    config = read_stack_config(folder, "dev", {"shop:owner": "bob", "needed": 2, "names": ["a"], "ready": True})
    wanted = {"owner": "bob", "needed": "2", "names": '["a"]', "ready": "true"}
    assert {key: config.values[f"shop:{key}"] for key in wanted} == wanted


def test_encrypted_values_are_rejected_at_once_unless_overridden(write: Write) -> None:
    encrypted = "shop:owner: {secure: v1:abc}, shop:names: [{secure: v1:def}], aws:token: {secure: v1:ghi}"
    folder = write(PROJECT, f"config: {{{encrypted}}}")
    with pytest.raises(ProblemsError) as raised:
        read_stack_config(folder, "dev")
    own = "no setting of this project is a secret; set it in plain text: pulumi config set shop:{} <value>"
    assert {problem.where: problem.allowed for problem in raised.value.problems} == {
        "shop:owner": own.format("owner"),
        "shop:names": own.format("names"),
        "aws:token": "only the Pulumi CLI can decrypt it; pass its value on the command line",
    }
    assert "v1:" not in str(raised.value)
    config = read_stack_config(folder, "dev", {"shop:owner": "ada", "names": ["a"], "aws:token": "t"})
    assert config.values["shop:owner"] == "ada"


@pytest.mark.parametrize("stack", ["dve", "..", "../dev", "", "dev\n", "a" * 101, ".dev"])
def test_an_unknown_stack_is_refused(write: Write, stack: str) -> None:
    with pytest.raises(ProblemsError, match="allowed: dev"):
        read_stack_config(write("name: shop\n", ""), stack)


@pytest.mark.parametrize("content", ["config: [1", "config: {a: 1, a: 2}", "- 1", "config: text", "config:\n\ta: 1"])
def test_what_is_no_configuration_is_refused(write: Write, content: str) -> None:
    with pytest.raises(ProblemsError, match=r"Pulumi\.dev\.yaml"):
        read_stack_config(write("name: shop\n", content), "dev")


def test_a_missing_project_file_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(ProblemsError, match=r"Pulumi\.yaml"):
        read_stack_config(tmp_path, "dev")


@given(st.lists(st.text()), st.integers(-(2**31), 2**31), st.booleans(), st.text())
def test_values_come_back_as_they_were_given(names: list[str], size: int, ready: bool, owner: str) -> None:
    overrides = {"aws:region": "eu-west-1", "shop:names": names, "shop:size": size, "shop:ready": ready, "shop:owner": owner}
    folder = ROOT / "tests" / "local_run" / "programs" / "every_type"
    values = read_stack_config(folder, "dev", overrides).values
    assert json.loads(values["shop:names"]) == names
    assert json.loads(values["shop:size"]) == size
    assert json.loads(values["shop:ready"]) == ready
    assert values["shop:owner"] == owner


@pytest.mark.parametrize("stack", ["dev", "prod", "local"])
def test_this_projects_stacks_read(stack: str) -> None:
    config = read_stack_config(ROOT, stack)
    assert config.values.keys() >= {f"model-training:{key}" for key in DECLARED}
    assert parse(config.project, stack, config.values).region == config.region


@pytest.mark.parametrize("key", DECLARED)
def test_a_value_of_another_type_is_reported_by_the_settings(write: Write, key: str) -> None:
    """The CLI would report it first; without the CLI, the settings do."""
    wrong = "[a]" if DECLARED[key]["type"] != "array" else "a"
    folder = write((ROOT / "Pulumi.yaml").read_text(), f"config:\n  aws:region: eu-west-1\n  {key}: {wrong}\n")
    config = read_stack_config(folder, "dev")
    with pytest.raises(ProblemsError) as raised:
        parse(config.project, "dev", config.values)
    assert [problem.where for problem in raised.value.problems] == [f"model-training:{key}"]


def test_stacks_are_found_by_their_files(write: Write) -> None:
    folder = write("name: shop\n", "")
    (folder / "Pulumi.prod.yaml").touch()
    assert stacks(folder) == ["dev", "prod"]


@pytest.mark.engine
@pytest.mark.skipif(shutil.which("pulumi") is None, reason="needs the Pulumi CLI on PATH")
@pytest.mark.parametrize("stack", ["dev", "prod", "local", "values"])
def test_it_reads_what_the_pulumi_cli_reads(write: Write, tmp_path: Path, stack: str) -> None:
    own = stack != "values"
    folder = write((ROOT / "Pulumi.yaml").read_text() if own else PROJECT, "")
    (tmp_path / "state").mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")} | {
        "PULUMI_BACKEND_URL": f"file://{tmp_path}/state",
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_CONFIG_PASSPHRASE": "of a test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }

    def cli(*arguments: str) -> str:
        done = subprocess.run(
            ["pulumi", *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    cli("stack", "init", stack)
    # The CLI rewrites the file when it creates the stack, so the content to read is written afterwards.
    (folder / f"Pulumi.{stack}.yaml").write_text((ROOT / f"Pulumi.{stack}.yaml").read_text() if own else VALUES)
    answer = json.loads(cli("config", "--json", "--show-secrets", "--stack", stack))
    assert read_stack_config(folder, stack).values == {key: entry["value"] for key, entry in answer.items()}
