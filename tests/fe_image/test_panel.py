"""From histories to common rows: assets that are stamped differently, and what is said of those that do not fit together."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.template import TrainingTemplate, parse_template
from fe_image.engineer import EngineeredData, engineer
from fe_image.outputs import output_files
from fe_image.panel import common_panel
from fe_image.prices import PriceHistory

MONDAYS = np.arange("1990-01-01", "2000-01-01", 7, dtype="datetime64[D]")
MONTHS = np.arange("1980-01", "2000-01", dtype="datetime64[M]")
DAYS = np.arange("1990-01-01", "1991-06-01", dtype="datetime64[D]").astype("datetime64[h]")

#: Frequency, stamps of the assets A and B, and a training end between the two stamps of one step.
STAMPS: dict[str, tuple[str, np.ndarray, np.ndarray, str]] = {
    "weeks by Monday and by Friday": ("1W", MONDAYS, MONDAYS + 4, "1997-01-08"),
    "months by first and by last day": ("1M", MONTHS.astype("M8[D]"), (MONTHS + 1).astype("M8[D]") - 1, "1995-06-15"),
    "days by 9 and by 17 h": ("1D", DAYS + 9, DAYS + 17, "1991-03-15 12:00"),
}


def history(asset: str, times: np.ndarray, seed: int, scale: float = 1.0) -> PriceHistory:
    random = np.random.default_rng(seed)
    close = 100 * scale * np.exp(np.cumsum(random.normal(0, 0.02, times.size)))
    return PriceHistory(asset, times.astype("datetime64[s]"), close)


def template(assets: list[str], **changes: Any) -> TrainingTemplate:
    data: dict[str, Any] = {
        "baseAssets": assets,
        "predictedAsset": assets[-1],
        "startDataset": "1980-01-01",
        "predictionLength": 2,
        "contextLength": 5,
        "testWindows": 2,
        "importance": {},
        "features": {"returns": {}, "sma": {"windows": [5]}, "pca": {}, "arima": {"order": [1, 1, 0]}},
    }
    return parse_template(data | changes)


def stamped_after(history: PriceHistory, made: TrainingTemplate) -> PriceHistory:
    """Half as much again for every price stamped later than the training end."""
    later = history.times > np.datetime64(made.training_end, "s")
    return PriceHistory(history.asset, history.times, np.where(later, history.close * 1.5, history.close))


def of_the_past(data: EngineeredData) -> dict[str, object]:
    """What the outputs say that may rest on the training range alone."""
    files = {name: b"".join(pieces) for name, pieces in output_files(data)}
    rows = data.grid.train_rows + 1
    return {
        "train": files["train/train.json"],
        "scales": files["evaluation/scales.json"],
        "importance": json.loads(files["evaluation/importance.json"])["scores"],
        "features": files["features/features.csv"].splitlines()[:rows],
    }


@pytest.mark.parametrize(("frequency", "first", "second", "end"), STAMPS.values(), ids=STAMPS)
@pytest.mark.parametrize("order", ["AB", "BA"])
@given(seed=st.integers(0, 1000))
@settings(max_examples=2, deadline=None)
def test_a_price_stamped_after_the_training_end_changes_nothing_before_it(
    frequency: str, first: np.ndarray, second: np.ndarray, end: str, order: str, seed: int
):
    """Where assets are stamped differently inside one step, and the training ends between their stamps."""
    histories = {"A": history("A", first, seed), "B": history("B", second, seed + 1)}
    made = template(list(order), frequency=frequency, endTraining=end)
    changed = {asset: stamped_after(prices, made) for asset, prices in histories.items()}
    before, after = of_the_past(engineer(histories, made)), of_the_past(engineer(changed, made))
    for name, content in before.items():
        assert content == after[name], name


@pytest.mark.parametrize(("frequency", "first", "second", "end"), STAMPS.values(), ids=STAMPS)
def test_a_rows_time_is_when_the_last_of_its_prices_was_known(
    frequency: str, first: np.ndarray, second: np.ndarray, end: str
):
    histories = {"A": history("A", second, 1), "B": history("B", first, 2)}
    panel = common_panel(histories, template(["A", "B"], frequency=frequency, endTraining=end))
    np.testing.assert_array_equal(panel.times, second.astype("datetime64[s]"))
