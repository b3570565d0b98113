"""The ready-made workflows: pinned actions, least permissions, and no untrusted code next to a token that may write."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from deploy_service.cli import app

FOLDER = Path(__file__).parents[3] / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in FILES}
#: YAML reads the key ``on`` as true.
WORKFLOWS: dict[str, dict[Any, Any]] = {name: yaml.safe_load(text) for name, text in TEXTS.items()}
JOBS = [(name, job) for name, workflow in WORKFLOWS.items() for job in workflow["jobs"]]


def steps(name: str, job: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = WORKFLOWS[name]["jobs"][job]["steps"]
    return found


def test_the_workflows_are_there() -> None:
    assert list(TEXTS) == ["preview-comment.yml", "preview-offline.yml", "preview-online.yml", "up.yml"]


@pytest.mark.parametrize("name", TEXTS)
def test_every_action_is_pinned_by_its_commit_and_names_its_version(name: str) -> None:
    used = re.findall(r"uses: (.*)", TEXTS[name])
    assert used and all(re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line) for line in used)


def test_one_action_has_one_version() -> None:
    used = {tuple(line.split("@")) for text in TEXTS.values() for line in re.findall(r"uses: (.*)", text)}
    assert len({action for action, _ in used}) == len(used)


@pytest.mark.parametrize(("name", "job"), JOBS)
def test_a_job_has_only_the_permissions_that_it_names_and_ends(name: str, job: str) -> None:
    definition = WORKFLOWS[name]["jobs"][job]
    assert WORKFLOWS[name]["permissions"] == {}
    assert definition["permissions"] and definition["timeout-minutes"] <= 60
    for step in steps(name, job):
        if str(step.get("uses", "")).startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_jobs_that_run_a_pull_requests_code_can_write_nothing_and_have_no_secret() -> None:
    for name, workflow in WORKFLOWS.items():
        if "pull_request" in workflow[True]:
            granted = [right for job in workflow["jobs"].values() for right in job["permissions"].items()]
            assert set(granted) <= {("contents", "read"), ("id-token", "write")}
            assert "secrets." not in TEXTS[name] and "github.token" not in TEXTS[name]
    assert "id-token" not in TEXTS["preview-offline.yml"]
    assert "head.repo.full_name == github.repository" in WORKFLOWS["preview-online.yml"]["jobs"]["preview"]["if"]


def test_the_job_that_writes_runs_no_code_of_a_pull_request() -> None:
    for step in steps("preview-comment.yml", "comment"):
        if str(step.get("uses", "")).startswith("actions/checkout@"):
            assert set(step["with"]) == {"persist-credentials"}, "without ref, it is the default branch"
        assert not re.search(r"\bgit (?:fetch|checkout|pull|merge)\b", str(step.get("run", "")))


@pytest.mark.parametrize(("name", "job"), JOBS)
def test_no_text_of_an_event_becomes_part_of_a_script(name: str, job: str) -> None:
    assert not [step for step in steps(name, job) if "${{" in str(step.get("run", ""))]


def test_updates_of_one_stack_wait_for_each_other_and_for_approval() -> None:
    job = WORKFLOWS["up.yml"]["jobs"]["up"]
    assert job["concurrency"] == {"group": "stack-${{ inputs.stack || 'dev' }}", "cancel-in-progress": False}
    assert job["environment"] == "${{ inputs.stack || 'dev' }}"


def test_the_commands_of_the_workflows_exist_with_these_options() -> None:
    group: Any = get_command(app)
    scripts = "\n".join(str(step.get("run", "")) for name, job in JOBS for step in steps(name, job)).replace("\\\n", " ")
    called = re.findall(r"-m deploy_service (preview|comment \w+)(.*)", scripts)
    assert {command for command, _ in called} == {"preview", "comment starting", "comment result", "comment applied"}
    for command, arguments in called:
        found = group
        for part in command.split():
            found = found.commands[part]
        known = {option for parameter in found.params for option in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", arguments)) <= known


def test_zizmor_finds_nothing() -> None:
    command = Path(sys.executable).with_name("zizmor")
    if not command.exists():
        pytest.skip("zizmor is not installed")
    done = subprocess.run(
        [command, "--offline", "--no-progress", FOLDER], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_actionlint_finds_nothing() -> None:
    command = shutil.which("actionlint")
    if command is None:
        pytest.skip("actionlint is not on PATH")
    done = subprocess.run([command, *FILES], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout
