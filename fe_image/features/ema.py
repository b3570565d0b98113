"""Exponential moving average."""

from __future__ import annotations

from contracts.feature_settings import Ema
from fe_image.features.moving_average import MovingAverage


class EmaTransformer(MovingAverage[Ema]):
    """e_t = e_{t−1} + 2/(n+1) · (p_t − e_{t−1}), starting with the SMA of the first n prices (TA-Lib EMA).

    Unit: ``ratio`` gives EMA / close − 1 (no unit), ``level`` the asset's currency. Shape: (assets, windows, rows).
    Source: TA-Lib, "Overlap Studies".

    >>> EmaTransformer(Ema(windows=(12,))).names
    ('ema_12',)
    """

    group = "ema"
    function = "EMA"
