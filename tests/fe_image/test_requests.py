"""The backtest's request lines: DeepAR's inference format, their index, and that no line looks ahead."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.backtest import LINES_PER_FILE
from fe_image.data.arrays import Panel
from fe_image.engineer import EngineeredData, engineer
from fe_image.requests import request_files
from tests.examples import examples
from tests.fe_image.support import demo_template, histories, sample_histories, template, walk

TRAIN_ROWS = 300


def read(data: EngineeredData) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
    """Return the index, and the lines by file name."""
    files = {name: b"".join(pieces) for name, pieces in request_files(data)}
    index = json.loads(files.pop("requests/index.json"))
    return index, {name.rpartition("/")[2]: [json.loads(line) for line in text.splitlines()] for name, text in files.items()}


def by_place(data: EngineeredData) -> dict[tuple[str, int], dict[str, Any]]:
    """Return the lines by asset and window, joined by the index."""
    index, files = read(data)
    assert {name: len(lines) for name, lines in files.items()} == {name: len(rows) for name, rows in index["files"].items()}
    return {
        (row["asset"], row["window"]): line
        for name, rows in index["files"].items()
        for row, line in zip(rows, files[name], strict=True)
    }


def test_the_demo_has_a_line_for_each_asset_and_window():
    data = engineer(sample_histories(), demo_template())
    made, index, lines = data.template, read(data)[0], by_place(data)
    assert [window["kind"] for window in index["windows"]] == ["calibration"] * 4 + ["test"] * 8
    assert (index["windows"][0]["start"], index["windows"][4]["start"]) == ("2012-06-13 00:00:00", "2012-09-01 00:00:00")
    assert set(lines) == {(asset, window) for asset in made.base_assets for window in range(12)}
    for (asset, window), line in lines.items():
        start = np.datetime64(line["start"].replace(" ", "T")) + np.timedelta64(len(line["target"]), "D")
        assert start == np.datetime64(index["windows"][window]["start"].replace(" ", "T"))
        assert made.base_assets[line["cat"][0]] == asset
        assert {value for value in line["target"] if not isinstance(value, float)} <= {"NaN"}, "DeepAR reads NaN, not null"
        assert {len(feature) for feature in line["dynamic_feat"]} == {len(line["target"]) + made.prediction_length}
        assert all(isinstance(value, int | float) for feature in line["dynamic_feat"] for value in feature)


def test_the_lines_agree_with_the_channels():
    data = engineer(sample_histories(), demo_template())
    line = by_place(data)["sp500", 4]
    end = data.grid.window_start(4)
    cells = slice(end - 404, end)  # a context and the longest lag, a year
    np.testing.assert_array_equal(np.array(line["target"], dtype=float), data.target[data.predicted, cells])


def test_more_lines_than_a_file_holds_go_to_the_next():
    panel = walk(1, assets=60, rows=400)
    made = template(panel, TRAIN_ROWS, testWindows=3, features={"calendar": {}}, importance=None)
    index, files = read(engineer(histories(panel), made))
    assert list(files) == ["0000.jsonl", "0001.jsonl"]
    assert len(files["0000.jsonl"]) == LINES_PER_FILE
    assert len(files["0001.jsonl"]) == 240 - LINES_PER_FILE


def changed_from(panel: Panel, row: int, factor: float) -> Panel:
    close = panel.close.copy()
    close[:, row:] *= factor * np.linspace(1, 2, panel.rows - row)
    return Panel(panel.assets, panel.times, close)


@given(seed=st.integers(0, 1000), row=st.integers(TRAIN_ROWS, 315), transform=st.sampled_from(["level", "log", "log_return"]))
@examples(6)
def test_later_prices_do_not_change_a_line(seed: int, row: int, transform: str):
    """Prices from a row on are others: the lines of windows that start at or before it stay, byte for byte."""
    panel = walk(seed, rows=340)
    made = template(panel, TRAIN_ROWS, targetTransform=transform, testWindows=3)
    one, two = engineer(histories(panel), made), engineer(histories(changed_from(panel, row, 1.5)), made)
    before, after = by_place(one), by_place(two)
    changed = int(one.grid.row_cell[row])
    for (asset, window), line in before.items():
        if one.grid.window_start(window) <= changed:
            assert line == after[asset, window]
        else:
            assert line != after[asset, window]


@pytest.mark.parametrize("transform", ["level", "log_return"])
def test_a_line_has_nothing_from_its_window(transform: str):
    """Every price of the windows is its own marker; no line contains the marker of its window or a later one."""
    panel = walk(7, rows=340)
    made = template(panel, TRAIN_ROWS, targetTransform=transform, dynamicFeatures=[])
    data = engineer(histories(panel), made)
    for (asset, window), line in by_place(data).items():
        later = data.target[panel.assets.index(asset), data.grid.window_start(window) :]
        assert not set(later[np.isfinite(later)].tolist()) & set(line["target"])
