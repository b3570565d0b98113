"""Moving average convergence and divergence."""

from __future__ import annotations

from contracts.feature_settings import Macd
from fe_image.data.arrays import Floats, Panel
from fe_image.features.base import State, Transformer, stack
from fe_image.features.talib_backend import indicator


class MacdTransformer(Transformer[Macd]):
    """MACD = EMA(fast) − EMA(slow), its signal line EMA(signal) of MACD, and their difference, each / close (TA-Lib MACD).

    Unit: share of the price. Shape: (assets, 3, rows). Source: G. Appel, "Technical Analysis: Power Tools", 2005.

    >>> MacdTransformer(Macd()).names
    ('macd_12_26_9', 'macd_signal_12_26_9', 'macd_histogram_12_26_9')
    """

    group = "macd"

    @property
    def names(self) -> tuple[str, ...]:
        suffix = f"{self.settings.fast}_{self.settings.slow}_{self.settings.signal}"
        return (f"macd_{suffix}", f"macd_signal_{suffix}", f"macd_histogram_{suffix}")

    def compute(self, panel: Panel, state: State) -> Floats:
        chosen = self.settings
        lines = indicator("MACD", panel.close, fastperiod=chosen.fast, slowperiod=chosen.slow, signalperiod=chosen.signal)
        return stack(lines) / panel.close[:, None, :]
