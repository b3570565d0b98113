"""The step on a folder of files, without AWS."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from contracts.manifest import directory_problems
from contracts.problems import ProblemsError
from fe_image.offline import run_features
from fe_image.outputs import MANIFEST_FILE
from local_run.cli import app
from tests.fe_image.support import template_data, walk, write_csv
from tests.patience import PATIENCE_SECONDS

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    times = np.arange("2010-01-04T08", "2010-01-24T08", dtype="datetime64[h]").astype("datetime64[s]")
    panel = walk(1, rows=times.size, times=times)
    write_csv(tmp_path / "assets", panel, intraday=True)
    features = {"rsi": {}, "returns": {}, "pca": {}}
    data = template_data(panel, 400, frequency="1H", predictionLength=12, features=features)
    (tmp_path / "template.json").write_text(json.dumps(data))
    return tmp_path


def test_files_manifest_and_summary(folder: Path):
    summary = run_features(folder / "assets", folder / "template.json", folder / "out")
    assert directory_problems(folder / "out") == []
    rows = dict(summary.rows())
    assert rows["common rows"].startswith("480 ")
    assert rows["windows"] == "1 for calibration, 2 tests, of 12 steps"
    assert rows["seen by the model"] == "rsi_14, return_1, return_5, pca_1, pca_2, pca_3"
    assert rows["train/train.json"] == f"{(folder / 'out/train/train.json').stat().st_size:,} bytes"
    assert any(label.startswith("most important (held-out R²") for label in rows)


def test_latest_leaves_all_windows_and_of_one_asset_not_one_step_more(folder: Path):
    data = json.loads((folder / "template.json").read_text())
    alone = {"endTraining": "latest", "baseAssets": ["A0"], "predictedAsset": "A0"}
    (folder / "template.json").write_text(json.dumps(data | alone))
    grid = run_features(folder / "assets", folder / "template.json", folder / "out").data.grid
    assert (grid.calibration_windows, grid.test_windows) == (1, 2)
    assert grid.train_cells == 480 - 3 * 12


def test_importance_that_could_not_be_measured_is_said_in_the_summary(folder: Path):
    template = json.loads((folder / "template.json").read_text()) | {"importance": {"horizon": 1000}}
    (folder / "template.json").write_text(json.dumps(template))
    summary = run_features(folder / "assets", folder / "template.json", folder / "out")
    (text,) = [value for label, value in summary.rows() if label.startswith("most important")]
    assert text == "not known: 0 training rows are too few"
    assert json.loads((folder / "out/evaluation/importance.json").read_text())["scores"] == {}


@pytest.mark.parametrize(
    ("until", "last"),
    [(datetime(2010, 1, 21), "2010-01-21T23:00:00"), (datetime(2010, 1, 21, 10), "2010-01-21T10:00:00")],
)
def test_until_a_day_means_all_of_it(folder: Path, until: datetime, last: str):
    summary = run_features(folder / "assets", folder / "template.json", folder / "out", until)
    assert str(summary.data.panel.times[-1]) == last


def test_no_asset_is_written_over_by_another_runs_left_overs(folder: Path):
    """A run into a folder of an earlier one leaves the files of the new one, whole."""
    run_features(folder / "assets", folder / "template.json", folder / "out")
    first = (folder / "out/train/train.json").read_bytes()
    early = run_features(folder / "assets", folder / "template.json", folder / "out", datetime(2010, 1, 20))
    found = {str(path.relative_to(folder / "out")) for path in (folder / "out").rglob("*") if path.is_file()}
    assert found == {*early.files, "manifest/manifest.json"}
    assert not any(name.startswith("requests/lines/") for name in found), "there was no whole window by then"
    second = run_features(folder / "assets", folder / "template.json", folder / "out")
    assert (folder / "out/train/train.json").read_bytes() == first
    assert directory_problems(folder / "out") == []
    assert second.notes == ()


def test_a_folder_of_prices_that_is_not_there_is_one_problem(tmp_path: Path):
    template = Path(__file__).parents[2] / "examples" / "templates" / "demo.json"
    with pytest.raises(ProblemsError, match="assets is .*allowed: a folder with <ASSET>.csv") as raised:
        run_features(tmp_path / "nowhere", template, tmp_path / "out")
    assert len(raised.value.problems) == 1
    assert not (tmp_path / "out").exists()


def put_file(out: Path) -> None:
    (out / "features").write_text("")


def put_folder(out: Path) -> None:
    (out / "train/train.json").mkdir(parents=True)


def put_manifest(out: Path) -> None:
    (out / MANIFEST_FILE).mkdir(parents=True)


@pytest.mark.parametrize(
    ("taken", "message"),
    [
        (put_file, r"features is 'not a folder'; allowed: a folder"),
        (put_folder, r"train/train\.json is 'a folder'; allowed: a file"),
        (put_manifest, r"manifest/manifest\.json is 'a folder'; allowed: a file"),
    ],
)
def test_where_something_takes_an_outputs_place_nothing_is_written(folder: Path, taken: Callable[[Path], None], message: str):
    out = folder / "out"
    out.mkdir()
    taken(out)
    before = sorted(out.rglob("*"))
    with pytest.raises(ProblemsError, match=message):
        run_features(folder / "assets", folder / "template.json", out)
    assert sorted(out.rglob("*")) == before


def test_a_disk_that_is_full_is_one_problem_and_leaves_no_partial_file(folder: Path, monkeypatch: pytest.MonkeyPatch):
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("fe_image.files.os.fsync", full)
    with pytest.raises(ProblemsError, match="--out is .*; allowed: a folder that you can write to.*No space left"):
        run_features(folder / "assets", folder / "template.json", folder / "out")
    assert list((folder / "out").rglob(".*.partial")) == []


def test_the_command_line_computes_with_one_thread_whatever_the_machine_sets():
    """Set the container's variables before numpy is imported, because the last digits depend on them."""
    code = (
        "import runpy, sys; sys.argv = ['local_run', 'features', '--help']\n"
        "try: runpy.run_module('local_run', run_name='__main__', alter_sys=True)\n"
        "except SystemExit: pass\n"
        "import numpy, threadpoolctl; print([pool['num_threads'] for pool in threadpoolctl.threadpool_info()])"
    )
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"}
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, env=environment, cwd=REPOSITORY, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    assert run.returncode == 0, run.stderr
    assert set(json.loads(run.stdout.splitlines()[-1])) == {1}


def test_another_dialect_is_read_by_the_options_of_the_command(folder: Path, tmp_path: Path):
    """The same prices with semicolons and decimal commas, in a file with an upper-case suffix, give the same files."""
    german = tmp_path / "german"
    german.mkdir()
    for path in (folder / "assets").glob("*.csv"):
        (german / f"{path.stem}.CSV").write_text(path.read_text().replace(",", ";").replace(".", ","))
    runner = CliRunner()
    common = ["features", "--template", str(folder / "template.json")]
    refused = runner.invoke(app, [*common, "--assets", str(german), "--out", str(tmp_path / "refused")])
    assert refused.exit_code == 1
    assert not (tmp_path / "refused").exists()
    options = ["--delimiter", ";", "--decimal", ","]
    done = runner.invoke(app, [*common, "--assets", str(german), "--out", str(tmp_path / "a"), *options])
    assert done.exit_code == 0, done.output
    assert runner.invoke(app, [*common, "--assets", str(folder / "assets"), "--out", str(tmp_path / "b")]).exit_code == 0
    assert (tmp_path / "a/train/train.json").read_bytes() == (tmp_path / "b/train/train.json").read_bytes()
