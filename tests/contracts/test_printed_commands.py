"""Each command of ours that README and docs print in a block can be run as printed: its options are there, its files too."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from components import cli
from local_run.cli import app as local_run_app
from pipeline_def.cli import app as pipeline_app
from runs.cli import app as runs_app

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")))
APPS: dict[str, Any] = {
    name: get_command(app) for name, app in (("local_run", local_run_app), ("pipeline_def", pipeline_app), ("runs", runs_app))
}
BLOCK = re.compile(r"^```(?:sh)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?:\S+/)?python -m (?:local_run|runs|pipeline_def|components)\b")


def printed() -> Iterator[Any]:
    for page in PAGES:
        for block in BLOCK.findall(page.read_text()):
            for line in block.splitlines():
                if COMMAND.match(line):
                    yield pytest.param(shlex.split(line, comments=True)[2:], id=f"{page.name}: {line[:80]}")


def parsed(words: list[str]) -> None:
    """As the command's own process does it, up to where it would begin to work."""
    module, arguments = words[0], words[1:]
    if module == "components":
        cli.parser().parse_args(arguments)
        return
    command = APPS[module]
    while isinstance(command, TyperGroup):
        name, *arguments = arguments
        command = command.commands[name]
    command.make_context(module, arguments)


@pytest.mark.parametrize("words", list(printed()))
def test_a_printed_command_is_one_that_can_be_run(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files under ``out`` come from an earlier command of the text; all other files must be in the repository."""
    for word in words:
        assert not re.search(r"[<>…\[\]]|\b(?:DIR|FILE)\b", word), "a command with a placeholder cannot be run"
        if not word.startswith("out/"):
            assert Path(word).suffix not in (".json", ".csv") or (ROOT / word).is_file(), f"{word} is nowhere"
        elif Path(word).suffix:
            (tmp_path / word).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / word).touch()
        else:
            (tmp_path / word).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    parsed(words)


def test_a_command_that_is_none_would_be_noticed() -> None:
    with pytest.raises(Exception, match="No such option"):
        parsed(["runs", "start", "demo", "--sett", "epochs=5"])
    assert len(list(printed())) > 20
