"""Request lines of a backtest or forecast: one DeepAR inference request per base asset and window, and their index.

A line's target ends where its window starts. Its ``dynamic_feat`` also span the window, because each of their values was known
``prediction_length`` steps earlier or is a calendar feature.
Source: Amazon SageMaker developer guide, "DeepAR Inference Formats".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from contracts.backtest import (
    INDEX_FILE,
    INDEX_VERSION,
    LINES_FOLDER,
    LINES_PER_FILE,
    RequestIndex,
    RequestLine,
    RequestWindow,
)
from contracts.problems import one_problem
from contracts.template import TrainingTemplate
from fe_image.data.frequency import iso
from fe_image.data.grid import Grid
from fe_image.engineer import ModelSeries
from fe_image.json_text import json_bytes
from fe_image.series import request_line

FOLDER = "requests"
INDEX_PATH = f"{FOLDER}/{INDEX_FILE}"
LINES_PATH = f"{FOLDER}/{LINES_FOLDER}"


def request_files(data: ModelSeries) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Yield the name and the content of each file of lines, then of the index. Without windows there is only the index."""
    order = [(window, asset) for window in range(data.grid.windows) for asset in range(len(data.panel.assets))]
    files: dict[str, list[RequestLine]] = {}
    for begin in range(0, len(order), LINES_PER_FILE):
        lines = order[begin : begin + LINES_PER_FILE]
        name = f"{len(files):04d}.jsonl"
        files[name] = [{"asset": data.panel.assets[asset], "window": window} for window, asset in lines]
        yield f"{LINES_PATH}/{name}", (request_line(data, asset, data.grid.window_start(window)) for window, asset in lines)
    yield INDEX_PATH, [json_bytes(_index(data, files))]


def request_windows(grid: Grid) -> list[RequestWindow]:
    """Return the calibration windows, then the test windows; of a forecast, its only window."""
    windows: list[RequestWindow] = []
    for window in range(grid.windows):
        start = grid.window_start(window)
        first, last = iso(grid.times[[start, start + grid.prediction_length - 1]])
        windows.append({"kind": grid.kind(window), "start": first, "end": last})
    return windows


def check_index(index: RequestIndex, template: TrainingTemplate, grid: Grid, step: str) -> None:
    """Compare the index that ``step`` wrote with a template and with the grid of its prices.

    Raises:
        ProblemsError: version, windows or assets differ.
    """
    expected: dict[str, object] = {
        "version": INDEX_VERSION,
        "prediction_length": grid.prediction_length,
        "frequency": template.time_freq,
        "windows": request_windows(grid),
    }
    found = {name: index.get(name) for name in expected}
    pairs = sorted((line["window"], line["asset"]) for lines in index["files"].values() for line in lines)
    wanted = sorted((window, asset) for window in range(grid.windows) for asset in template.base_assets)
    differing = [name for name in expected if found[name] != expected[name]] + (["files"] if pairs != wanted else [])
    if differing:
        allowed = f"allowed: what the {step} step writes for the same template and prices; these members differ: "
        raise one_problem(step, INDEX_PATH, index.get("version"), allowed + ", ".join(differing))


def _index(data: ModelSeries, files: dict[str, list[RequestLine]]) -> RequestIndex:
    return {
        "version": INDEX_VERSION,
        "prediction_length": data.grid.prediction_length,
        "frequency": data.template.time_freq,
        "windows": request_windows(data.grid),
        "files": files,
    }
