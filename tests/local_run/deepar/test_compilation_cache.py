"""The compilation cache: where it is, that it changes no result, and what happens to damaged, old and unusable files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from local_run.deepar.compilation_cache import (
    FOLDER_VARIABLE,
    MAX_BYTES,
    SIZE_VARIABLE,
    SWITCH_VARIABLE,
    default_folder,
    use_compilation_cache,
)
from local_run.deepar.model import MODEL_FILES
from local_run.emulator.processes import inherited_environment
from local_run.session import PROJECT
from tests.local_run.deepar.support import cut, hyperparameters, seasonal_series, write_root
from tests.patience import PATIENCE_SECONDS


def environment(cache: Path, **more: str) -> dict[str, str]:
    """A child's environment with its cache below this folder."""
    chosen = {name: value for name, value in inherited_environment().items() if not name.startswith("JAX_")}
    return chosen | {"XDG_CACHE_HOME": str(cache)} | more


def entries(cache: Path) -> dict[str, int]:
    """Name and size of each compiled function in the cache."""
    return {path.name: path.stat().st_size for path in default_folder({"XDG_CACHE_HOME": str(cache)}).glob("*-cache")}


def python(code: str, variables: dict[str, str]) -> str:
    """Run the code in a process of its own and return its output."""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=PROJECT,
        env=variables,
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    ).stdout


def start_training(root: Path, variables: dict[str, str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "local_run.deepar", "train", "--root", str(root)]
    return subprocess.Popen(command, cwd=PROJECT, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"XDG_CACHE_HOME": "/x"}, Path("/x/forecast-training-pipeline/jax")),
        ({"XDG_CACHE_HOME": "relative"}, Path.home() / ".cache/forecast-training-pipeline/jax"),
        ({}, Path.home() / ".cache/forecast-training-pipeline/jax"),
    ],
)
def test_the_folder_is_in_the_users_cache(given: dict[str, str], expected: Path) -> None:
    assert default_folder(given) == expected


def test_a_training_is_the_same_with_a_cold_or_warm_cache_or_none(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    on, off = environment(cache), environment(tmp_path / "off", **{SWITCH_VARIABLE: "false"})
    values = hyperparameters(epochs="1", likelihood="deterministic-L1")

    def root(name: str) -> Path:
        return write_root(tmp_path / name, values, cut(seasonal_series(2), 60), None)

    def finish(processes: dict[str, subprocess.Popen[str]]) -> None:
        for name, process in processes.items():
            output, _ = process.communicate(timeout=PATIENCE_SECONDS)
            assert process.returncode == 0 and "UserWarning" not in output, f"{name}: {output}"

    finish({name: start_training(root(name), on) for name in ("writer", "other-writer")})
    written = entries(cache)
    finish({"warm": start_training(root("warm"), on), "none": start_training(root("none"), off)})
    assert any(name.startswith("jit__step-") for name in written)
    assert entries(cache) == written
    assert not entries(tmp_path / "off")
    models = [
        {file: (tmp_path / name / "model" / file).read_bytes() for file in MODEL_FILES}
        for name in ("writer", "other-writer", "warm", "none")
    ]
    assert all(model == models[0] for model in models)


def test_the_least_recently_used_entries_are_removed_above_the_bound(tmp_path: Path) -> None:
    code = """
from local_run.deepar.compilation_cache import use_compilation_cache
use_compilation_cache()
import jax, numpy as np
for power in {powers}:
    jax.jit(lambda value: value ** power)(np.ones(3))
"""
    python(code.format(powers=(2,)), environment(tmp_path))
    (first,) = entries(tmp_path)
    bound = 3 * entries(tmp_path)[first]
    limited = environment(tmp_path, **{SIZE_VARIABLE: str(bound)})
    python(code.format(powers=(3, 2, 4, 5)), limited)
    kept = entries(tmp_path)
    assert sum(kept.values()) <= bound
    assert 1 < len(kept) < 4
    python(code.format(powers=(5,)), limited)  # the latest one is still there
    assert entries(tmp_path) == kept


def test_what_killed_processes_left_is_removed_and_the_rest_kept(tmp_path: Path) -> None:
    folder = default_folder({"XDG_CACHE_HOME": str(tmp_path)})
    folder.mkdir(parents=True)
    for name in ("whole-cache", "whole-atime", "partial-cache", "evicted-atime"):
        (folder / name).write_bytes(bytes(8))
    variables = {"XDG_CACHE_HOME": str(tmp_path)}
    use_compilation_cache(variables)
    assert sorted(path.name for path in folder.glob("*-*")) == ["whole-atime", "whole-cache"]
    assert (variables[FOLDER_VARIABLE], variables[SIZE_VARIABLE]) == (str(folder), str(MAX_BYTES))


def test_only_the_user_can_read_the_folder(tmp_path: Path) -> None:
    use_compilation_cache({"XDG_CACHE_HOME": str(tmp_path)})
    assert default_folder({"XDG_CACHE_HOME": str(tmp_path)}).stat().st_mode & 0o077 == 0


def test_a_folder_that_the_user_chose_is_left_to_jax(tmp_path: Path) -> None:
    (tmp_path / "unfinished-cache").write_bytes(b"another program's")
    variables = {FOLDER_VARIABLE: str(tmp_path)}
    use_compilation_cache(variables)
    assert variables == {FOLDER_VARIABLE: str(tmp_path)}
    assert [path.name for path in tmp_path.iterdir()] == ["unfinished-cache"]


def test_an_unusable_folder_is_logged_and_nothing_is_cached(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    variables = {"XDG_CACHE_HOME": str(tmp_path / "file")}
    with caplog.at_level("INFO", logger="local_run.deepar"):
        use_compilation_cache(variables)
    assert FOLDER_VARIABLE not in variables
    assert "No compilation cache" in caplog.text and str(tmp_path / "file") in caplog.text


def test_trainings_of_the_emulator_use_the_users_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CACHE_HOME", FOLDER_VARIABLE, SIZE_VARIABLE, SWITCH_VARIABLE):
        monkeypatch.setenv(name, "chosen")
        assert inherited_environment()[name] == os.environ[name] == "chosen"
