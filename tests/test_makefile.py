"""The first `make run` on a machine: which Python it takes, and what it says while it installs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE_SECONDS

ROOT = Path(__file__).parents[1]


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make in a copy of the project's outside, with nothing on PATH but ``folder``/bin and the shell's own tools."""
    for name in ("Makefile", "pyproject.toml", "requirements.txt"):
        shutil.copy(ROOT / name, folder / name)
    environment = {"PATH": f"{folder / 'bin'}", "HOME": str(folder)}
    command = [shutil.which("make") or "make", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    for tool in ("sh", "touch", "echo"):
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool) or f"/bin/{tool}")
    return tmp_path


def put_python(folder: Path, name: str, suitable: bool) -> None:
    path = folder / "bin" / name
    path.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n' if suitable else "#!/bin/sh\nexit 1\n")
    path.chmod(0o755)


def test_the_first_suitable_python_is_taken_and_the_installation_announced(folder: Path) -> None:
    put_python(folder, "python3.11", suitable=False)
    put_python(folder, "python3.12", suitable=True)
    put_python(folder, "python3", suitable=True)
    shown = make(folder, "-n", "run").stdout
    assert "python3.12 -m venv .venv" in shown
    announced, installed = shown.index("this happens once and takes"), shown.index("pip install")
    assert announced < installed


@pytest.mark.parametrize("arguments", [[], ["PYTHON=python3.9"], ["PYTHON="]], ids=["none", "too old", "empty"])
def test_without_a_suitable_python_one_message_says_what_to_do(folder: Path, arguments: list[str]) -> None:
    put_python(folder, "python3.9", suitable=False)
    done = make(folder, "run", *arguments)
    assert done.returncode != 0
    assert "Python 3.11 or later is needed. Install it, or name yours: make run PYTHON=/path/to/python3" in done.stderr
    assert not (folder / ".venv").exists()
