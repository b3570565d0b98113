"""Messages and help of the command line: what is wrong, the value, what is allowed, what to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, ReadTimeoutError
from typer.testing import CliRunner

from contracts import parameters
from contracts.hyperparameters import HYPERPARAMETERS
from contracts.outputs import StackOutputs
from contracts.problems import ProblemsError
from runs import begin, cli, templates
from runs.pipeline_start import Started
from runs.stack import Stack
from tests.runs.test_templates import DATA


@pytest.fixture
def loaded(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Stack:
    monkeypatch.setattr(cli.Stack, "load", lambda path: stack)
    return stack


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli.app, list(arguments), env={"COLUMNS": "200", "TERM": "dumb"})
    return done.exit_code, done.output


FAILURES: list[tuple[Exception, str]] = [
    (
        EndpointConnectionError(endpoint_url="http://127.0.0.1:5000/"),
        'request failed: Could not connect to the endpoint URL: "http://127.0.0.1:5000/"; check the network',
    ),
    (NoCredentialsError(), "request failed: Unable to locate credentials; check the network, the region, the credentials"),
    (ReadTimeoutError(endpoint_url="x"), 'request failed: Read timeout on endpoint URL: "x"; check'),
    (
        ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not authorized\x1b[31m"}}, "Scan"),
        r"Scan was refused with AccessDeniedException: not authorized\x1b[31m",
    ),
]


@pytest.mark.parametrize(("error", "expected"), FAILURES)
def test_a_failure_of_aws_is_one_message_that_says_what_to_check(
    loaded: Stack, monkeypatch: pytest.MonkeyPatch, error: Exception, expected: str
) -> None:
    def fails(stack: Stack) -> Any:
        raise error

    monkeypatch.setattr(templates, "stored", fails)
    code, output = run("template", "list")
    assert (code, output) == (1, output)
    assert output.startswith(f"AWS: 1 problem\n  - {expected}")
    assert type(error).__name__ not in output


def test_an_emulator_that_does_not_run_is_named_with_the_command_that_starts_it(
    loaded: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(stack: Stack) -> Any:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:5000/")

    monkeypatch.setattr(templates, "stored", fails)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:5000")
    expected = "the emulator is not running; start it with `python -m local_run up`, and paste the line that it prints"
    assert run("template", "list") == (1, f"AWS: 1 problem\n  - AWS_ENDPOINT_URL is 'http://127.0.0.1:5000'; {expected}\n")


def test_starts_help_lists_every_parameter_and_has_an_example() -> None:
    code, output = run("start", "--help")
    words = output.replace("\n", " ")
    assert code == 0
    for name in parameters.SETTABLE:
        assert name in words
    for name, item in HYPERPARAMETERS.items():
        assert name in words, item
    assert "python -m runs start demo --set epochs=5" in " ".join(words.split())


def test_the_help_s_parameters_are_those_of_the_definition() -> None:
    definition = (Path(__file__).parents[2] / "pipeline_def").rglob("*.mustache")
    text = next(path.read_text() for path in definition if "training" in path.name or "pipeline" in path.name)
    for name in parameters.SETTABLE:
        assert f'"{name}"' in text


def test_another_template_is_replaced_only_if_asked(loaded: Stack, tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text(json.dumps(DATA))
    assert run("template", "put", str(file)) == (0, "stored template mine\n")
    assert run("template", "put", str(file)) == (0, "unchanged template mine\n")
    file.write_text(json.dumps(DATA | {"seed": 7}))
    code, output = run("template", "put", str(file))
    assert code == 1
    assert "id is 'mine'; another template has this id; choose another id, or pass --replace to replace it" in output
    assert json.loads(begin.stored_template(loaded, "mine")["Template"])["seed"] == 1
    code, output = run("template", "put", str(file), "--replace")
    assert (code, output.startswith("replaced template mine (of 20")) == (0, True)
    assert json.loads(begin.stored_template(loaded, "mine")["Template"])["seed"] == 7


@pytest.mark.parametrize("kind", ["missing", "folder", "text", "list", "not UTF-8"])
def test_a_file_of_outputs_that_cannot_be_read_is_called_what_it_is(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "outputs.json"
    expected = {
        "missing": "outputs.json does not exist",
        "folder": "outputs.json is not a file",
        "text": "outputs.json is not JSON: line 1, column 1",
        "list": "outputs.json is not a JSON object",
        "not UTF-8": "outputs.json is not UTF-8 text (byte 1)",
    }
    if kind == "folder":
        path.mkdir()
    elif kind != "missing":
        path.write_bytes({"text": b"outputs", "list": b"[]", "not UTF-8": b"\xff"}[kind])
    with pytest.raises(ProblemsError) as caught:
        StackOutputs.from_file(path)
    assert expected[kind] in str(caught.value)
    assert "`pulumi stack output --json` writes it for a deployed stack, `python -m local_run up`" in str(caught.value)


def test_a_missing_price_file_is_called_missing(loaded: Stack, tmp_path: Path) -> None:
    code, output = run("assets", "put", str(tmp_path / "gone.csv"), str(tmp_path))
    assert code == 1
    assert f"{tmp_path / 'gone.csv'} does not exist; give files named <ASSET>.csv" in output
    assert f"{tmp_path} is not a file; give files named <ASSET>.csv" in output


def test_a_starts_notes_are_shown(loaded: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    started = Started("e1", "arn", new=True, notes=("asset A: odd\x1b[2J",))
    monkeypatch.setattr(begin, "start", lambda *_, **__: started)
    assert run("start", "mine") == (0, "note   asset A: odd\\x1b[2J\nstarted e1\n")
