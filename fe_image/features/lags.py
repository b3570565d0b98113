"""Lagged returns."""

from __future__ import annotations

from contracts.feature_settings import Lags
from fe_image.data.arrays import Floats, Panel
from fe_image.features.base import State, Transformer, stack
from fe_image.features.returns import shifted


class LagsTransformer(Transformer[Lags]):
    """One-row log return of n rows ago: log p_{t−n} − log p_{t−n−1}.

    Unit: log return per row. Shape: (assets, lags, rows). Source: as for the returns.

    >>> LagsTransformer(Lags(lags=(1, 2))).names
    ('return_lag_1', 'return_lag_2')
    """

    group = "lags"

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"return_lag_{n}" for n in self.settings.lags)

    def compute(self, panel: Panel, state: State) -> Floats:
        return stack([shifted(panel.returns, n) for n in self.settings.lags])
