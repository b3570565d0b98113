"""Small series, settings and folders, shared by the tests of the DeepAR stand-in."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np

from local_run.deepar.config import Config
from local_run.deepar.data import Series

SMALL = Config.from_strings(
    {
        "time_freq": "D",
        "prediction_length": "7",
        "context_length": "14",
        "epochs": "12",
        "learning_rate": "0.01",
        "mini_batch_size": "32",
        "num_cells": "16",
        "num_layers": "1",
        "dropout_rate": "0.05",
        "embedding_dimension": "2",
        "likelihood": "gaussian",
        "num_eval_samples": "50",
    }
)


def seasonal_series(count: int = 4, length: int = 210, seed: int = 0, scale: float = 1.0) -> list[Series]:
    """A weekly pattern around a level of its own for each series, with a little noise."""
    random = np.random.default_rng(seed)
    days = np.arange(length)
    pattern = np.array([0.0, 1.0, 2.0, 3.0, 1.0, -2.0, -3.0])
    return [
        Series(datetime(2020, 1, 6), scale * (10 + 3 * index + pattern[days % 7] + 0.1 * random.normal(size=length)), (index,))
        for index in range(count)
    ]


def cut(series: list[Series], length: int) -> list[Series]:
    return [replace(item, target=item.target[:length]) for item in series]


def hyperparameters(**changes: str) -> dict[str, str]:
    return {
        "time_freq": "D",
        "prediction_length": "7",
        "context_length": "14",
        "epochs": "2",
        "mini_batch_size": "8",
        "num_cells": "4",
        "num_layers": "1",
        "num_eval_samples": "20",
        **changes,
    }


def write_root(root: Path, values: dict[str, str], train: list[Series], test: list[Series] | None) -> Path:
    """The container layout under a folder, with a file of JSON Lines for each channel."""
    config = root / "input" / "config"
    config.mkdir(parents=True)
    (config / "hyperparameters.json").write_text(json.dumps(values))
    for name, series in (("train", train), ("test", test)):
        if series is None:
            continue
        folder = root / "input" / "data" / name
        folder.mkdir(parents=True)
        (folder / f"{name}.json").write_text("".join(json.dumps(record(item)) + "\n" for item in series))
    return root


def record(series: Series) -> dict[str, object]:
    values = [None if np.isnan(value) else float(value) for value in series.target]
    made: dict[str, object] = {"start": str(series.start), "target": values, "cat": list(series.cat)}
    if series.dynamic_feat is not None:
        made["dynamic_feat"] = series.dynamic_feat.tolist()
    return made
