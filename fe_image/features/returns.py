"""Log returns."""

from __future__ import annotations

import numpy as np

from contracts.feature_settings import Returns
from fe_image.data.arrays import Floats, Panel
from fe_image.features.base import State, Transformer, stack


def shifted(series: Floats, rows: int) -> Floats:
    """Return the series (…, rows) delayed by ``rows`` rows. The first ``rows`` values are NaN."""
    out = np.full(series.shape, np.nan)
    if rows < series.shape[-1]:
        out[..., rows:] = series[..., : series.shape[-1] - rows]
    return out


class ReturnsTransformer(Transformer[Returns]):
    """log p_t − log p_{t−n}.

    Unit: log return over n rows. Shape: (assets, horizons, rows). Source: J. Campbell, A. Lo, C. MacKinlay, "The Econometrics
    of Financial Markets", 1997, section 1.4.

    >>> ReturnsTransformer(Returns(horizons=(1, 5))).names
    ('return_1', 'return_5')
    """

    group = "returns"

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"return_{n}" for n in self.settings.horizons)

    def compute(self, panel: Panel, state: State) -> Floats:
        return stack([panel.log_close - shifted(panel.log_close, n) for n in self.settings.horizons])
