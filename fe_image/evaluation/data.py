"""The actual values that a backtest is scored with: the feature step's grid and target, computed again from the prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from contracts.template import TrainingTemplate
from fe_image.data.arrays import Floats, Panel
from fe_image.data.frequency import Frequency
from fe_image.data.grid import Grid, forecast_grid, make_grid
from fe_image.data.overlap import limits
from fe_image.data.panel import common_panel, used_histories
from fe_image.data.prices import PriceHistory
from fe_image.model.target import Mask, expected_trading, last_observed, trading_shares, transformed


@dataclass(frozen=True)
class Actual:
    """Prices and transformed target of all assets, shape (assets, cells), NaN without trading.

    ``shares`` and ``trading``, shape (cells,), are the trading that the training range lets expect.
    """

    template: TrainingTemplate
    assets: tuple[str, ...]
    grid: Grid
    price: Floats
    target: Floats
    shares: Floats
    trading: Mask

    @property
    def predicted(self) -> int:
        return self.assets.index(self.template.predicted_asset)

    def starts(self) -> list[int]:
        """Return the first cell of each window."""
        return [self.grid.window_start(window) for window in range(self.grid.windows)]

    def windows_of(self, series: Floats) -> Floats:
        """Return the values in the windows: (assets, cells) → (assets, windows, steps)."""
        first, shape = self.grid.first_window, (len(series), self.grid.windows, self.grid.prediction_length)
        return series[:, first:].reshape(shape)

    def last_price(self, asset: int, window: int) -> float:
        """Return the last observed price before a window."""
        return last_observed(self.price[asset, : self.grid.window_start(window)])


def actual_values(
    histories: Mapping[str, PriceHistory], template: TrainingTemplate, trading_profile: Sequence[float]
) -> Actual:
    """Return the actual values. ``trading_profile`` is the fitted one of ``target.json``.

    Raises:
        ProblemsError: the prices do not fit the template.
    """
    panel = common_panel(histories, template)
    grid = make_grid(panel, template, limits(used_histories(histories, template)))
    return _values(panel, grid, template, trading_profile)


def values_before_forecast(
    histories: Mapping[str, PriceHistory], template: TrainingTemplate, trading_profile: Sequence[float]
) -> Actual:
    """Return the values up to the last price. The only window is the one after it, which has no values yet.

    Raises:
        ProblemsError: the prices do not fit the template.
    """
    panel = common_panel(histories, template)
    grid = forecast_grid(panel, template, limits(used_histories(histories, template)))
    return _values(panel, grid, template, trading_profile)


def _values(panel: Panel, grid: Grid, template: TrainingTemplate, trading_profile: Sequence[float]) -> Actual:
    frequency, profile = Frequency.parse(template.frequency), list(trading_profile)
    return Actual(
        template,
        panel.assets,
        grid,
        grid.place(panel.close),
        grid.place(transformed(panel.close, template.target_transform)),
        trading_shares(grid.times, profile, frequency),
        np.asarray(expected_trading(grid.times, profile, frequency)),
    )
