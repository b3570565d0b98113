"""Writes the step's outputs. Each file is written under a temporary name and renamed; the manifest is the last one.

Files are generated piece by piece, so the channels of hundreds of assets are never in memory as a whole. The content depends
only on the inputs, not on the time or the machine: a repeated step writes the same bytes.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from contracts.layout import GATE_BASELINE, GATE_FILE, GATE_MARGIN, GATE_THRESHOLD, OUTPUTS
from contracts.manifest import MANIFEST_NAME, ManifestEntry, manifest_bytes
from contracts.problems import Problem
from fe_image import reports
from fe_image.data.arrays import Floats
from fe_image.data.frequency import iso
from fe_image.engineer import EngineeredData

MANIFEST_FILE = f"manifest/{MANIFEST_NAME}"
_ROWS_AT_ONCE = 1000
#: Files that only some templates and ranges produce. Those of an earlier run into the same folder are deleted.
OPTIONAL_FILES = (f"evaluation/{GATE_FILE}", "evaluation/baselines.json")
ALL_FILES = (
    "features/features.csv",
    "train/train.json",
    "test/test.json",
    "evaluation/importance.json",
    "evaluation/scales.json",
    "evaluation/target.json",
    *OPTIONAL_FILES,
    MANIFEST_FILE,
)


def output_path_problems(root: Path) -> list[Problem]:
    """Report paths that block an output: a file where a folder belongs, or a folder where a file belongs."""
    taken = [path for name in OUTPUTS if (path := root / name).exists() and not path.is_dir()]
    folders = [path for name in ALL_FILES if (path := root / name).is_dir()]
    problems = [Problem(str(path), "not a folder", "allowed: a folder, or a path that does not exist") for path in taken]
    return problems + [Problem(str(path), "a folder", "allowed: a file, or a path that does not exist") for path in folders]


def write_outputs(data: EngineeredData, root: Path, execution_id: str) -> dict[str, ManifestEntry]:
    """Write all outputs under ``root`` and return the manifest's entries.

    An earlier manifest is deleted first, so a killed step never leaves a manifest that matches partial output.
    """
    for name in OUTPUTS:
        (root / name).mkdir(parents=True, exist_ok=True)
        for left_over in (root / name).glob(".*.partial"):
            left_over.unlink()
    for name in (MANIFEST_FILE, *OPTIONAL_FILES):
        (root / name).unlink(missing_ok=True)
    entries = {name: _write(root / name, pieces) for name, pieces in output_files(data)}
    _write(root / MANIFEST_FILE, [manifest_bytes(execution_id, entries)])
    return entries


def output_files(data: EngineeredData) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Yield the name and the content of every output except the manifest."""
    yield "features/features.csv", features_csv(data)
    yield "train/train.json", train_lines(data)
    yield "test/test.json", test_lines(data)
    if data.baseline.windows:
        baseline, margin = data.baseline.mean_loss, data.template.gate_margin
        gate = {GATE_THRESHOLD: baseline * (1 + margin), GATE_BASELINE: baseline, GATE_MARGIN: margin}
        yield f"evaluation/{GATE_FILE}", [_json(gate)]
        yield "evaluation/baselines.json", [_json(reports.baselines(data))]
    yield "evaluation/importance.json", [_json(reports.importance(data))]
    yield "evaluation/scales.json", [_json(reports.scales(data))]
    yield "evaluation/target.json", [_json(reports.target(data))]


def train_lines(data: EngineeredData) -> Iterator[bytes]:
    """Yield ``train.json``: one line per base asset, up to the training end."""
    for index in range(len(data.panel.assets)):
        yield _line(data, index, data.grid.train_cells)


def test_lines(data: EngineeredData) -> Iterator[bytes]:
    """Yield ``test.json``: one line of the predicted asset per test window. It ends with the steps to forecast."""
    for window in range(data.grid.windows):
        yield _line(data, data.predicted, data.grid.window_start(window + 1))


def _line(data: EngineeredData, asset: int, end: int) -> bytes:
    """Return a series from the common start to cell ``end`` in the algorithm's JSON Lines format; null means no trading."""
    begin = data.series_start
    line: dict[str, Any] = {
        "start": iso(data.grid.times[begin : begin + 1])[0],
        "target": np.ascontiguousarray(data.target[asset, begin:end]),
        "cat": [asset],
    }
    if data.dynamic.names:
        line["dynamic_feat"] = np.ascontiguousarray(data.dynamic.values[asset, :, begin:end])
    return orjson.dumps(line, option=orjson.OPT_SERIALIZE_NUMPY) + b"\n"


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


def _json(content: object) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY) + b"\n"


def _write(path: Path, pieces: Iterable[bytes]) -> ManifestEntry:
    """Write a file atomically: under a temporary name, then renamed."""
    digest, size = hashlib.sha256(), 0
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as stream:
            for piece in pieces:
                digest.update(piece)
                size += len(piece)
                stream.write(piece)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
    return {"size": size, "sha256": digest.hexdigest()}
