"""``python -m local_run samples``: writes the six real price histories as files."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner, Result

from fe_image.offline import run_features
from local_run.cli import app
from local_run.demo import TEMPLATE
from local_run.sample_data import SOURCES
from runs.price_files import read_price_files


def samples(folder: Path) -> Result:
    return CliRunner().invoke(app, ["samples", "--out", str(folder)])


def test_every_sample_asset_is_written_and_its_source_named(tmp_path: Path) -> None:
    done = samples(tmp_path / "new" / "prices")
    assert done.exit_code == 0
    assert {path.name for path in (tmp_path / "new" / "prices").iterdir()} == {f"{asset}.csv" for asset in SOURCES}
    assert all(source in done.stdout for source in SOURCES.values())


def test_they_are_what_assets_put_and_features_take(tmp_path: Path) -> None:
    samples(tmp_path / "prices")
    stored = read_price_files(sorted((tmp_path / "prices").glob("*.csv")))
    assert {file.asset for file in stored} == SOURCES.keys()
    summary = run_features(tmp_path / "prices", TEMPLATE, tmp_path / "features")
    assert summary.data.panel.rows > 3000


def test_once_more_leaves_them_as_they_are(tmp_path: Path) -> None:
    samples(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert samples(tmp_path).exit_code == 0
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_a_file_of_other_content_is_refused_and_then_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "wti.csv").write_text("Date,Close\n2024-01-01,1\n")
    (tmp_path / "IBM.csv").mkdir()
    done = samples(tmp_path)
    assert done.exit_code == 1
    assert "samples: 2 problems" in done.stderr
    for name in ("wti.csv", "IBM.csv"):
        assert f"{tmp_path / name} is '{name}'; it is there with other content" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["IBM.csv", "wti.csv"]
    assert (tmp_path / "wti.csv").read_text() == "Date,Close\n2024-01-01,1\n"


def test_a_folder_that_cannot_be_made_is_refused() -> None:
    done = samples(Path("/dev/null/prices"))
    assert done.exit_code == 1
    assert "/dev/null is not a folder" in done.stderr
