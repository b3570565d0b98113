"""The request lines of a forecast: features up to the last price, with the state that the model was trained with.

Nothing is fitted. The line of a forecast is what a backtest with the same model would send for a window that starts there.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

import numpy as np

from contracts.problems import Problem, ProblemsError, one_problem
from contracts.template import TrainingTemplate
from fe_image.data.frequency import Frequency, iso
from fe_image.data.grid import Grid, forecast_grid
from fe_image.data.overlap import limits
from fe_image.data.panel import common_panel, used_histories
from fe_image.data.prices import PriceHistory
from fe_image.engineer import ModelSeries, series_start
from fe_image.features.feature_table import transform_features
from fe_image.forecast.fitted import FittedModel
from fe_image.model.dynamic import dynamic_features
from fe_image.model.target import transformed

log = logging.getLogger(__name__)


def prepare(prices: Mapping[str, PriceHistory], template: TrainingTemplate, model: FittedModel) -> ModelSeries:
    """Return the series of all assets up to the last common row, with a forecast window after it.

    Raises:
        ProblemsError: the prices do not fit the template, or do not reach the end of the model's training.
    """
    panel = common_panel(prices, template)
    grid = forecast_grid(panel, template, limits(used_histories(prices, template)))
    check_training_range(grid, template, model)
    features = transform_features(panel, grid.train_rows, template, model.states)
    dynamic = dynamic_features(features, grid, template, model.scales)
    if dynamic.names != model.names:
        allowed = f"allowed: the features that the model was trained with: {', '.join(model.names) or 'none'}"
        raise one_problem("template", "dynamicFeatures", list(dynamic.names), allowed)
    target = grid.place(transformed(panel.close, template.target_transform))
    start = series_start(target, dynamic, grid, template)
    if (begins := iso(grid.times[start : start + 1])[0]) != model.series_start:
        log.warning("the model was trained on series from %s on, and these begin %s", model.series_start, begins)
    return ModelSeries(template, panel, grid, dynamic, target, start)


def check_training_range(grid: Grid, template: TrainingTemplate, model: FittedModel) -> None:
    """Raise ProblemsError if the prices end before the model's training does."""
    frequency = Frequency.parse(template.frequency)
    first = frequency.units(np.array([model.series_start.replace(" ", "T")], dtype="datetime64[s]"))
    end = frequency.times(np.array([model.training_steps - 1]), int(first[0]))[0]
    last = grid.times[grid.first_window - 1]
    if last < end:
        allowed = f"allowed: prices up to {iso(end[None])[0]} or later, the end of the model's training; store newer prices"
        raise ProblemsError("price histories", [Problem("last common row", iso(last[None])[0], allowed)])
