"""Feature importance: which of the model's inputs help a boosted-tree forecast of the quantity that the model predicts."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from contracts.template import Importance
from fe_image.container.light_import import import_without
from fe_image.data.arrays import Floats

log = logging.getLogger(__name__)

Forecast: TypeAlias = Callable[[Floats], Floats]

#: Share of the training range, at its end, that is held out for scoring.
_HELD_OUT = 0.25
_MIN_ROWS = 40
_ROUNDS, _BINS = 50, 64
#: Shallow trees and slow learning, because returns are nearly noise. One thread, so that sums are equal on every machine.
_TREES = {"max_depth": 3, "eta": 0.1, "nthread": 1, "base_score": 0.0, "tree_method": "hist", "max_bin": _BINS, "verbosity": 0}


@dataclass(frozen=True)
class ImportanceReport:
    """Scores by feature name, highest first; empty if there are too few ``rows``.

    A score is the rise of the held-out mean squared error when the feature is shuffled, as a share of the error without
    shuffling, averaged over the repeats. A feature with a score near or below 0 does not help.
    """

    scores: dict[str, float]
    held_out_r2: float
    rows: int


def feature_importance(names: list[str], features: Floats, target: Floats, settings: Importance, seed: int) -> ImportanceReport:
    """Return the permutation importance on the training range.

    ``features`` has shape (features, rows), as known at each row. ``target``, the predicted asset's transformed price, has
    shape (rows,). The trees forecast it ``settings.horizon`` rows later. They are fitted on the first three quarters of the
    rows and scored on the last.
    """
    x, y = features.T[: -settings.horizon], target[settings.horizon :]
    usable = np.isfinite(x).all(axis=1) & np.isfinite(y)
    x, y = x[usable], y[usable]
    if len(y) < _MIN_ROWS:
        log.warning(
            "no importance: %d training rows have every feature and a target %d rows later (importance.horizon), %d are needed",
            len(y),
            settings.horizon,
            _MIN_ROWS,
        )
        return ImportanceReport({}, 0.0, len(y))
    split = int(len(y) * (1 - _HELD_OUT))
    # Only features that some tree uses need shuffling; the others score 0.
    used = _fit(x[:split], y[:split], seed)[1]
    if not used.size:
        return ImportanceReport(dict.fromkeys(names, 0.0), 0.0, len(y))
    x = np.ascontiguousarray(x[:, used])
    forecast, _ = _fit(x[:split], y[:split], seed)
    x_held, y_held = x[split:], y[split:]
    error = float(np.mean((forecast(x_held) - y_held) ** 2))
    spread = float(np.var(y_held))
    scores = np.zeros(len(names))
    scores[used] = _shuffled(forecast, x_held, y_held, error, settings.repeats, seed)
    ranked = sorted(zip(names, scores.tolist(), strict=True), key=lambda item: (-item[1], item[0]))
    return ImportanceReport(dict(ranked), 1 - error / spread if spread > 0 else 0.0, len(y))


def _fit(x: Floats, y: Floats, seed: int) -> tuple[Forecast, npt.NDArray[np.int64]]:
    """Fit trees to y. Returns their forecast function and the columns that they use."""
    xgboost = import_without("xgboost", ["pandas", "sklearn", "xgboost.plotting"])
    center, spread = float(y.mean()), float(y.std()) or 1.0
    data = xgboost.QuantileDMatrix(x, (y - center) / spread, max_bin=_BINS)
    model = xgboost.train({**_TREES, "seed": seed}, data, _ROUNDS)

    def forecast(rows: Floats) -> Floats:
        scaled: Floats = model.inplace_predict(rows).astype(np.float64)
        return scaled * spread + center

    return forecast, np.array(sorted(int(name[1:]) for name in model.get_score()), dtype=np.int64)


def _shuffled(forecast: Forecast, x: Floats, y: Floats, error: float, repeats: int, seed: int) -> list[float]:
    random = np.random.default_rng(seed)
    scores = []
    for column in range(x.shape[1]):
        kept = x[:, column].copy()
        rises = []
        for _ in range(repeats):
            x[:, column] = random.permutation(kept)
            rises.append(float(np.mean((forecast(x) - y) ** 2)) - error)
        x[:, column] = kept
        scores.append(float(np.mean(rises)) / error if error > 0 else 0.0)
    return scores
