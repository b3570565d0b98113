"""Writing gives the same bytes every time, and the files of a killed step never look like complete outputs."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from contracts.manifest import directory_problems, parse_manifest
from fe_image import files as written_files
from fe_image import outputs
from fe_image.engineer import EngineeredData, engineer
from fe_image.outputs import MANIFEST_FILE, write_outputs
from tests.fe_image.support import histories, template, walk

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.fe_image.test_outputs"])


@pytest.fixture(scope="module")
def data() -> EngineeredData:
    panel = walk(1, rows=340)
    return engineer(histories(panel), template(panel, 300, features={"rsi": {}, "pca": {}, "calendar": {}}))


def contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def test_everything_is_written_and_in_the_manifest(data: EngineeredData, tmp_path: Path):
    entries = write_outputs(data, tmp_path, "run-1")
    found = contents(tmp_path)
    assert set(found) == {*entries, MANIFEST_FILE}
    assert set(entries) == {
        "features/features.csv",
        "train/train.json",
        "test/test.json",
        "evaluation/importance.json",
        "evaluation/scales.json",
        "evaluation/target.json",
        "requests/lines/0000.jsonl",
        "requests/index.json",
    }
    assert set(found) == {*outputs.FIXED_FILES, "requests/lines/0000.jsonl"}
    assert parse_manifest(found[MANIFEST_FILE]) == entries
    assert directory_problems(tmp_path) == []


def test_again_gives_the_same_bytes(data: EngineeredData, tmp_path: Path):
    write_outputs(data, tmp_path / "a", "run-1")
    panel = walk(1, rows=340)
    again = engineer(histories(panel), data.template)
    for _ in range(2):
        write_outputs(again, tmp_path / "b", "run-1")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_the_manifest_tells_changed_and_missing_files(data: EngineeredData, tmp_path: Path):
    write_outputs(data, tmp_path, "run-1")
    with (tmp_path / "train/train.json").open("ab") as stream:
        stream.write(b" ")
    (tmp_path / "test/test.json").unlink()
    assert [problem.where for problem in directory_problems(tmp_path)] == ["test/test.json", "train/train.json"]
    (tmp_path / MANIFEST_FILE).write_text("{}")
    assert "not a manifest" in str(directory_problems(tmp_path)[0])


class Killer:
    """Counts the effects of writing on the disk, and kills the process before a given one."""

    def __init__(self, at: int) -> None:
        self.at, self.count = at, 0

    def step(self) -> None:
        self.count += 1
        if self.count == self.at:
            os.kill(os.getpid(), signal.SIGKILL)

    def install(self, patch: pytest.MonkeyPatch) -> None:
        real_open, real_replace, real_unlink = Path.open, Path.replace, Path.unlink

        def opened(path: Path, *args, **kwargs):
            self.step()
            stream = real_open(path, *args, **kwargs)
            real_write = stream.write

            class Watched:
                def __enter__(self):
                    return self

                def __exit__(self, *error):
                    stream.close()

                def write(self, piece: bytes) -> int:
                    half = len(piece) // 2
                    killer.step()
                    real_write(piece[:half])
                    stream.flush()
                    killer.step()
                    return real_write(piece[half:])

                def __getattr__(self, name: str):
                    return getattr(stream, name)

            killer = self
            return Watched()

        def replaced(path: Path, target: Path) -> Path:
            self.step()
            return real_replace(path, target)

        def unlinked(path: Path, missing_ok: bool = False) -> None:
            self.step()
            real_unlink(path, missing_ok=missing_ok)

        patch.setattr(Path, "open", opened)
        patch.setattr(Path, "replace", replaced)
        patch.setattr(Path, "unlink", unlinked)
        patch.setattr(written_files.os, "fsync", lambda descriptor: None)


def killed_at(data: EngineeredData, root: Path, at: int, execution_id: str) -> bool:
    """Write in a child process that is killed before its ``at``-th effect; whether it was.

    Forked from a server that has no threads: this process may have some of libraries that other tests use.
    """
    child = FORKS.Process(target=write_until_killed, args=(data, root, at, execution_id))
    child.start()
    child.join(60)
    assert child.exitcode in (0, -signal.SIGKILL)
    return child.exitcode != 0


def write_until_killed(data: EngineeredData, root: Path, at: int, execution_id: str) -> None:
    Killer(at).install(pytest.MonkeyPatch())
    write_outputs(data, root, execution_id)


@pytest.mark.parametrize("before", ["nothing", "a finished run"])
def test_killed_at_every_write_nothing_looks_finished(data: EngineeredData, tmp_path: Path, before: str):
    write_outputs(data, tmp_path / "good", "run-1")
    good = contents(tmp_path / "good")
    root = tmp_path / "out"
    at = 0
    while True:
        at += 1
        if before == "a finished run":
            write_outputs(data, root, "run-0")
        if not killed_at(data, root, at, "run-1"):
            break
        if before == "nothing" or at > 1:  # the first effect is that the old manifest goes
            assert directory_problems(root), f"killed before effect {at}, the remains look finished"
        # No file under its own name is a half one.
        for name, content in contents(root).items():
            if not name.endswith(".partial") and name != MANIFEST_FILE:
                assert content == good[name]
    assert at > 30
    assert contents(root) == good, "a clean run after all the killed ones"
