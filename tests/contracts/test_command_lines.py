"""What every command line does alike: a closed pipe ends it quietly, a missing module is one message with the right extra."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from components.cli import EXAMPLE_ACCOUNT
from deploy_service.cli import app as deploy_service_app
from local_run.cli import app as local_run_app
from pipeline_def.cli import app as pipeline_app
from runs.cli import app as runs_app
from tests.patience import PATIENCE_SECONDS

ROOT = Path(__file__).parents[2]
ROLES = ("-m", "components")

#: Runs a command as if a module were not installed.
WITHOUT = """
import runpy, sys
absent, module, *sys.argv[1:] = sys.argv[1:]
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name == absent:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""


def run(*arguments: str, stdout: int = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    env = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.run(
        command, cwd=ROOT, env=env, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=PATIENCE_SECONDS
    )


@pytest.mark.parametrize(
    "command",
    [
        ROLES,
        (*ROLES, "--json"),
        (*ROLES, "--deployer"),
        (*ROLES, "--deployer", "--json"),
        (*ROLES, "--help"),
        ("-m", "policies", "--list"),
        ("-m", "pipeline_def", "render"),
        ("-m", "runs", "--help"),
        ("-m", "local_run", "--help"),
        ("-m", "deploy_service", "--help"),
    ],
    ids=" ".join,
)
def test_a_reader_who_has_read_enough_ends_it_quietly(command: tuple[str, ...]) -> None:
    """As ``| head`` does, here before the first line: the system's buffer would take the rest of a short text."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = run(*command, stdout=writing)
    finally:
        os.close(writing)
    assert done.stderr == ""
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("absent", "command", "install"),
    [
        ("typer", ("runs", "list"), "pip install '.[cli]'"),
        ("typer", ("pipeline_def", "check"), "pip install '.[cli]'"),
        ("moto", ("local_run", "demo"), "pip install '.[local]'"),
        ("arch", ("local_run", "samples", "--out", "out/absent"), "pip install '.[local]'"),
        ("pulumi", ("components",), "pip install ."),
        ("pydantic", ("components", "--json"), "pip install ."),
        ("pulumi_policy", ("policies", "--list"), "pip install '.[policies]'"),
        ("pulumi_policy", ("deploy_service", "preview"), "pip install '.[service]'"),
    ],
)
def test_a_missing_module_is_one_message_that_says_what_to_install(absent: str, command: tuple[str, ...], install: str) -> None:
    done = run("-c", WITHOUT, absent, *command)
    assert done.stderr.splitlines() == [f"this command needs the module {absent}: {install}"]
    assert (done.returncode, done.stdout) == (1, "")


def commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield name, command
    if isinstance(command, TyperGroup):
        for part, inner in command.commands.items():
            yield from commands(f"{name} {part}", inner)


APPS = {"deploy_service": deploy_service_app, "local_run": local_run_app, "pipeline_def": pipeline_app, "runs": runs_app}
COMMANDS = dict(entry for name, app in APPS.items() for entry in commands(name, get_command(app)))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_each_of_its_arguments_is_explained(name: str) -> None:
    assert COMMANDS[name].help
    assert [parameter.name for parameter in COMMANDS[name].params if not getattr(parameter, "help", None)] == []


def test_the_permission_report_s_help_shows_defaults_and_no_markup() -> None:
    """It keeps to argparse, since it must work where ``pulumi install`` alone has installed anything."""
    printed = run(*ROLES, "--help").stdout
    assert "(default: dev)" in printed
    assert f"(default: {EXAMPLE_ACCOUNT})" in printed
    assert "`" not in printed


def test_the_permission_report_works_without_what_only_other_commands_need() -> None:
    assert run("-c", WITHOUT, "typer", "components").returncode == 0
