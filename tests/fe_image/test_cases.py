"""Folders of prices that the step once judged or explained wrongly."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.problems import ProblemsError
from fe_image.offline import run_features
from runs.price_files import read_price_files

CASES = Path(__file__).parent / "cases"


def test_a_live_last_row_is_a_duplicate_for_put_and_for_the_step(tmp_path: Path) -> None:
    folder = CASES / "live-last-row"
    summary = run_features(folder, folder / "template.json", tmp_path / "out")
    note = "rows 901 and 902 (2011-06-13 00:00:00 and 2011-06-13 16:00:02) are in one step of 1D; the last one counts"
    assert summary.notes == (f"A.csv: {note}",)
    assert summary.data.panel.rows == 900
    (file,) = read_price_files([folder / "A.csv"])
    assert file.notes[0].endswith(note)
    assert (file.rows, file.repeated) == (900, 1)


def test_too_few_rows_are_explained_by_the_asset_that_has_them(tmp_path: Path) -> None:
    folder = CASES / "too-few-common-rows"
    with pytest.raises(
        ProblemsError, match="features.spectral is 'windows of 128 rows'; the training range has 52 common rows"
    ):
        run_features(folder, folder / "template.json", tmp_path / "out")
    assert not (tmp_path / "out").exists()
