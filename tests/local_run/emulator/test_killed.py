"""An emulator that is killed leaves no process behind, and its folder goes with the next start."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from local_run.emulator.workspace import PREFIX, workspace
from tests.patience import wait_until

ROOT = Path(__file__).parents[3]
#: Starts a child that has a child of its own, as a training does, then waits to be killed.
EMULATOR = '''
import sys, time, pathlib
from local_run.emulator.processes import OwnedProcess
from local_run.emulator.workspace import workspace
code = """
import subprocess, sys, time
print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(900)']).pid, flush=True)
time.sleep(900)
"""
with workspace(pathlib.Path(sys.argv[1])) as folder:
    process = OwnedProcess([sys.executable, "-c", code], {}, lambda line: print(folder, process.pid, line, flush=True))
    time.sleep(900)
'''


def runs(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_children_end_with_an_emulator_that_is_killed_and_its_folder_goes_with_the_next_start(tmp_path: Path) -> None:
    with workspace(tmp_path) as living:
        emulator = subprocess.Popen(
            [sys.executable, "-c", EMULATOR, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert emulator.stdout is not None
        folder, *pids = emulator.stdout.readline().split()
        assert [runs(int(pid)) for pid in pids] == [True, True]
        os.kill(emulator.pid, signal.SIGKILL)
        emulator.wait()
        emulator.stdout.close()
        wait_until(lambda: not any(runs(int(pid)) for pid in pids), "the children still run")
        assert Path(folder).is_dir()
        with workspace(tmp_path) as following:
            assert not Path(folder).exists()
            assert living.is_dir() and following.is_dir(), "of a running emulator nothing is removed"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["function-abc", "pipelines-abc", f"{PREFIX}without-a-lock"])
def test_folders_of_others_stay(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with workspace(tmp_path):
        pass
    assert (tmp_path / name).is_dir()
