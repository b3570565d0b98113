"""Errors of quantile forecasts, element by element; :mod:`fe_image.evaluation.scores` takes means of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fe_image.data.arrays import Floats
from fe_image.data.frequency import Frequency


def pinball(actual: Floats, quantiles: Floats, levels: Sequence[float]) -> Floats:
    """Return 2 · max(τ · (y − q), (τ − 1) · (y − q)), shape (…, levels, steps); NaN without an actual value.

    ``actual`` has shape (…, steps) and ``quantiles`` (…, levels, steps). Source: the numerator of DeepAR's wQuantileLoss.
    """
    error = actual[..., None, :] - quantiles
    level = np.asarray(levels)[:, None]
    loss: Floats = 2 * np.maximum(level * error, (level - 1) * error)
    return loss


def season_of_scale(frequency: Frequency) -> int:
    """Return the season of the scaled errors: 12 months, the day of hours and minutes, 1 for weeks and days.

    Source: GluonTS, ``gluonts.time_feature.get_seasonality``.
    """
    base = {"min": 1440, "H": 24, "M": 12}.get(frequency.unit, 1)
    return base // frequency.multiple if base % frequency.multiple == 0 else 1


def scale(train: Floats, season: int) -> float:
    """Return the mean absolute error of the seasonal naive forecast in the training range, shape (cells,); NaN if it is 0.

    With a season of 1, cells without a value are skipped. Source: R. Hyndman and A. Koehler, "Another look at measures of
    forecast accuracy", 2006.
    """
    values = train[np.isfinite(train)] if season == 1 else train
    differences = np.abs(values[season:] - values[:-season])
    differences = differences[np.isfinite(differences)]
    mean = float(differences.mean()) if differences.size else 0.0
    return mean if mean > 0 else float("nan")
