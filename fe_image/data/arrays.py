"""Array types, and the price panel from which features are computed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Times: TypeAlias = "npt.NDArray[np.datetime64]"


@dataclass(frozen=True)
class Panel:
    """Prices of all assets on their common rows.

    ``close`` has shape (assets, rows), is finite, and is in each asset's own currency. ``times`` ascend strictly. ``origin`` is
    a unit (``Frequency.units``) with which a step of the frequency starts.
    """

    assets: tuple[str, ...]
    times: Times
    close: Floats
    origin: int = 0

    @property
    def rows(self) -> int:
        return int(self.close.shape[1])

    @cached_property
    def log_close(self) -> Floats:
        """Natural logarithm of the prices."""
        return np.log(self.close)

    @cached_property
    def returns(self) -> Floats:
        """One-row log returns, shape (assets, rows); the first is NaN."""
        out = np.full(self.close.shape, np.nan)
        out[:, 1:] = np.diff(self.log_close, axis=1)
        return out

    def head(self, rows: int) -> Panel:
        """Return a panel of the first ``rows`` rows."""
        return Panel(self.assets, self.times[:rows], self.close[:, :rows], self.origin)
