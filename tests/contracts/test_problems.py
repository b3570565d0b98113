from __future__ import annotations

from pathlib import Path

import pytest

from contracts.problems import ProblemsError, check_output_folder


def test_an_output_folder_is_there_or_can_be_made_and_is_not_made_yet(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "new" / "deep"):
        check_output_folder("--out", folder)
    assert list(tmp_path.iterdir()) == []


def test_an_output_folder_behind_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "deep"):
        with pytest.raises(ProblemsError, match=r"--out is .*file.*; allowed: a folder.* is no folder"):
            check_output_folder("--out", folder)


def test_an_output_folder_that_may_not_be_written_to_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may write anywhere, so the system's answer is put in its place."""
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(ProblemsError, match="may not be written to"):
        check_output_folder("--out", tmp_path / "new")
