"""What every command line does alike: a closed pipe ends it quietly, a missing module is one message with the right extra."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROLES = ("-m", "components.roles")

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
    return subprocess.run(command, cwd=ROOT, env=env, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=120)


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
        ("pulumi", ("components.roles",), "pip install ."),
        ("pydantic", ("components.roles", "--json"), "pip install ."),
        ("pulumi_policy", ("policies", "--list"), "pip install '.[test]'"),
    ],
)
def test_a_missing_module_is_one_message_that_says_what_to_install(absent: str, command: tuple[str, ...], install: str) -> None:
    done = run("-c", WITHOUT, absent, *command)
    assert done.stderr.splitlines() == [f"this command needs the module {absent}: {install}"]
    assert (done.returncode, done.stdout) == (1, "")
