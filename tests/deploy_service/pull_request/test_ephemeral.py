"""Settings of a pull request's stack, and its end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from contracts.problems import ProblemsError
from deploy_service.cli import app
from deploy_service.pull_request.ephemeral import ephemeral_stack, is_ephemeral, stack_config
from settings import parse

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


def project(tmp_path: Path, dev: str) -> Path:
    (tmp_path / "Pulumi.yaml").write_text((ROOT / "Pulumi.yaml").read_text())
    (tmp_path / "Pulumi.dev.yaml").write_text(f"config:\n  aws:region: eu-central-1\n{dev}")
    return tmp_path


def test_the_settings_are_those_of_dev_without_what_two_stacks_cannot_share(tmp_path: Path) -> None:
    dev = (
        "  model-training:modelsBucketName: ours\n  model-training:owner: team\n  model-training:alarmEmail: a@example.org\n"
        "  model-training:retrainingSchedule: rate(7 days)\n  model-training:retrainingTemplate: weekly\n"
    )
    found = ephemeral_stack(project(tmp_path, dev), "pr-123", NOW, timedelta(hours=5))
    settings = parse(found.config.project, found.config.stack, found.config.values)
    assert (settings.stack, settings.owner, settings.region) == ("pr-123", "team", "eu-central-1")
    assert (settings.models_bucket_name, settings.retraining_schedule, settings.alarm_email) == ("", "", "")
    assert found.expires == NOW + timedelta(hours=5)


def test_a_stack_that_protects_data_cannot_be_ephemeral(tmp_path: Path) -> None:
    with pytest.raises(ProblemsError, match="protectData is True; allowed: false"):
        ephemeral_stack(project(tmp_path, "  model-training:protectData: true\n"), "pr-1", NOW)


@pytest.mark.parametrize("name", ["dev", "prod", "pr-", "pr-0", "pr-01", "pr-1x", "PR-1", "pr-1234567890", "pr-1\n", "../pr-1"])
def test_only_names_of_pull_requests_are_ephemeral(name: str, tmp_path: Path) -> None:
    assert not is_ephemeral(name)
    with pytest.raises(ProblemsError, match="allowed: pr-<number"):
        ephemeral_stack(project(tmp_path, ""), name, NOW)


@pytest.mark.parametrize("time_to_live", [timedelta(0), timedelta(minutes=59), timedelta(days=31)])
def test_the_time_to_live_is_bounded(time_to_live: timedelta, tmp_path: Path) -> None:
    with pytest.raises(ProblemsError, match="time to live is .*allowed: 1 hour to 30 days"):
        ephemeral_stack(project(tmp_path, ""), "pr-1", NOW, time_to_live)


def test_a_stack_with_a_file_of_its_own_uses_it(tmp_path: Path) -> None:
    folder = project(tmp_path, "")
    (folder / "Pulumi.pr-7.yaml").write_text("config:\n  aws:region: eu-west-1\n")
    assert stack_config(folder, "pr-7").region == "eu-west-1"
    assert stack_config(folder, "pr-8").region == "eu-central-1"


def test_the_command_prints_a_stack_file() -> None:
    done = CliRunner().invoke(app, ["ephemeral", "--stack", "pr-12"])
    assert done.exit_code == 0 and done.output.startswith("# Ends 20")
    config = yaml.safe_load(done.output)["config"]
    assert config["aws:region"] and parse("model-training", "pr-12", config).stack == "pr-12"
