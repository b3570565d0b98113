"""Relative strength index."""

from __future__ import annotations

from contracts.feature_settings import Rsi
from fe_image.data.arrays import Floats, Panel
from fe_image.features.base import State, Transformer, stack
from fe_image.features.talib_backend import indicator


class RsiTransformer(Transformer[Rsi]):
    """100 · G / (G + L), where G and L are Wilder's moving averages of gains and losses over n rows (TA-Lib RSI).

    Unit: 0 to 100; 0 if the price never moved. Shape: (assets, windows, rows).
    Source: J. W. Wilder, "New Concepts in Technical Trading Systems", 1978.

    >>> RsiTransformer(Rsi(windows=(14,))).names
    ('rsi_14',)
    """

    group = "rsi"

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"rsi_{n}" for n in self.settings.windows)

    def compute(self, panel: Panel, state: State) -> Floats:
        return stack([indicator("RSI", panel.close, timeperiod=n)[0] for n in self.settings.windows])
