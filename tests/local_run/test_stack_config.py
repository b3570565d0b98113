from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.problems import ProblemsError
from local_run.stack_config import read_stack_config, stacks

ROOT = Path(__file__).parents[2]
Write = Callable[[str, str], Path]

PROJECT = """
name: shop
runtime: python
config:
  owner: {type: string, default: nobody}
  size: {type: integer, default: 3}
  ready: {type: boolean, default: false}
  names: {type: array, items: {type: string}, default: []}
  limits: {type: object, default: {low: 1}}
  needed: {type: integer}
  aws:profile: {value: from-project}
  plain: fixed
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(project: str, stack: str) -> Path:
        (tmp_path / "Pulumi.yaml").write_text(project)
        (tmp_path / "Pulumi.dev.yaml").write_text(stack)
        return tmp_path

    return written


def test_defaults_values_and_namespaces(write: Write) -> None:
    folder = write(PROJECT, "config:\n  shop:needed: 7\n  owner: ada\n  aws:region: eu-west-1\n")
    config = read_stack_config(folder, "dev")
    assert config.project == "shop"
    assert config.region == "eu-west-1"
    assert config.values == {
        "aws:profile": "from-project",
        "aws:region": "eu-west-1",
        "shop:limits": '{"low":1}',
        "shop:names": "[]",
        "shop:needed": "7",
        "shop:owner": "ada",
        "shop:plain": "fixed",
        "shop:ready": "false",
        "shop:size": "3",
    }


@pytest.mark.parametrize(
    ("yaml", "text"),
    [
        ("12", "12"),
        ("-1", "-1"),
        ("2.0", "2"),
        ('"5"', "5"),
        ("0x1f", "31"),
        ("012", "10"),
        ("1_000", "1000"),
        ("1e3", "1000"),
        ("0o17", "15"),
    ],
)
def test_whole_numbers_are_integers_however_written(write: Write, yaml: str, text: str) -> None:
    assert read_stack_config(write(PROJECT, f"config: {{shop:needed: {yaml}}}"), "dev").values["shop:needed"] == text


@pytest.mark.parametrize("yaml", ["1.5", "two", "[1]", "{a: 1}", "", "true", "~", "1:30"])
def test_what_is_no_integer_is_refused(write: Write, yaml: str) -> None:
    with pytest.raises(ProblemsError, match=r"shop:needed .*integer"):
        read_stack_config(write(PROJECT, f"config: {{shop:needed: {yaml}}}"), "dev")


@pytest.mark.parametrize(
    ("key", "yaml", "text"),
    [
        ("owner", "yes", "yes"),
        ("owner", "3", "3"),
        ("owner", "true", "true"),
        ("owner", "2024-01-31", "2024-01-31 00:00:00 +0000 UTC"),
        ("owner", '""', ""),
        ("ready", '"true"', "true"),
        ("ready", "True", "true"),
        ("names", "[a, b]", '["a","b"]'),
        ("limits", "{high: 2}", '{"high":2}'),
    ],
)
def test_scalars_are_read_as_the_command_line_reads_them(write: Write, key: str, yaml: str, text: str) -> None:
    folder = write(PROJECT, f"config:\n  shop:needed: 1\n  shop:{key}: {yaml}\n")
    assert read_stack_config(folder, "dev").values[f"shop:{key}"] == text


@pytest.mark.parametrize(
    ("key", "yaml"),
    [
        ("owner", "[a]"),
        ("owner", "{a: 1}"),
        ("ready", "yes"),
        ("ready", "1"),
        ("names", "a"),
        ("names", "[1]"),
        ("limits", "[]"),
    ],
)
def test_another_type_than_declared_is_refused(write: Write, key: str, yaml: str) -> None:
    with pytest.raises(ProblemsError) as raised:
        read_stack_config(write(PROJECT, f"config:\n  shop:needed: 1\n  shop:{key}: {yaml}\n"), "dev")
    assert [problem.where for problem in raised.value.problems] == [f"shop:{key}"]


def test_everything_wrong_is_told_at_once(write: Write) -> None:
    with pytest.raises(ProblemsError) as raised:
        read_stack_config(write(PROJECT, "config: {shop:size: x, shop:names: y}"), "dev")
    assert {problem.where for problem in raised.value.problems} == {"shop:needed", "shop:size", "shop:names"}


def test_overrides_stand_above_the_file(write: Write) -> None:
    folder = write(PROJECT, "config: {shop:needed: 1, shop:owner: ada}")
    config = read_stack_config(folder, "dev", {"shop:owner": "bob", "needed": 2, "names": ["a"]})
    assert (config.values["shop:owner"], config.values["shop:needed"], config.values["shop:names"]) == ("bob", "2", '["a"]')
    with pytest.raises(ProblemsError, match="shop:size"):
        read_stack_config(folder, "dev", {"size": "large"})


def test_encrypted_values_need_an_override(write: Write) -> None:
    project = PROJECT.replace("owner: {type: string", "owner: {type: string, secret: true")
    folder = write(project, "config: {shop:needed: 1, shop:owner: {secure: v1:abc}}")
    with pytest.raises(ProblemsError, match="encrypted") as raised:
        read_stack_config(folder, "dev")
    assert "v1:abc" not in str(raised.value)
    config = read_stack_config(folder, "dev", {"shop:owner": "ada"})
    assert config.secret_keys == ("shop:owner",)


@pytest.mark.parametrize(
    ("entry", "where"),
    [
        ("bad: {type: integer, default: x}", "config.bad.default"),
        ("bad: {type: array}", "config.bad.items"),
        ("bad: {type: string, default: a, value: b}", "config.bad"),
        ("aws:bad: {type: string}", "config.aws:bad"),
        ("aws:bad: {default: a}", "config.aws:bad"),
    ],
)
def test_wrong_declarations_are_refused(write: Write, entry: str, where: str) -> None:
    with pytest.raises(ProblemsError) as raised:
        read_stack_config(write(f"name: shop\nconfig:\n  {entry}\n", ""), "dev")
    assert f"Pulumi.yaml {where}" in [problem.where for problem in raised.value.problems]


@pytest.mark.parametrize("stack", ["dve", "..", "../dev", "", "dev\n", "a" * 101, ".dev"])
def test_an_unknown_stack_is_refused(write: Write, stack: str) -> None:
    with pytest.raises(ProblemsError, match="dev"):
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
    assert config.region
    assert all(isinstance(value, str) for value in config.values.values())


def test_stacks_are_found_by_their_files(write: Write) -> None:
    folder = write("name: shop\n", "")
    (folder / "Pulumi.prod.yaml").touch()
    assert stacks(folder) == ["dev", "prod"]


COMPARED = """
config:
  needed: 7
  shop:size: -0
  shop:ready: True
  shop:names: [a, "b<&>"]
  shop:limits: {z: "é", y: 1.0, x: [1.5, null, true], w: {}}
  shop:a: yes
  shop:b: 012
  shop:c: 1_000
  shop:d: 2.0
  shop:e: 1e3
  shop:f: 0x1f
  shop:g: 2024-01-31
  shop:h: "x\\"y <é>"
  shop:k: 1:30
  shop:l: 12345678901234567890
  shop:m: .5
  shop:q: +5
  shop:r: 0o17
  shop:s: [1, a, {k: null}]
  shop:t: on
  shop:u: ""
  aws:region: eu-west-1
"""


@pytest.mark.engine
@pytest.mark.skipif(shutil.which("pulumi") is None, reason="needs the Pulumi CLI on PATH")
def test_it_reads_what_the_pulumi_cli_reads(write: Write, tmp_path: Path) -> None:
    folder = write(PROJECT, "")
    (tmp_path / "state").mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")} | {
        "PULUMI_BACKEND_URL": f"file://{tmp_path}/state",
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_CONFIG_PASSPHRASE": "of a test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }

    def cli(*arguments: str) -> str:
        done = subprocess.run(["pulumi", *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    cli("stack", "init", "dev")
    # The CLI writes the file anew as soon as it makes the stack: what it is to read comes after.
    (folder / "Pulumi.dev.yaml").write_text(COMPARED)
    answer = json.loads(cli("config", "--json", "--show-secrets", "--stack", "dev"))
    assert read_stack_config(folder, "dev").values == {key: entry["value"] for key, entry in answer.items()}
