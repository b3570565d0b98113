"""Runs a TA-Lib function over each asset's row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fe_image.container.light_import import import_without
from fe_image.data.arrays import Floats


def indicator(name: str, series: Floats, **settings: Any) -> list[Floats]:
    """Outputs of a TA-Lib function for series of shape (assets, rows), each of that shape. Leading NaN stay NaN."""
    function: Callable[..., Any] = getattr(import_without("talib", ["pandas"]), name)
    rows = [function(np.ascontiguousarray(row), **settings) for row in series]
    if isinstance(rows[0], tuple):
        return [np.stack([row[index] for row in rows]) for index in range(len(rows[0]))]
    return [np.stack(rows)]
