from __future__ import annotations

from pathlib import Path

import pytest

from contracts.problems import ProblemsError, check_output_folder, listed, nearest, one_problem, reported


def test_an_output_folder_is_there_or_can_be_made_and_is_not_made_yet(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "new" / "deep"):
        check_output_folder("--out", folder)
    assert list(tmp_path.iterdir()) == []


def test_an_output_folder_behind_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "deep"):
        with pytest.raises(ProblemsError, match=r"--out is .*file.*; allowed: a folder.* is not a folder"):
            check_output_folder("--out", folder)


def test_an_output_folder_that_may_not_be_written_to_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may write anywhere, so the system's answer is put in its place."""
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(ProblemsError, match="is not writable"):
        check_output_folder("--out", tmp_path / "new")


def test_a_command_line_prints_the_problems_and_what_was_noted_with_them(capsys: pytest.CaptureFixture[str]) -> None:
    error = one_problem("command line", "--port", 7, "allowed: 1024 to 65535")
    error.add_note("left behind: a bucket")
    with pytest.raises(SystemExit) as raised, reported():
        raise error
    assert raised.value.code == 1
    printed = capsys.readouterr()
    assert printed.err == "command line: 1 problem\n  - --port is 7; allowed: 1024 to 65535\nleft behind: a bucket\n"
    assert printed.out == ""


def test_a_hint_looks_past_the_case_of_letters():
    assert nearest("WTI", ["sp500", "wti"]) == "did you mean 'wti'?"
    assert nearest("log_Retrun", ["level", "log_return"]) == "did you mean 'log_return'?"
    assert nearest("gold", ["sp500", "wti"]) == ""


def test_of_many_names_the_first_are_listed():
    assert listed(["a", "b"], limit=2) == "a, b"
    assert listed(["a", "b", "c", "d"], limit=2) == "a, b and 2 more"
