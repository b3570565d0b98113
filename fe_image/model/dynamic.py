"""``dynamic_feat``: the features that the model sees, on the grid, lagged by the forecast's length, and normalised."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from contracts.template import TrainingTemplate
from fe_image.data.arrays import Floats
from fe_image.data.grid import Grid
from fe_image.features.feature_table import FeatureTable, GroupColumns

#: Digits after the point: of a value in standard deviations, more are noise, and make the channels twice as large.
DECIMALS = 6
#: A deviation below this part of the mean is rounding, as of a price that grows evenly.
_ROUNDING = 1e-9
#: So is one below this of a feature that has no unit, and may have a mean of 0.
_ROUNDING_OF_RATIOS = 1e-12
#: Standard deviations that the model sees at most: what hardly moved in training may move by millions of them later.
_LIMIT = 10.0


@dataclass(frozen=True)
class DynamicFeatures:
    """``values``: (assets, features, cells), NaN before ``first_cell``. ``mean`` and ``deviation``: (assets, features), of the
    training rows; a normalised value times ``deviation`` plus ``mean`` is the feature again, where it was not cut off.
    """

    names: tuple[str, ...]
    values: Floats
    mean: Floats
    deviation: Floats
    first_cell: int


def dynamic_features(features: FeatureTable, grid: Grid, template: TrainingTemplate) -> DynamicFeatures:
    """The same list of features for each asset, from the groups that the template shows to the model."""
    assets = len(features.assets)
    seen = [group for group in features.columns if group.transformer.group in template.seen_groups]
    parts = [_group(group, grid, assets) for group in seen]
    names = tuple(name for group in seen for name in group.transformer.names)
    if not parts:
        empty = np.zeros((assets, 0))
        return DynamicFeatures((), np.zeros((assets, 0, grid.cells)), empty, empty, 0)
    values, mean, deviation = (np.concatenate(arrays, axis=1) for arrays in zip(*parts, strict=True))
    known = np.isfinite(values).all(axis=(0, 1))
    first = int(known.argmax()) if known.any() else grid.cells
    return DynamicFeatures(names, values, mean, deviation, first)


def _group(group: GroupColumns, grid: Grid, assets: int) -> tuple[Floats, Floats, Floats]:
    made = group.transformer
    if made.known_ahead:
        values = np.broadcast_to(made.at(grid.times), (assets, len(made.names), grid.cells))
        return np.round(values, DECIMALS), np.zeros(values.shape[:2]), np.ones(values.shape[:2])
    train = group.values[..., made.warm_up : grid.train_rows]
    mean, deviation = train.mean(axis=-1), train.std(axis=-1)
    # A feature that does not move on the training range says nothing: it becomes zero there, and is not blown up later.
    in_prices = getattr(made.settings, "output", "ratio") == "level"
    rounding = np.maximum(_ROUNDING * np.abs(mean), 0.0 if in_prices else _ROUNDING_OF_RATIOS)
    deviation = np.where(deviation > rounding, deviation, 1.0)
    normalised = np.clip((group.values - mean[..., None]) / deviation[..., None], -_LIMIT, _LIMIT)
    lagged = _carried(normalised, grid)
    shape = (assets, len(made.names))
    return (
        np.broadcast_to(np.round(lagged, DECIMALS), (*shape, grid.cells)),
        np.broadcast_to(mean, shape),
        np.broadcast_to(deviation, shape),
    )


def _carried(values: Floats, grid: Grid) -> Floats:
    """By row → by cell: at each cell the latest value known ``prediction_length`` cells before it."""
    rows = grid.last_row()[: -grid.prediction_length]
    out = np.full((*values.shape[:-1], grid.cells), np.nan)
    out[..., grid.prediction_length :] = values[..., rows]
    return out
