"""Parquet channels hold the same series as JSON Lines."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from contracts.problems import ProblemsError
from local_run.deepar.data import read_channel
from tests.local_run.deepar.support import record, seasonal_series


def test_a_parquet_channel_is_read_as_json_lines_are(tmp_path: Path) -> None:
    """Several categories, features, and a missing value."""
    made = [replace(item, cat=(0, 3), dynamic_feat=np.ones((2, 30), np.float32)) for item in seasonal_series(2, 30)]
    made[1].target[4] = np.nan
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([record(item) for item in made]), tmp_path / "a.parquet")
    found = read_channel(tmp_path)
    for item, expected in zip(found, made, strict=True):
        assert (item.start, item.cat) == (expected.start, expected.cat)
        np.testing.assert_array_equal(item.target, expected.target)
        np.testing.assert_array_equal(item.dynamic_feat, expected.dynamic_feat)


def test_timestamps_and_absent_features_are_allowed(tmp_path: Path) -> None:
    rows = [{"start": datetime(2020, 1, 1), "target": [1.0, 2.0], "cat": None}]
    schema = pyarrow.schema(
        [
            ("start", pyarrow.timestamp("ns")),
            ("target", pyarrow.list_(pyarrow.float64())),
            ("cat", pyarrow.list_(pyarrow.int64())),
        ]
    )
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows, schema=schema), tmp_path / "a.parquet")
    (series,) = read_channel(tmp_path)
    assert (series.start, series.cat) == (datetime(2020, 1, 1), ())


def test_problems_are_named_by_file_and_row(tmp_path: Path) -> None:
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([{"start": "x", "target": [1.0]}]), tmp_path / "a.parquet")
    with pytest.raises(ProblemsError, match=r"a\.parquet row 1 start is 'x'"):
        read_channel(tmp_path)
    (tmp_path / "a.parquet").write_text("text")
    with pytest.raises(ProblemsError, match="allowed: a Parquet file"):
        read_channel(tmp_path)
