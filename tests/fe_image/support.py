"""Panels, histories and templates for the tests of the step."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from contracts.template import TrainingTemplate, parse_template
from fe_image.data.arrays import Panel
from fe_image.data.prices import PriceHistory
from local_run.sample_data import SOURCES, sample_prices

DEMO = Path(__file__).parents[2] / "examples/templates/demo.json"

#: Settings under which every registered group is tried: defaults, and what takes another path through the code.
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("bollinger", {}),
    ("bollinger", {"windows": [5, 30], "deviations": 1.5, "output": "level"}),
    ("rsi", {"windows": [2, 14]}),
    ("sma", {}),
    ("sma", {"windows": [3], "output": "level"}),
    ("ema", {}),
    ("ema", {"windows": [3], "output": "level"}),
    ("macd", {}),
    ("momentum", {"windows": [1, 10]}),
    ("volatility", {"windows": [2, 20]}),
    ("returns", {}),
    ("lags", {}),
    ("arima", {}),
    ("arima", {"order": [2, 0, 0]}),
    ("arima", {"order": [2, 2, 0], "refit": "once"}),
    ("arima", {"order": [0, 1, 1], "refit": "once"}),
    ("spectral", {"window": 32, "components": [1, 3, 16]}),
    ("autoencoder", {"epochs": 3}),
    ("autoencoder", {"epochs": 2, "codes": 1, "window": 1}),
    ("pca", {}),
    ("pca", {"codes": 64, "window": 2}),
    ("calendar", {"fields": ["hourOfDay", "dayOfWeek", "dayOfMonth", "monthOfYear"]}),
]


def weekdays(rows: int, start: str = "2001-01-01") -> np.ndarray:
    """Return consecutive weekdays from a date on."""
    days = np.arange(np.datetime64(start), np.datetime64(start) + rows * 2, dtype="datetime64[D]")
    return days[np.is_busday(days)][:rows].astype("datetime64[s]")


def walk(seed: int, assets: int = 3, rows: int = 400, times: np.ndarray | None = None) -> Panel:
    """Random walks of log prices with a common factor."""
    random = np.random.default_rng(seed)
    shocks = random.standard_t(4, size=(assets, rows)) * 0.01 + random.normal(size=rows) * 0.005
    close = np.exp(np.cumsum(shocks, axis=1)) * random.uniform(1, 1000, size=(assets, 1))
    return Panel(tuple(f"A{i}" for i in range(assets)), weekdays(rows) if times is None else times, close)


def histories(panel: Panel) -> dict[str, PriceHistory]:
    return {name: PriceHistory(name, panel.times, panel.close[i]) for i, name in enumerate(panel.assets)}


def template_data(panel: Panel, train_rows: int, **changes: Any) -> dict[str, Any]:
    """A template that fits a panel: every group once, small."""
    data: dict[str, Any] = {
        "baseAssets": list(panel.assets),
        "predictedAsset": panel.assets[-1],
        "startDataset": str(panel.times[0].astype("datetime64[D]")),
        "endTraining": str(panel.times[train_rows - 1]).replace("T", " "),
        "predictionLength": 7,
        "contextLength": 14,
        "calibrationWindows": 1,
        "testWindows": 2,
        "importance": {"horizon": 1},
        "features": {
            "bollinger": {},
            "rsi": {},
            "sma": {"windows": [10]},
            "ema": {"windows": [10]},
            "macd": {"fast": 5, "slow": 10, "signal": 4},
            "momentum": {},
            "volatility": {},
            "returns": {},
            "lags": {},
            "arima": {"order": [2, 1, 0]},
            "spectral": {"window": 16, "components": [3]},
            "autoencoder": {"epochs": 2},
            "pca": {},
            "calendar": {},
        },
    }
    data.update(changes)
    return {key: value for key, value in data.items() if value is not None}


def template(panel: Panel, train_rows: int, **changes: Any) -> TrainingTemplate:
    return parse_template(template_data(panel, train_rows, **changes))


@cache
def demo_template() -> TrainingTemplate:
    return parse_template(json.loads(DEMO.read_text()))


@cache
def sample_histories() -> dict[str, PriceHistory]:
    """The six real assets."""
    made = {}
    for asset in SOURCES:
        dates, close = zip(*sample_prices(asset), strict=True)
        made[asset] = PriceHistory(asset, np.array(dates, dtype="datetime64[s]"), np.array(close))
    return made


def write_csv(folder: Path, panel: Panel, intraday: bool = False) -> None:
    """``<ASSET>.csv`` for every asset."""
    folder.mkdir(parents=True, exist_ok=True)
    unit = "s" if intraday else "D"
    dates = np.datetime_as_string(panel.times.astype(f"datetime64[{unit}]"))
    for name, close in zip(panel.assets, panel.close, strict=True):
        rows = [f"{date},{price!r}" for date, price in zip(dates.tolist(), close.tolist(), strict=True)]
        (folder / f"{name}.csv").write_text("\n".join(["Date,Close", *rows]) + "\n")


def level_template(frequency: str = "1D", **data: Any) -> TrainingTemplate:
    """A template that needs nothing of the prices but what ``data`` tolerates."""
    fields = {"startDataset": "1900-01-01", "endTraining": "2000-01-01", "frequency": frequency, "targetTransform": "level"}
    return parse_template({**fields, "baseAssets": ["A"], "predictedAsset": "A", "data": data, "features": {"rsi": {}}})
