"""Simple moving average."""

from __future__ import annotations

from contracts.feature_settings import Sma
from fe_image.features.moving_average import MovingAverage


class SmaTransformer(MovingAverage[Sma]):
    """(p_t + … + p_{t−n+1}) / n (TA-Lib SMA).

    Unit: ``ratio`` gives SMA / close − 1 (no unit), ``level`` the asset's currency. Shape: (assets, windows, rows).
    Source: TA-Lib, "Overlap Studies".

    >>> SmaTransformer(Sma(windows=(10, 50))).names
    ('sma_10', 'sma_50')
    """

    group = "sma"
    function = "SMA"
