"""Momentum."""

from __future__ import annotations

from contracts.feature_settings import Momentum
from fe_image.data.arrays import Floats, Panel
from fe_image.features.base import State, Transformer, stack
from fe_image.features.talib_backend import indicator


class MomentumTransformer(Transformer[Momentum]):
    """Rate of change p_t / p_{t−n} − 1 (TA-Lib ROCP).

    Unit: none. Shape: (assets, windows, rows). Source: TA-Lib, "Momentum Indicators".

    >>> MomentumTransformer(Momentum(windows=(10,))).names
    ('momentum_10',)
    """

    group = "momentum"

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"momentum_{n}" for n in self.settings.windows)

    def compute(self, panel: Panel, state: State) -> Floats:
        return stack([indicator("ROCP", panel.close, timeperiod=n)[0] for n in self.settings.windows])
