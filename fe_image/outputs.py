"""Writes the step's outputs. Each file is written under a temporary name and renamed; the manifest is the last one.

Files are generated piece by piece, so the channels of hundreds of assets are never in memory as a whole. The content depends
only on the inputs, not on the time or the machine: a repeated step writes the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import orjson

from contracts.layout import OUTPUTS
from contracts.manifest import MANIFEST_NAME, ManifestEntry
from contracts.problems import Problem
from fe_image import reports
from fe_image.data.arrays import Floats
from fe_image.data.frequency import iso
from fe_image.engineer import EngineeredData
from fe_image.files import clear_folder, write_files
from fe_image.json_text import json_bytes
from fe_image.requests import INDEX_PATH, LINES_PATH, request_files
from fe_image.series import channel_line

MANIFEST_FILE = f"manifest/{MANIFEST_NAME}"
_ROWS_AT_ONCE = 1000
#: All files but those of request lines, whose number depends on the assets and windows.
FIXED_FILES = (
    "features/features.csv",
    "train/train.json",
    "test/test.json",
    "evaluation/importance.json",
    "evaluation/scales.json",
    "evaluation/target.json",
    INDEX_PATH,
    MANIFEST_FILE,
)


def output_path_problems(root: Path) -> list[Problem]:
    """Report paths that block an output: a file where a folder belongs, or a folder where a file belongs."""
    taken = [path for name in OUTPUTS if (path := root / name).exists() and not path.is_dir()]
    folders = [path for name in FIXED_FILES if (path := root / name).is_dir()]
    problems = [Problem(str(path), "not a folder", "allowed: a folder, or a path that does not exist") for path in taken]
    return problems + [Problem(str(path), "a folder", "allowed: a file, or a path that does not exist") for path in folders]


def write_outputs(data: EngineeredData, root: Path, execution_id: str) -> dict[str, ManifestEntry]:
    """Write all outputs under ``root`` and return the manifest's entries."""
    clear_folder(root / LINES_PATH)  # an earlier run may have had more files, and the transform sends every file
    return write_files(root, OUTPUTS, MANIFEST_FILE, execution_id, output_files(data))


def output_files(data: EngineeredData) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Yield the name and the content of every output except the manifest."""
    yield "features/features.csv", features_csv(data)
    yield "train/train.json", train_lines(data)
    yield "test/test.json", test_lines(data)
    yield from request_files(data)
    yield "evaluation/importance.json", [json_bytes(reports.importance(data))]
    yield "evaluation/scales.json", [json_bytes(reports.scales(data))]
    yield "evaluation/target.json", [json_bytes(reports.target(data))]


def train_lines(data: EngineeredData) -> Iterator[bytes]:
    """Yield ``train.json``: one line per base asset, up to the training end."""
    for index in range(len(data.panel.assets)):
        yield channel_line(data, index, data.grid.train_cells)


def test_lines(data: EngineeredData) -> Iterator[bytes]:
    """Yield ``test.json``: one line of the predicted asset per test window. It ends with the steps to forecast."""
    for window in range(data.grid.calibration_windows, data.grid.windows):
        yield channel_line(data, data.predicted, data.grid.window_start(window + 1))


def features_csv(data: EngineeredData) -> Iterator[bytes]:
    """Yield ``features.csv``: date, closing prices, and the features, neither normalised nor lagged; empty in the warm-up."""
    names = [f"{asset}:close" for asset in data.panel.assets]
    blocks: list[Floats] = [data.panel.close]
    if data.features.columns:
        more, values = data.features.flat()
        names, blocks = names + more, [*blocks, values]
    yield ",".join(["Date", *names]).encode() + b"\n"
    dates = iso(data.panel.times)
    dates = [date.removesuffix(" 00:00:00") for date in dates] if all(d.endswith(" 00:00:00") for d in dates) else dates
    for begin in range(0, len(dates), _ROWS_AT_ONCE):
        rows = np.concatenate([block[:, begin : begin + _ROWS_AT_ONCE] for block in blocks]).T
        # orjson is the fastest writer of exact decimals here. Its brackets become line ends, and its nulls empty cells.
        text = orjson.dumps(np.ascontiguousarray(rows), option=orjson.OPT_SERIALIZE_NUMPY).replace(b"null", b"")
        lines = text[2:-2].split(b"],[")
        pairs = zip(dates[begin : begin + _ROWS_AT_ONCE], lines, strict=True)
        yield b"".join(date.encode() + b"," + line + b"\n" for date, line in pairs)
