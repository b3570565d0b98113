"""Bollinger bands."""

from __future__ import annotations

from contracts.feature_settings import Bollinger
from fe_image.data.arrays import Floats, Panel
from fe_image.features.base import State, Transformer, stack
from fe_image.features.talib_backend import indicator


class BollingerTransformer(Transformer[Bollinger]):
    """Upper, middle and lower band: SMA(n) + k·σ(n), SMA(n), SMA(n) − k·σ(n), σ with divisor n (TA-Lib BBANDS).

    Unit: ``ratio`` gives band / close − 1 (no unit), ``level`` the asset's currency. Shape: (assets, 3 per window, rows).
    Source: J. Bollinger, "Bollinger on Bollinger Bands", 2001.

    >>> BollingerTransformer(Bollinger(windows=(20,))).names
    ('bollinger_upper_20', 'bollinger_middle_20', 'bollinger_lower_20')
    """

    group = "bollinger"

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"bollinger_{band}_{n}" for n in self.settings.windows for band in ("upper", "middle", "lower"))

    def compute(self, panel: Panel, state: State) -> Floats:
        k = self.settings.deviations
        bands = []
        for n in self.settings.windows:
            bands += indicator("BBANDS", panel.close, timeperiod=n, nbdevup=k, nbdevdn=k)
        values = stack(bands)
        return values / panel.close[:, None, :] - 1 if self.settings.output == "ratio" else values
