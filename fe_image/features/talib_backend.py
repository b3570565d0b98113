"""TA-Lib without pandas: the wrapper imports pandas where it finds it, only to accept its Series, which costs 0.3 s.

``indicator`` runs a TA-Lib function over each asset's row.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from fe_image.features.base import Floats


@cache
def _talib() -> Any:
    if "talib" in sys.modules or "pandas" in sys.modules:
        import talib

        return talib
    sys.modules["pandas"] = None  # type: ignore[assignment]  # Python's own way to say: not to be found
    try:
        import talib
    finally:
        del sys.modules["pandas"]
    return talib


def indicator(name: str, series: Floats, **settings: Any) -> list[Floats]:
    """Outputs of a TA-Lib function for series of shape (assets, rows), each of that shape. Leading NaN stay NaN."""
    function: Callable[..., Any] = getattr(_talib(), name)
    rows = [function(np.ascontiguousarray(row), **settings) for row in series]
    if isinstance(rows[0], tuple):
        return [np.stack([row[index] for row in rows]) for index in range(len(rows[0]))]
    return [np.stack(rows)]
