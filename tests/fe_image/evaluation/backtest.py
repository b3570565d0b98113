"""Backtests for the tests of the evaluation: actual values, and a model that draws its paths from a known distribution."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from contracts.backtest import RequestLine
from contracts.template import TrainingTemplate
from fe_image.data.arrays import Floats, Panel
from fe_image.data.frequency import Frequency
from fe_image.data.grid import make_grid
from fe_image.data.panel import common_panel
from fe_image.evaluation.data import Actual, actual_values
from fe_image.model.target import trading_profile
from tests.fe_image.support import histories, template

LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def actual_of(panel: Panel, made: TrainingTemplate) -> Actual:
    """Return the actual values with the trading profile that the feature step would fit."""
    grid = make_grid(common_panel(histories(panel), made), made, "")
    train = slice(0, grid.train_cells)
    seen = np.isfinite(grid.place(panel.close)[0, train])
    profile = trading_profile(grid.times[train], seen, Frequency.parse(made.frequency))
    return actual_values(histories(panel), made, profile)


def small(panel: Panel, train_rows: int, **changes: Any) -> TrainingTemplate:
    """Return a template with few features, because the evaluation uses none."""
    return template(panel, train_rows, **{"features": {"calendar": {}}, "importance": None, **changes})


def returns_like_training(actual: Actual, samples: int = 200, seed: int = 0) -> Iterator[tuple[RequestLine, Floats]]:
    """Yield paths of the target that are drawn from the training range's own values."""
    random = np.random.default_rng(seed)
    for window in range(actual.grid.windows):
        for number, asset in enumerate(actual.assets):
            train = actual.target[number, : actual.grid.train_cells]
            drawn = random.choice(train[np.isfinite(train)], size=(samples, actual.grid.prediction_length))
            yield {"asset": asset, "window": window}, drawn
