"""Rolling volatility."""

from __future__ import annotations

import numpy as np

from contracts.feature_settings import Volatility
from fe_image.data.arrays import Floats, Panel
from fe_image.features.base import State, Transformer, stack
from fe_image.features.talib_backend import indicator


class VolatilityTransformer(Transformer[Volatility]):
    """Standard deviation (divisor n − 1) of the last n one-row log returns, by TA-Lib STDDEV.

    Unit: log return per row, not annualised. Shape: (assets, windows, rows). Source: J. Hull, "Options, Futures, and Other
    Derivatives", estimating volatility from historical data.

    >>> VolatilityTransformer(Volatility(windows=(20,))).names
    ('volatility_20',)
    """

    group = "volatility"

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"volatility_{n}" for n in self.settings.windows)

    def compute(self, panel: Panel, state: State) -> Floats:
        columns = []
        for n in self.settings.windows:
            deviation = indicator("STDDEV", panel.returns, timeperiod=n)[0]
            columns.append(deviation * np.sqrt(n / (n - 1)))
        return stack(columns)
