"""The command line as a user meets it: in a process of its own, or through typer's runner where only the text matters."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline_def.check.phases import rule_table
from pipeline_def.cli import CHANGED, app
from pipeline_def.template.keys import example_values
from tests.patience import PATIENCE_SECONDS
from tests.pipeline_def.definitions import arguments, good, good_text, parameter

ROOT = Path(__file__).parents[2]


def run(*arguments: str, stdin: str = "", cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipeline_def", *arguments]
    env = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin:/usr/local/bin", "TERM": "dumb", "HOME": str(cwd)}
    return subprocess.run(command, cwd=cwd, env=env, input=stdin, capture_output=True, text=True, timeout=PATIENCE_SECONDS)


def write(folder: Path, name: str, definition: object) -> str:
    path = folder / name
    path.write_text(json.dumps(definition))
    return str(path)


def test_the_good_definition_passes_and_what_render_prints_can_be_piped_into_check() -> None:
    assert run("check").returncode == 0
    printed = run("render", "--sections").stdout
    assert json.loads(printed) == good()
    piped = run("check", "-", stdin=printed)
    assert (piped.returncode, piped.stderr) == (0, "")
    assert CliRunner().invoke(app, ["render", "--compact"]).stdout == good_text() + "\n"


def test_findings_are_all_printed_and_end_with_exit_code_one(tmp_path: Path) -> None:
    definition = good()
    parameter(definition, "epochs")["DefaultValue"] = 0
    parameter(definition, "ProcessingInstanceType")["DefaultValue"] = "m5.xlarge"
    path = write(tmp_path, "broken.json", definition)
    done = run("check", path, "--region", "eu-west-1")
    assert done.returncode == 1
    assert "[deepar] step Training, $.Steps[1].Arguments.HyperParameters.epochs is '0'" in done.stderr
    assert "did you mean 'ml.m5.xlarge'?" in done.stderr
    assert "allowed: an image in eu-west-1" in done.stderr
    assert "Traceback" not in done.stderr
    as_json = CliRunner().invoke(app, ["check", path, "--format", "json"])
    findings = json.loads(as_json.stdout)["findings"]
    assert as_json.exit_code == 1
    assert {finding["rule"] for finding in findings} == {"deepar", "instances"}
    assert set(findings[0]) == {"rule", "step", "path", "value", "allowed"}


def test_json_of_a_good_definition_has_no_findings() -> None:
    done = CliRunner().invoke(app, ["check", "--format", "json"])
    assert (done.exit_code, json.loads(done.stdout)) == (0, {"findings": []})


def test_every_rule_is_listed() -> None:
    listed = CliRunner().invoke(app, ["check", "--list-rules"]).stdout
    assert [line.split()[0] for line in listed.splitlines()] == list(rule_table())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["check", "absent.json"], "'absent.json'"),
        (["check", "--region", "eu-centrl-1"], "did you mean 'eu-central-1'?"),
        (["render", "--values", "absent.json"], "'absent.json'"),
        (["render", "--region", "mars-1"], "--region is 'mars-1'"),
        (["diff"], "OLD is missing"),
        (["diff", "a.json", "b.json", "--from-git", "HEAD"], "a.json and HEAD"),
        (["diff", "a.json", "--from-git", "HEAD", "--to-git", "HEAD"], "a.json and HEAD"),
        (["diff", "--from-git", "HEAD", "absent.json"], "'absent.json'"),
        (["render", "--values", "absent.json", "--region", "us-west-2"], "--region is 'us-west-2'; allowed: not with --values"),
        (["render", "--values", "absent.json", "--sections"], "--sections is True; allowed: not with --values"),
        (["diff", "--from-git", "--output=/etc/passwd"], "allowed: a branch, a tag or a commit"),
        (["diff", "--from-git", "no-such-revision"], "'no-such-revision'"),
    ],
)
def test_what_a_user_can_mend_is_one_message_without_traceback(arguments: list[str], says: str, tmp_path: Path) -> None:
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_values_with_a_key_twice_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "values.json"
    path.write_text('{"tags": [], "tags": []}')
    done = run("render", "--values", str(path))
    assert (done.returncode, done.stdout) == (1, "")
    assert "duplicate member: tags" in done.stderr


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[" * 100_000 + "]" * 100_000, "nested more than 100 levels deep"),
        ('{"a":' * 101 + "1" + "}" * 101, "nested more than 100 levels deep"),
        ('{"a": "{{b}}", "c": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested more than 100 levels deep"),
        ('{"a": 1, "a": 2}', "duplicate member: a"),
        ('{"a": NaN}', "NaN is no JSON number"),
        ('{"a": 1e400}', "1e400 is too large a number"),
    ],
)
def test_diff_refuses_what_readers_take_for_different_things_or_cannot_read(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "odd.json"
    path.write_text(text)
    done = run("diff", str(path), str(path))
    assert (done.returncode, done.stdout) == (1, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("output", ["terminal", "markdown", "json"])
def test_diff_prints_no_character_that_a_terminal_obeys_and_any_that_it_cannot_write(output: str, tmp_path: Path) -> None:
    new = good()
    environment = arguments(new, "FeatureEngineering")["Environment"]
    environment |= {"A": "x\ud800", "B": "\x1b[31mred\nfake line\u202e\x9b", "C\n  + step evil": "1"}
    paths = write(tmp_path, "old.json", good()), write(tmp_path, "new.json", new)
    done = run("diff", *paths, "--format", output, "--exit-code")
    assert (done.returncode, done.stderr) == (CHANGED, "")
    assert all(line.isprintable() for line in done.stdout.split("\n"))
    assert "\\ud800" in done.stdout
    assert not any(line.strip().startswith(("fake line", "+ step evil")) for line in done.stdout.splitlines())


def test_a_rendered_definition_is_compared_with_the_template_rendered_by_values(tmp_path: Path) -> None:
    deployed = good()
    arguments(deployed, "Training")["RoleArn"] = "arn:aws:iam::123456789012:role/Admin"
    path = write(tmp_path, "deployed.json", deployed)
    values = write(tmp_path, "values.json", example_values(sections=True))
    done = run("diff", path, "--values", values, "--exit-code")
    assert (done.returncode, done.stderr) == (CHANGED, "")
    assert (
        "role: arn:aws:iam::123456789012:role/Admin → arn:aws:iam::123456789012:role/model-training-dev-training" in done.stdout
    )
    without = run("diff", path)
    assert (without.returncode, without.stdout) == (1, "")
    assert "--values FILE renders the template first" in without.stderr


def test_values_from_a_file_fill_the_template_strictly(tmp_path: Path) -> None:
    runner = CliRunner()
    values = json.loads(runner.invoke(app, ["render", "--print-values"]).stdout)
    path = write(tmp_path, "values.json", values | {"models_bucket": "mine"})
    assert "s3://mine/executions" in runner.invoke(app, ["render", "--values", path]).stdout
    done = run("render", "--values", write(tmp_path, "more.json", values | {"models_buckett": "mine", "tags": 1.5}))
    assert done.returncode == 1
    assert "did you mean 'models_bucket'?" in done.stderr
    assert "tags is 1.5" in done.stderr


def test_diff_tells_by_its_exit_code_whether_something_changed(tmp_path: Path) -> None:
    new = good()
    parameter(new, "epochs")["DefaultValue"] = 40
    old_path, new_path = write(tmp_path, "old.json", good()), write(tmp_path, "new.json", new)
    same = run("diff", old_path, old_path, "--exit-code")
    assert (same.returncode, same.stdout) == (0, "Nothing changed: both definitions mean the same.\n")
    assert run("diff", old_path, new_path).returncode == 0
    other = run("diff", old_path, new_path, "--exit-code", "--format", "json")
    assert other.returncode == CHANGED
    (change,) = json.loads(other.stdout)["changes"]
    assert (change["subject"], change["old"], change["new"]) == ("parameter epochs", "100", "40")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with this package in two commits, the first (tag `old`) with the template in its earlier folder."""
    copy = tmp_path / "repository"
    copy.mkdir()
    for folder in ("pipeline_def", "contracts"):
        subprocess.run(["cp", "-r", str(ROOT / folder), str(copy / folder)], check=True)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main", "-c", "commit.gpgsign=false"]
    template = copy / "pipeline_def" / "template" / "pipeline.json.mustache"
    template.rename(copy / "pipeline_def" / template.name)
    commands = [["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"], ["tag", "old"]]
    commands += [["mv", f"pipeline_def/{template.name}", "pipeline_def/template/"], ["commit", "-q", "-m", "second"]]
    for command in commands:
        subprocess.run(
            [*git, *command], cwd=copy, check=True, env={"PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": str(tmp_path)}
        )
    template.write_text(template.read_text().replace('"DefaultValue": 32', '"DefaultValue": 64'))
    return copy


def test_two_revisions_are_compared_without_a_cloud(repository: Path) -> None:
    command = [sys.executable, "-m", "pipeline_def", "diff", "--from-git", "HEAD", "--format", "markdown"]
    env = {"PYTHONPATH": str(repository), "PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": str(repository)}
    done = subprocess.run(command, cwd=repository, env=env, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    assert "**parameter mini\\_batch\\_size**\n- default: `32` → `64`" in done.stdout, done.stderr
    both = [*command[:3], "diff", "--from-git", "old", "--to-git", "HEAD"]
    done = subprocess.run(both, cwd=repository, env=env, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    assert done.stdout.startswith("Nothing changed"), done.stderr
