from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.build_context import ALLOWED, BuildContext
from contracts.problems import ProblemsError
from tests.components.recording import ROOT
from tests.patience import PATIENCE_SECONDS

PLATFORM = "linux/amd64"
FILES = st.dictionaries(st.text("ab/", min_size=1, max_size=4), st.binary(max_size=4), max_size=4)
ARGS = st.dictionaries(st.text("AB", min_size=1, max_size=3), st.text("xy", max_size=3), max_size=3)


def source(root: Path, **more: str) -> Path:
    for folder in ALLOWED:
        (root / folder).mkdir(parents=True, exist_ok=True)
        (root / folder / "a.py").write_text(f"# {folder}\n")
    for path, text in more.items():
        file = root / path.replace("__", "/").replace("_dot_", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


def read(root: Path, **build_args: str) -> BuildContext:
    return BuildContext.read(root, build_args, PLATFORM)


def test_the_same_content_has_the_same_tag_whatever_path_umask_and_clock(tmp_path: Path) -> None:
    one = source(tmp_path / "one")
    before = os.umask(0o077)
    try:
        other = source(tmp_path / "a much longer path" / "other")
    finally:
        os.umask(before)
    os.utime(other / "contracts" / "a.py", (1, 1))
    assert read(one).tag == read(other).tag


def test_the_copy_has_modes_of_its_own(tmp_path: Path) -> None:
    root = source(tmp_path / "source")
    before = os.umask(0o077)
    try:
        staged = read(root).stage(tmp_path / "staging")
    finally:
        os.umask(before)
    assert staged.name == read(root).tag
    modes = {path.relative_to(staged).as_posix(): stat.S_IMODE(path.stat().st_mode) for path in staged.rglob("*")}
    assert modes == {"contracts": 0o755, "contracts/a.py": 0o644, "fe_image": 0o755, "fe_image/a.py": 0o644}
    assert stat.S_IMODE(staged.stat().st_mode) == 0o755


@pytest.mark.parametrize("change", ["content", "name", "argument", "platform", "new file", "moved"])
def test_whatever_the_image_depends_on_changes_the_tag(tmp_path: Path, change: str) -> None:
    root = source(tmp_path, contracts__b_dot_py="1")
    before = read(root, BASE_IMAGE="python:1").tag
    platform, args = PLATFORM, {"BASE_IMAGE": "python:1"}
    if change == "content":
        (root / "contracts" / "b.py").write_text("2")
    elif change == "name":
        (root / "contracts" / "b.py").rename(root / "contracts" / "c.py")
    elif change == "argument":
        args = {"BASE_IMAGE": "python:2"}
    elif change == "platform":
        platform = "linux/arm64"
    elif change == "new file":
        (root / "fe_image" / "empty.py").touch()
    else:
        (root / "contracts" / "b.py").rename(root / "fe_image" / "b.py")
    assert BuildContext.read(root, args, platform).tag != before


def test_what_is_no_source_is_left_out(tmp_path: Path) -> None:
    root = source(tmp_path)
    before = read(root).tag
    source(root, contracts____pycache____a_dot_pyc="x", fe_image___dot_env="SECRET=1", README_dot_md="x", runs__a_dot_py="x")
    (root / "contracts" / "__pycache__").mkdir(exist_ok=True)
    (root / "contracts" / "__pycache__" / "a.pyc").write_bytes(b"x")
    (root / "fe_image" / ".env").write_text("SECRET=1")
    for name in (
        "a.py~",
        "a.py.bak",
        "a.py.rej",
        "a.orig",
        ".a.py.swp",
        "step.log",
        "Thumbs.db",
        ".DS_Store",
        "requirements.in",
    ):
        (root / "fe_image" / name).write_text("x")
    assert read(root).tag == before
    assert not any(".env" in path or "pycache" in path for path in read(root).files)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProblemsError, match="contracts"):
        read(tmp_path)


def test_two_programs_may_lay_the_copy_at_once(tmp_path: Path) -> None:
    context = read(source(tmp_path / "source"))
    failures: list[BaseException] = []

    def stage() -> None:
        try:
            context.stage(tmp_path / "staging")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=stage) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=PATIENCE_SECONDS)
    assert failures == []
    assert [path.name for path in (tmp_path / "staging").iterdir()] == [context.tag]


@given(FILES, ARGS, FILES, ARGS)
def test_different_parts_have_different_tags(files: dict, args: dict, other_files: dict, other_args: dict) -> None:
    one, other = BuildContext(files, args, PLATFORM), BuildContext(other_files, other_args, PLATFORM)
    assert (one.tag == other.tag) == (files == other_files and args == other_args)


def test_the_projects_own_context_holds_what_the_image_needs() -> None:
    files = read(ROOT).files
    assert {"fe_image/Dockerfile", "fe_image/run-fe-step.py", "contracts/layout.py"} <= files.keys()
    assert {path.split("/")[0] for path in files} == set(ALLOWED)
    assert "contracts/schedule_expression.py" not in files
